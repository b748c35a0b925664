// A message on its way in: held in memory within the daemon's budget, and what we add to its header.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "common/smtp/data_reader.h"

namespace posthaste::smtpd {

/// Of all messages that are held at once, in all sessions of the daemon.
inline constexpr std::size_t kMessageMemoryMaxOctets = 536'870'912;

inline constexpr std::size_t kReceivedFieldsMax = 100;  // then it is a loop, RFC 5321 §6.3

/// Shared by the workers.
class MemoryBudget {
 public:
  explicit MemoryBudget(std::size_t max_octets) noexcept : max_octets_(max_octets) {}

  /// False, and nothing is taken, when there is not so much left.
  [[nodiscard]] bool take(std::size_t octets) noexcept {
    if (taken_.fetch_add(octets, std::memory_order_relaxed) + octets <= max_octets_) return true;
    give_back(octets);
    return false;
  }
  void give_back(std::size_t octets) noexcept { taken_.fetch_sub(octets, std::memory_order_relaxed); }
  [[nodiscard]] std::size_t taken() const noexcept { return taken_.load(std::memory_order_relaxed); }

 private:
  const std::size_t max_octets_;
  std::atomic<std::size_t> taken_ = 0;
};

enum class MessageRefusal { too_large, no_memory };

/// The octets of a message as DATA or BDAT bring them. Once it is refused, what still comes is dropped.
class IncomingMessage {
 public:
  /// `announced_octets` is what SIZE said; memory for it is set aside up to a bound. `budget` outlives the message.
  IncomingMessage(MemoryBudget& budget, std::uint64_t max_octets, std::uint64_t announced_octets);
  IncomingMessage(IncomingMessage&& other) noexcept;
  IncomingMessage& operator=(IncomingMessage&&) = delete;
  ~IncomingMessage();

  /// A piece of DATA, dots and all; `reader` has the same limit of size.
  smtp::DataProgress feed(smtp::DataReader& reader, std::string_view piece);
  /// A piece of a BDAT chunk (RFC 3030).
  void append(std::string_view piece);

  [[nodiscard]] std::optional<MessageRefusal> refusal() const noexcept { return refusal_; }
  [[nodiscard]] std::string_view octets() const noexcept { return octets_; }

 private:
  [[nodiscard]] bool make_room(std::size_t octets);
  void refuse(MessageRefusal refusal);

  MemoryBudget* budget_;
  std::uint64_t max_octets_;
  std::size_t taken_ = 0;  // of the budget
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
