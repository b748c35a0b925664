#include "common/wire/frame_stream.h"

#include <algorithm>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace posthaste::wire {
namespace {

constexpr std::size_t kGatheredMaxOctets = 64 * 1024;  // small frames are sent together up to here
constexpr std::size_t kPieceOctets = 256 * 1024;       // of what is attached, in memory a second time
constexpr std::size_t kRoomAheadFactor = 16;           // how much more room an attachment gets than has come of it

/// How long a frame with so many octets attached may take.
std::chrono::milliseconds time_for(std::size_t attached_octets) {
  return FrameStream::kFrameTimeout +
         std::chrono::milliseconds{attached_octets * 1'000 / FrameStream::kAttachedPerSecondMin};
}

void append_head(std::string& out, const OutgoingFrame& frame) {
  const auto header = encode(FrameHeader{static_cast<std::uint32_t>(frame.message.size()),
                                         static_cast<std::uint32_t>(frame.attached_octets())});
  out.append(header.data(), header.size());
  out.append(frame.message);
}

}  // namespace

FrameStream::FrameStream(std::unique_ptr<net::Transport> transport, net::Clock& clock)
    : clock_(clock), stream_(std::move(transport), kFrameTimeout), limit_(clock, stream_) {}

net::Task<std::expected<Frame, net::StreamError>> FrameStream::read(std::chrono::milliseconds patience) {
  return read(patience, [](std::size_t) { return true; });
}

net::Task<std::expected<Frame, net::StreamError>> FrameStream::read(std::chrono::milliseconds patience,
                                                                    GrantMemory grant) {
  stream_.set_timeout(patience);  // for this wait alone: send() sets its own
  auto ready = co_await stream_.wait();
  stream_.set_timeout(kFrameTimeout);
  if (!ready) co_return std::unexpected(ready.error());

  auto frame = co_await read_frame(std::move(grant));
  limit_.lift();
  if (frame) co_return frame;
  close();  // what comes next is the middle of a frame
  co_return std::unexpected(limit_.reason(frame.error()));
}

net::Task<std::expected<Frame, net::StreamError>> FrameStream::read_frame(GrantMemory grant) {
  const auto begun = clock_.now();
  limit_.end_at(begun + kFrameTimeout);
  std::string octets;
  auto header_read = co_await stream_.read_exactly(kFrameHeaderOctets, octets);
  if (!header_read) co_return std::unexpected(header_read.error());
  const auto header = decode_frame_header(octets);
  if (!header) co_return std::unexpected(net::StreamError::too_long);

  Frame frame;
  auto message_read = co_await stream_.read_exactly(header->message_octets, frame.message);
  if (!message_read) co_return std::unexpected(message_read.error());
  if (header->attachment_octets == 0) co_return frame;
  limit_.end_at(begun + time_for(header->attachment_octets));
  auto attachment_read = co_await read_attachment(header->attachment_octets, frame, std::move(grant));
  if (!attachment_read) co_return std::unexpected(attachment_read.error());
  co_return frame;
}

net::Task<std::expected<void, net::StreamError>> FrameStream::read_attachment(std::size_t octets, Frame& frame,
                                                                              GrantMemory grant) {
  std::string& attachment = frame.attachment;
  for (std::size_t left = octets; left > 0;) {
    auto piece = co_await stream_.read_some(std::min(left, kPieceOctets));
    if (!piece) co_return std::unexpected(piece.error());
    left -= piece->size();
    const std::size_t size = attachment.size() + piece->size();
    if (!frame.attachment_lost && !grant(size)) {
      frame.attachment_lost = true;
      std::string{}.swap(attachment);
    }
    if (frame.attachment_lost) continue;
    if (size > attachment.capacity()) attachment.reserve(std::min(octets, kRoomAheadFactor * size));
    attachment.append(*piece);
  }
  co_return std::expected<void, net::StreamError>{};
}

net::Task<void> FrameStream::send_queued() {
  try {
    co_await send_while_open();
  } catch (const std::exception&) {  // nobody awaits this task: it would end the process
    close();
  }
}

/// Octets are in the stream's own queue only while this flushes it: a read that has to wait finds it empty, and the
/// two directions never send at once.
net::Task<void> FrameStream::send_while_open() {
  while (!closed_) {
    if (queue_.empty()) {
      co_await changed_.wait();
      continue;
    }
    OutgoingFrame frame = std::move(queue_.front());
    queue_.pop_front();
    std::size_t octets = frame.octets();
    append_head(stream_.output(), frame);
    while (!queue_.empty() && frame.attachments.empty() && stream_.queued() < kGatheredMaxOctets) {
      frame = std::move(queue_.front());
      queue_.pop_front();
      octets += frame.octets();
      append_head(stream_.output(), frame);
    }
    auto sent = co_await send(std::move(frame));
    queued_octets_ -= octets;
    if (!sent) close();
    changed_.notify_all();
  }
}

/// What stands in the stream's queue, then what is attached to `frame`, whose head is the last of it.
net::Task<std::expected<void, net::StreamError>> FrameStream::send(OutgoingFrame frame) {
  stream_.set_timeout(kFrameTimeout);
  const auto end = clock_.now() + time_for(frame.attached_octets());
  for (const mailbox::BlobHandle& blob : frame.attachments) {
    std::string_view rest = blob->octets();
    while (!rest.empty()) {
      const auto left = end - clock_.now();
      if (left.count() <= 0) co_return std::unexpected(net::StreamError::timed_out);
      stream_.set_timeout(left);
      stream_.write(rest.substr(0, kPieceOctets));
      rest.remove_prefix(std::min(rest.size(), kPieceOctets));
      auto sent = co_await stream_.flush();
      if (!sent) co_return sent;
    }
  }
  co_return co_await stream_.flush();
}

void FrameStream::queue(OutgoingFrame frame) {
  if (closed_) return;
  queued_octets_ += frame.octets();
  queue_.push_back(std::move(frame));
  changed_.notify_all();
}

net::Task<void> FrameStream::queued_at_most(std::size_t octets) {
  while (!closed_ && queued_octets_ > octets) co_await changed_.wait();
}

void FrameStream::close() {
  if (std::exchange(closed_, true)) return;
  stream_.close();
  changed_.notify_all();
}

}  // namespace posthaste::wire
