#include "common/wire/frame_stream.h"

#include <string>
#include <utility>

namespace posthaste::wire {
namespace {

constexpr std::size_t kGatheredMaxOctets = 64 * 1024;  // small frames are sent together up to here

void append_head(std::string& out, const OutgoingFrame& frame) {
  const auto header = encode(FrameHeader{static_cast<std::uint32_t>(frame.message.size()),
                                         static_cast<std::uint32_t>(frame.attached_octets())});
  out.append(header.data(), header.size());
  out.append(frame.message);
}

}  // namespace

FrameStream::FrameStream(std::unique_ptr<net::Transport> transport)
    : stream_(std::move(transport), kFrameTimeout) {}

net::Task<std::expected<Frame, net::StreamError>> FrameStream::read(std::chrono::milliseconds patience) {
  stream_.set_timeout(patience);  // for this wait alone: send() sets its own
  auto ready = co_await stream_.wait();
  stream_.set_timeout(kFrameTimeout);
  if (!ready) co_return std::unexpected(ready.error());

  auto frame = co_await read_frame();
  if (!frame) close();  // what comes next is the middle of a frame
  co_return frame;
}

net::Task<std::expected<Frame, net::StreamError>> FrameStream::read_frame() {
  std::string octets;
  auto header_read = co_await stream_.read_exactly(kFrameHeaderOctets, octets);
  if (!header_read) co_return std::unexpected(header_read.error());
  const auto header = decode_frame_header(octets);
  if (!header) co_return std::unexpected(net::StreamError::too_long);

  Frame frame;
  auto message_read = co_await stream_.read_exactly(header->message_octets, frame.message);
  if (!message_read) co_return std::unexpected(message_read.error());
  auto attachment_read = co_await stream_.read_exactly(header->attachment_octets, frame.attachment);
  if (!attachment_read) co_return std::unexpected(attachment_read.error());
  co_return frame;
}

/// Octets are in the stream's own queue only while this flushes it: a read that has to wait finds it empty, and the
/// two directions never send at once.
net::Task<void> FrameStream::send_queued() {
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
  for (const store::BlobHandle& blob : frame.attachments) {
    stream_.write(blob->octets());
    auto sent = co_await stream_.flush();  // each by itself: one copy in memory at a time
    if (!sent) co_return sent;
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
