#include "smtpd/lmtp_client.h"

#include <algorithm>
#include <utility>

#include "common/base/octets.h"
#include "common/smtp/ehlo.h"

namespace posthaste::smtpd {
namespace {

using Done = std::expected<void, LmtpError>;

constexpr std::size_t kPieceOctets = 262'144;       // of a message, queued at once
constexpr std::size_t kRecipientsUnanswered = 500;  // so many replies fit into a socket's buffer (RFC 2920 §3.1)
constexpr int kServiceClosing = 421;                // RFC 5321 §3.8

LmtpError error_of(net::StreamError error) noexcept {
  switch (error) {
    case net::StreamError::timed_out: return LmtpError::timed_out;
    case net::StreamError::too_long:
    case net::StreamError::bare_line_ending: return LmtpError::malformed;
    case net::StreamError::closed:
    case net::StreamError::interrupted:
    case net::StreamError::tls_failed:
    case net::StreamError::plaintext_after_tls: return LmtpError::closed;
  }
  std::unreachable();
}

/// From the replies to MAIL and each RCPT, and those to the message, which only accepted recipients have.
DeliveryReplies join(const DeliveryReplies& envelope, const DeliveryReplies& message) {
  const auto& mail = envelope.front();
  DeliveryReplies joined;
  std::size_t next = 0;
  for (std::size_t i = 1; i < envelope.size(); ++i) {
    const bool accepted = smtp::is_positive(envelope[i]);
    const auto& own = accepted ? message[next++] : envelope[i];
    joined.push_back(smtp::is_positive(mail) ? own : mail);
  }
  return joined;
}

}  // namespace

std::string_view name_of(LmtpError error) noexcept {
  switch (error) {
    case LmtpError::unreachable: return "unreachable";
    case LmtpError::closed: return "closed";
    case LmtpError::timed_out: return "timed_out";
    case LmtpError::malformed: return "malformed";
    case LmtpError::unsuitable: return "unsuitable";
  }
  std::unreachable();
}

std::uint64_t Delivery::octets() const noexcept {
  std::uint64_t sum = 0;
  for (const auto piece : message) sum += piece.size();
  return sum;
}

net::Task<Done> LmtpClient::greet(std::string own_name) {
  ends_ = clock_.now() + kDeliveryTimeout;
  auto greeting = co_await read_reply();
  if (!greeting) co_return std::unexpected(greeting.error());
  if (!smtp::is_positive(*greeting)) co_return std::unexpected(LmtpError::unreachable);
  stream_.write("LHLO " + own_name + "\r\n");
  auto answer = co_await read_reply();
  if (!answer) co_return std::unexpected(answer.error());
  if (!smtp::is_positive(*answer)) co_return std::unexpected(LmtpError::unreachable);
  const auto extensions = smtp::parse_ehlo(*answer);
  const bool suitable = extensions.pipelining && extensions.chunking && extensions.private_parameters;
  if (!suitable) co_return std::unexpected(LmtpError::unsuitable);
  reusable_ = true;
  co_return Done{};
}

net::Task<std::expected<DeliveryReplies, LmtpError>> LmtpClient::deliver(const Delivery& delivery) {
  ends_ = clock_.now() + kDeliveryTimeout;
  reusable_ = false;
  stream_.write(smtp::to_line(delivery.mail));
  stream_.write(kCrlf);
  DeliveryReplies envelope;
  for (std::size_t sent = 1; const auto& recipient : delivery.recipients) {
    stream_.write("RCPT TO:<" + to_string(recipient) + ">\r\n");
    if (++sent - envelope.size() < kRecipientsUnanswered) continue;
    auto read = co_await read_replies(sent - envelope.size(), envelope);
    if (!read) co_return std::unexpected(read.error());
  }
  auto sent = co_await send_message(delivery);
  if (!sent) co_return std::unexpected(sent.error());
  auto read = co_await read_replies(1 + delivery.recipients.size() - envelope.size(), envelope);
  if (!read) co_return std::unexpected(read.error());

  // One reply for each accepted recipient, or a single 503 when there is none (RFC 2033 §4.2).
  const auto accepted = std::count_if(envelope.begin() + 1, envelope.end(), smtp::is_positive);
  DeliveryReplies message;
  read = co_await read_replies(std::max<std::size_t>(static_cast<std::size_t>(accepted), 1), message);
  if (!read) co_return std::unexpected(read.error());
  reusable_ = smtp::is_positive(envelope.front()) && accepted > 0 && !stream_.has_input();
  co_return join(envelope, message);
}

/// What is left at the end goes out with the wait for the replies.
net::Task<Done> LmtpClient::send_message(const Delivery& delivery) {
  stream_.write("BDAT " + std::to_string(delivery.octets()) + " LAST\r\n");
  for (std::string_view rest : delivery.message) {
    while (!rest.empty()) {
      const auto piece = rest.substr(0, kPieceOctets);
      rest.remove_prefix(piece.size());
      stream_.write(piece);
      if (stream_.queued() < kPieceOctets) continue;
      const auto left = ends_ - clock_.now();
      if (left.count() <= 0) co_return std::unexpected(LmtpError::timed_out);
      stream_.set_timeout(std::min<std::chrono::milliseconds>(left, kLmtpTimeout));
      auto flushed = co_await stream_.flush();
      if (!flushed) co_return std::unexpected(error_of(flushed.error()));
    }
  }
  co_return Done{};
}

net::Task<Done> LmtpClient::read_replies(std::size_t count, DeliveryReplies& replies) {
  for (; count > 0; --count) {
    auto reply = co_await read_reply();
    if (!reply) co_return std::unexpected(reply.error());
    replies.push_back(std::move(*reply));
  }
  co_return Done{};
}

net::Task<std::expected<smtp::Reply, LmtpError>> LmtpClient::read_reply() {
  stream_.set_timeout(kLmtpTimeout);  // for what is to be sent before
  limit_.end_at(std::min(clock_.now() + kLmtpTimeout, ends_));
  std::vector<smtp::ReplyLine> lines;
  while (lines.empty() || !lines.back().last) {
    auto octets = co_await stream_.read_line(smtp::kReplyLineMaxOctets);
    if (!octets) co_return std::unexpected(error_of(limit_.reason(octets.error())));
    auto line = smtp::parse_reply_line(*octets);
    if (!line || lines.size() == smtp::kReplyMaxLines) co_return std::unexpected(LmtpError::malformed);
    lines.push_back(std::move(*line));
  }
  limit_.lift();  // after an error nobody reads on
  auto reply = smtp::join_reply(lines);
  if (!reply) co_return std::unexpected(LmtpError::malformed);
  if (reply->code == kServiceClosing) co_return std::unexpected(LmtpError::closed);
  if (smtp::reply_class(reply->code) == smtp::ReplyClass::intermediate) {
    co_return std::unexpected(LmtpError::malformed);
  }
  co_return std::move(*reply);
}

}  // namespace posthaste::smtpd
