// RETR and TOP (RFC 1939 §5, §7). Neither marks the message as seen: it is the client's copy that is read.
#include <utility>

#include "common/base/dot_stuffing.h"
#include "common/base/octets.h"
#include "common/mime/ascii_message.h"
#include "pop3d/limits.h"
#include "pop3d/session.h"

namespace posthaste::pop3d {

net::Task<void> Session::run(pop3::Retr command) {
  const auto message = transaction_->maildrop.find(command.message);
  if (!message) {
    say(reply_for(message.error()));
    co_return;
  }
  auto chunk = co_await transaction_->reader.begin(transaction_->maildrop, command.message);
  if (!chunk) {
    say(reply_for_message(chunk.error()));
    co_return;
  }
  if (!has_memory_for(chunk->octets.size())) {
    say(reply_for_message(mailbox::StoreError::unavailable));
    co_return;
  }
  ++transaction_->retrieved;
  say(pop3::ok(std::to_string(message->octets) + " octets"));
  co_await send_message(message->blob, std::move(*chunk), std::nullopt);
}

net::Task<void> Session::run(pop3::Top command) {
  const auto message = transaction_->maildrop.find(command.message);
  if (!message) {
    say(reply_for(message.error()));
    co_return;
  }
  auto chunk = co_await transaction_->reader.read(message->blob, 0, kTopChunkOctets);
  if (!chunk) {
    say(reply_for_message(chunk.error()));
    co_return;
  }
  if (!has_memory_for(chunk->octets.size())) {
    say(reply_for_message(mailbox::StoreError::unavailable));
    co_return;
  }
  say(pop3::ok("Top of message follows"));
  co_await send_message(message->blob, std::move(*chunk), TopCutter{command.body_lines});
}

/// The message that begins with `chunk`, with its headers in ASCII unless UTF8 was said (RFC 6856 §2.1),
/// dot-stuffed, never more than two chunks of it in memory. After +OK there is no way to say that the rest cannot
/// be read: then the session ends, and the client knows by the missing last line.
net::Task<void> Session::send_message(BlobId blob, Chunk chunk, std::optional<TopCutter> cutter) {
  DotStuffer stuffer;
  mime::AsciiMessage surrogate;
  const bool is_ascii =
      chunk.is_last && !has_eight_bit(chunk.octets) && chunk.octets.find('\0') == std::string::npos;
  std::uint64_t offset = 0;
  for (;;) {
    offset += chunk.octets.size();
    replace_nul(chunk.octets);
    stream_.output().reserve(stream_.queued() + chunk.octets.size() + chunk.octets.size() / 32);
    for (std::string_view rest = chunk.octets; !rest.empty();) {
      const auto slice = rest.substr(0, kConvertedOctets);
      rest.remove_prefix(slice.size());
      const auto octets = utf8_ || is_ascii ? slice : surrogate.feed(slice);
      stuffer.feed(cutter ? cutter->feed(octets) : octets, stream_.output());
    }
    if (chunk.is_last || (cutter && cutter->done())) break;
    chunk.octets.clear();  // the client may take its time
    chunk.octets.shrink_to_fit();
    co_await relieve();
    if (!open_) co_return;
    auto more = co_await transaction_->reader.read(blob, offset, kChunkOctets);
    if (!more) {
      around_.log.error("message.cut", {{"user", transaction_->identity.address},
                                        {"reason", reply_for_message(more.error()).text}});
      hang_up(std::nullopt);
      co_return;
    }
    chunk = std::move(*more);
  }
  const auto held_back = surrogate.finish();
  stuffer.feed(cutter ? cutter->feed(held_back) : held_back, stream_.output());
  stuffer.finish(stream_.output());
}

}  // namespace posthaste::pop3d
