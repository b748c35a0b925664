// A message on its way in: held in memory within the daemon's budget, and what we add to its header.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/daemon/memory_budget.h"
#include "common/smtp/data_reader.h"

namespace posthaste::smtpd {

/// Of all messages that are held at once, in all sessions of the daemon.
inline constexpr std::size_t kMessageMemoryMaxOctets = 536'870'912;

inline constexpr std::size_t kReceivedFieldsMax = 100;  // then it is a loop, RFC 5321 §6.3

enum class MessageRefusal { too_large, no_memory };

/// The octets of a message as DATA or BDAT bring them. Once it is refused, what still comes is dropped.
class IncomingMessage {
 public:
  /// `announced_octets` is what SIZE said; memory for it is set aside up to a bound. `budget` outlives the message.
  IncomingMessage(daemon::MemoryBudget& budget, std::uint64_t max_octets, std::uint64_t announced_octets);

  /// A piece of DATA, dots and all; `reader` has the same limit of size.
  smtp::DataProgress feed(smtp::DataReader& reader, std::string_view piece);
  /// A piece of a BDAT chunk (RFC 3030).
  void append(std::string_view piece);

  [[nodiscard]] std::optional<MessageRefusal> refusal() const noexcept { return refusal_; }
  [[nodiscard]] std::string_view octets() const noexcept { return octets_; }

 private:
  [[nodiscard]] bool make_room(std::size_t octets);
  void refuse(MessageRefusal refusal);

  daemon::MemoryBudget::Share memory_;
  std::uint64_t max_octets_;
  std::optional<MessageRefusal> refusal_;
  std::string octets_;
};

/// Received fields in the header of `message`.
[[nodiscard]] std::size_t received_fields(std::string_view message);

/// What a submission server adds when it is missing: Date and Message-ID (RFC 6409 §8.1, §8.2). Empty when both
/// are there. `trace_id` makes the left side of the Message-ID.
[[nodiscard]] std::string missing_fields(std::string_view message, std::chrono::sys_seconds when,
                                         std::string_view trace_id, std::string_view hostname);

}  // namespace posthaste::smtpd
