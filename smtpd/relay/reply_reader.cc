#include "smtpd/relay/reply_reader.h"

#include <utility>
#include <vector>

#include "common/net/time_limit.h"

namespace posthaste::relay {

ReplyError error_of(net::StreamError error) noexcept {
  switch (error) {
    case net::StreamError::timed_out: return ReplyError::timed_out;
    case net::StreamError::interrupted: return ReplyError::interrupted;
    case net::StreamError::too_long:
    case net::StreamError::bare_line_ending: return ReplyError::malformed;
    case net::StreamError::closed:
    case net::StreamError::tls_failed:
    case net::StreamError::plaintext_after_tls: return ReplyError::closed;
  }
  std::unreachable();
}

net::Task<std::expected<smtp::Reply, ReplyError>> read_reply(net::Stream& stream, net::Clock& clock,
                                                             std::chrono::milliseconds timeout) {
  net::TimeLimit limit{clock, stream, timeout};
  stream.set_timeout(timeout);
  std::vector<smtp::ReplyLine> lines;
  while (lines.empty() || !lines.back().last) {
    auto octets = co_await stream.read_loose_line(kForeignReplyLineMaxOctets);
    if (!octets) co_return std::unexpected(error_of(limit.reason(octets.error())));
    const auto kept = octets->substr(0, kForeignReplyKeptOctets);
    auto line = smtp::parse_reply_line(kept);
    const bool text_without_code = !line && !lines.empty();
    if (text_without_code) line = smtp::ReplyLine{lines.front().code, false, std::string{kept}};
    if (!line || lines.size() == smtp::kReplyMaxLines) co_return std::unexpected(ReplyError::malformed);
    lines.push_back(std::move(*line));
  }
  auto reply = smtp::join_reply(lines);
  if (!reply) co_return std::unexpected(ReplyError::malformed);
  co_return std::move(*reply);
}

}  // namespace posthaste::relay
