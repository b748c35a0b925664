// Whether a mailbox takes mail now: deliveryd's word, asked over the store socket and remembered for a moment.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <unordered_map>

#include "common/net/clock.h"
#include "common/net/task.h"
#include "common/wire/store_client.h"

namespace posthaste::smtpd {

inline constexpr std::chrono::seconds kVerifiedFor{5};
inline constexpr std::size_t kVerifiedMax = 10'000;  // addresses remembered

enum class Unverified {
  unknown,     // nobody here any more
  over_quota,  // of everybody behind the address
};

/// One per worker. A deliveryd that is away, or slow, or can't say, verifies everybody: its answer to the message
/// counts, and mail never depends on it being up.
class RecipientVerifier {
 public:
  /// Both outlive it.
  RecipientVerifier(const net::Clock& clock, wire::StoreClient& store) : clock_(clock), store_(store) {}

  /// Whether `address` was verified in the last kVerifiedFor, or deliveryd left a question without an answer in
  /// that time: then it isn't asked, so that a message to many costs one wait at most.
  [[nodiscard]] bool is_verified(const std::string& address) const;

  /// Asks, with what SIZE said of the message. Refusals are not remembered: they hold for that size, and for now.
  net::Task<std::expected<void, Unverified>> verify(std::string address, std::optional<std::uint64_t> octets);

 private:
  using Verified = std::unordered_map<std::string, net::Instant>;  // and when

  [[nodiscard]] bool is_recent(net::Instant then) const { return clock_.now() - then < kVerifiedFor; }
  void remember(std::string address);

  const net::Clock& clock_;
  wire::StoreClient& store_;
  std::optional<net::Instant> unanswered_;  // the last question that was
  Verified younger_;
  Verified older_;  // what younger_ was when it was full
};

}  // namespace posthaste::smtpd
