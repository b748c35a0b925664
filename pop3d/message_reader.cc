#include "pop3d/message_reader.h"

#include <utility>

#include "pop3d/limits.h"

namespace posthaste::pop3d {
namespace {

constexpr std::uint64_t kReadTogetherMaxOctets = 16'384;  // larger ones are not worth a copy

using Octets = std::expected<std::string, mailbox::StoreError>;

Octets read_together(mailbox::BlobRun& run, const mailbox::Blob& blob) {
  const auto message = run.read(blob);
  if (!message) return std::unexpected(message.error());
  return std::string{*message};
}

ChunkResult to_chunk(const mailbox::Blob& blob, std::uint64_t offset, Octets octets) {
  if (!octets) return std::unexpected(octets.error());
  const std::uint64_t end = offset + octets->size();
  if (octets->empty() && end < blob.octets()) return std::unexpected(mailbox::StoreError::io);
  return Chunk{std::move(*octets), end >= blob.octets()};
}

}  // namespace

net::ValueOrTask<ChunkResult> MessageReader::begin(const Maildrop& maildrop, pop3::MessageNumber number) {
  const bool in_order = posthaste::number(number) == begun_ + 1;
  begun_ = posthaste::number(number);
  if (auto octets = take_ahead(number)) return ChunkResult{Chunk{std::move(*octets), true}};
  return read_first(plan(maildrop, number, in_order));
}

/// What lies before `number` was passed over by the client, and goes.
std::optional<std::string> MessageReader::take_ahead(pop3::MessageNumber number) {
  while (!ahead_.empty() && ahead_.front().number < number) static_cast<void>(take_first_ahead());
  if (ahead_.empty() || ahead_.front().number != number) return std::nullopt;
  return take_first_ahead();
}

std::string MessageReader::take_first_ahead() {
  auto octets = std::move(ahead_.front().octets);
  ahead_.pop_front();
  octets_ahead_ -= octets.size();
  return octets;
}

/// The message itself, and behind it those that are worth to be read with it.
std::vector<MessageReader::Wanted> MessageReader::plan(const Maildrop& maildrop, pop3::MessageNumber number,
                                                       bool in_order) const {
  std::vector<Wanted> wanted;
  std::uint64_t octets = 0;
  for (auto at = number;; at = next(at)) {  // up to the first that is marked: how many are is the client's choice
    const auto message = maildrop.find(at);
    if (!message) break;
    octets += message->octets;
    if (!wanted.empty() && (octets > kAheadOctetsMax || wanted.size() > kAheadMessagesMax)) break;
    wanted.push_back({at, message->blob});
    if (!in_order) break;
  }
  return wanted;
}

net::Task<ChunkResult> MessageReader::read_first(std::vector<Wanted> wanted) {
  auto read_all = [this, &wanted] {
    std::vector<BlobId> blobs;
    for (const auto& each : wanted) blobs.push_back(each.blob);
    return read_now(blobs, 0, kChunkOctets);
  };
  auto chunks = co_await world_.io.run(world_.loop, read_all);
  forget_ahead();
  for (std::size_t i = 1; i < chunks.size(); ++i) {
    // One that cannot be read says so when its turn comes.
    if (!chunks[i] || !chunks[i]->is_last) continue;
    octets_ahead_ += chunks[i]->octets.size();
    ahead_.push_back({wanted[i].number, std::move(chunks[i]->octets)});
  }
  co_return std::move(chunks.front());
}

net::Task<ChunkResult> MessageReader::read(BlobId blob, std::uint64_t offset, std::uint64_t length) {
  auto read_one = [this, blob, offset, length] {
    return std::move(read_now(std::vector{blob}, offset, length).front());
  };
  co_return co_await world_.io.run(world_.loop, read_one);
}

/// In no snapshot: a first look at a message may be a pass over all of it.
std::vector<ChunkResult> MessageReader::read_now(const std::vector<BlobId>& blobs, std::uint64_t offset,
                                                 std::uint64_t length) const {
  const auto found = find(blobs);
  std::vector<mailbox::Blob> known;
  for (const auto& blob : found) {
    if (blob) known.push_back(*blob);
  }
  const auto run = store_.read_in_order(user_, std::move(known));
  std::vector<ChunkResult> chunks;
  for (const auto& blob : found) {
    if (!blob) {
      chunks.emplace_back(std::unexpected(blob.error()));
      continue;
    }
    const bool in_part = offset > 0 || length < blob->octets();
    const bool alone = in_part || blob->octets() > kReadTogetherMaxOctets;
    auto octets = alone ? store_.read_blob(user_, *blob, offset, length) : read_together(*run, *blob);
    chunks.push_back(to_chunk(*blob, offset, std::move(octets)));
  }
  return chunks;
}

std::vector<MessageReader::Found> MessageReader::find(const std::vector<BlobId>& blobs) const {
  std::vector<Found> found;
  const auto snapshot = store_.read(user_);
  for (const BlobId blob : blobs) {
    if (snapshot) {
      found.push_back(snapshot->find_blob(blob));
    } else {
      found.emplace_back(std::unexpected(snapshot.error()));
    }
  }
  return found;
}

}  // namespace posthaste::pop3d
