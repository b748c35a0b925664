#include "pop3d/message_reader.h"

#include <utility>

#include "pop3d/limits.h"

namespace posthaste::pop3d {
namespace {

ChunkResult read_chunk(const store::Store& store, const store::Snapshot& snapshot, BlobId blob,
                       std::uint64_t offset, std::uint64_t length) {
  const auto location = snapshot.locate(blob);
  if (!location) return std::unexpected(location.error());
  auto octets = store.read_blob(*location, offset, length);
  if (!octets) return std::unexpected(octets.error());
  const std::uint64_t end = offset + octets->size();
  if (octets->empty() && end < location->octets) return std::unexpected(store::StoreError::io);
  return Chunk{std::move(*octets), end >= location->octets};
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
  while (!ahead_.empty() && ahead_.front().number < number) ahead_.pop_front();
  if (ahead_.empty() || ahead_.front().number != number) return std::nullopt;
  auto octets = std::move(ahead_.front().octets);
  ahead_.pop_front();
  return octets;
}

/// The message itself, and behind it those that are worth to be read with it.
std::vector<MessageReader::Wanted> MessageReader::plan(const Maildrop& maildrop, pop3::MessageNumber number,
                                                       bool in_order) const {
  std::vector<Wanted> wanted;
  std::uint64_t octets = 0;
  for (auto at = std::optional{number}; at; at = maildrop.unmarked_from(next(*at))) {
    const auto message = maildrop.find(*at);
    if (!message) break;
    octets += message->octets;
    if (!wanted.empty() && (octets > kAheadOctetsMax || wanted.size() > kAheadMessagesMax)) break;
    wanted.push_back({*at, message->blob});
    if (!in_order) break;
  }
  return wanted;
}

net::Task<ChunkResult> MessageReader::read_first(std::vector<Wanted> wanted) {
  auto read_all = [this, &wanted] {
    std::vector<ChunkResult> chunks;
    auto snapshot = store_.read(user_);
    if (!snapshot) return std::vector<ChunkResult>{std::unexpected(snapshot.error())};
    for (const auto& [number, blob] : wanted) {
      chunks.push_back(read_chunk(store_, *snapshot, blob, 0, kChunkOctets));
    }
    return chunks;
  };
  auto chunks = co_await world_.io.run(world_.loop, read_all);
  ahead_.clear();
  for (std::size_t i = 1; i < chunks.size(); ++i) {
    // One that cannot be read says so when its turn comes.
    if (chunks[i] && chunks[i]->is_last) ahead_.push_back({wanted[i].number, std::move(chunks[i]->octets)});
  }
  co_return std::move(chunks.front());
}

net::Task<ChunkResult> MessageReader::read(BlobId blob, std::uint64_t offset, std::uint64_t length) {
  auto read_one = [this, blob, offset, length]() -> ChunkResult {
    const auto snapshot = store_.read(user_);
    if (!snapshot) return std::unexpected(snapshot.error());
    return read_chunk(store_, *snapshot, blob, offset, length);
  };
  co_return co_await world_.io.run(world_.loop, read_one);
}

}  // namespace posthaste::pop3d
