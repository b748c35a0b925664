// One connection to deliveryd, as its LMTP client (RFC 2033, with BDAT from RFC 3030).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/net/network.h"
#include "common/net/stream.h"
#include "common/net/task.h"
#include "common/net/time_limit.h"
#include "common/smtp/command.h"
#include "common/smtp/reply.h"

namespace posthaste::smtpd {

enum class LmtpError {
  unreachable,  // nobody listens, or who does will not serve us
  closed,       // the connection ended, or 421 came, before all was answered
  timed_out,    // no answer within kLmtpTimeout, or not all within kDeliveryTimeout
  malformed,    // an answer that is none
  unsuitable,   // no PIPELINING, no CHUNKING or no delivery ids: not our deliveryd
};
[[nodiscard]] std::string_view name_of(LmtpError error) noexcept;

/// A client waits for its 250 as long as deliveryd takes: who is slower than this is away, and the queue takes
/// over.
inline constexpr std::chrono::milliseconds kLmtpTimeout = std::chrono::seconds{15};      // for each whole reply
inline constexpr std::chrono::milliseconds kDeliveryTimeout = std::chrono::seconds{60};  // for message and replies

/// A message and its envelope. What is looked into must stay until deliver() has ended.
struct Delivery {
  smtp::Mail mail;  // with delivery id and trace id
  std::span<const smtp::Mailbox> recipients;
  std::span<const std::string_view> message;  // its octets, piece after piece

  [[nodiscard]] std::uint64_t octets() const noexcept;
};

/// A final reply, 2yz, 4yz or 5yz, for each recipient, in their order.
using DeliveryReplies = std::vector<smtp::Reply>;

class LmtpClient {
 public:
  /// `clock` outlives it.
  LmtpClient(std::unique_ptr<net::Transport> transport, net::Clock& clock)
      : clock_(clock), stream_(std::move(transport), kLmtpTimeout), limit_(clock, stream_) {}

  /// Reads the greeting and says LHLO. Once, first. Errors: all.
  net::Task<std::expected<void, LmtpError>> greet(std::string own_name);

  /// Sends envelope and message in one go and waits for the replies. Errors: closed, timed_out, malformed; a
  /// recipient may have been served nevertheless, which a second try with the same delivery id finds out.
  net::Task<std::expected<DeliveryReplies, LmtpError>> deliver(const Delivery& delivery);

  /// Whether the next message may follow: the last one ended with a reply for each recipient.
  [[nodiscard]] bool reusable() const noexcept { return reusable_; }

 private:
  net::Task<std::expected<smtp::Reply, LmtpError>> read_reply();
  net::Task<std::expected<void, LmtpError>> read_replies(std::size_t count, DeliveryReplies& replies);
  net::Task<std::expected<void, LmtpError>> send_message(const Delivery& delivery);

  net::Clock& clock_;
  net::Stream stream_;
  net::TimeLimit limit_;  // while we wait for a reply
  net::Instant ends_{};   // the greeting, or the delivery under way
  bool reusable_ = false;
};

}  // namespace posthaste::smtpd
