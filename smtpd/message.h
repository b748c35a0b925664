// A message on its way in: held in memory while there is some for it, or in a file; and what we add to its header.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "common/net/task.h"
#include "common/net/world.h"
#include "common/smtp/data_reader.h"
#include "smtpd/message_memory.h"
#include "smtpd/spool.h"

namespace posthaste::smtpd {

/// Of one message; what is larger lies in a file.
inline constexpr std::size_t kMessageInMemoryMaxOctets = 262'144;

inline constexpr std::size_t kReceivedFieldsMax = 100;  // then it is a loop, RFC 5321 §6.3

enum class MessageRefusal {
  too_large,
  disk_full,     // for the file
  spool_failed,  // likewise
};

/// A message that is whole and never changes. Shared by all who still need it, on any thread; when the last of them
/// lets go, its part of the memory, which outlives it, is given back, or its file is gone.
class MessageOctets {
 public:
  MessageOctets(std::string octets, MessageMemory::Share memory)
      : octets_(std::move(octets)), memory_(std::move(memory)) {}
  explicit MessageOctets(MappedOctets octets) : octets_(std::move(octets)) {}

  [[nodiscard]] std::string_view view() const noexcept {
    if (const auto* mapped = std::get_if<MappedOctets>(&octets_)) return mapped->view();
    return std::get<std::string>(octets_);
  }

 private:
  std::variant<std::string, MappedOctets> octets_;
  std::optional<MessageMemory::Share> memory_;  // of what is in memory
};

/// The octets of a message as DATA or BDAT bring them. Once it is refused, what still comes is dropped.
class IncomingMessage {
 public:
  /// `announced_octets` is what SIZE said; memory for it is set aside up to a bound. World, spool and what `memory`
  /// is a share of outlive the message.
  IncomingMessage(net::World& world, const Spool& spool, Spool::Claim claim, MessageMemory::Share memory,
                  std::uint64_t max_octets, std::uint64_t announced_octets);

  /// A piece of DATA, dots and all; `reader` has the same limit of size.
  smtp::DataProgress feed(smtp::DataReader& reader, std::string_view piece);
  /// A piece of a BDAT chunk (RFC 3030).
  void append(std::string_view piece);

  /// Whether more is in memory than may stay there, or than there is memory for: then spill() comes before the next
  /// piece.
  [[nodiscard]] bool overflows() const noexcept {
    return buffer_.size() > kMessageInMemoryMaxOctets || buffer_.size() > memory_.octets();
  }
  /// Moves what is in memory to the file. A failure refuses the message.
  net::Task<void> spill();

  [[nodiscard]] std::optional<MessageRefusal> refusal() const noexcept { return refusal_; }

  /// When all octets have come. Once, last. Errors: what the message is refused for.
  net::Task<std::expected<std::shared_ptr<const MessageOctets>, MessageRefusal>> finish();

 private:
  void make_room(std::size_t octets);
  void refuse(MessageRefusal refusal);
  std::expected<void, SpoolError> write_out();
  std::expected<MappedOctets, SpoolError> complete_file();

  net::World* world_;
  const Spool* spool_;
  Spool::Claim claim_;
  MessageMemory::Share memory_;
  std::uint64_t max_octets_;
  std::optional<MessageRefusal> refusal_;
  std::string buffer_;             // the whole message, or what is not in the file yet
  std::optional<SpoolFile> file_;  // once the message was too large for memory, or there was none left
  std::uint64_t octets_in_file_ = 0;
};

/// Received fields in the header of `message`.
[[nodiscard]] std::size_t received_fields(std::string_view message);

/// What a submission server adds when it is missing: Date and Message-ID (RFC 6409 §8.1, §8.2). Empty when both
/// are there. `trace_id` makes the left side of the Message-ID.
[[nodiscard]] std::string missing_fields(std::string_view message, std::chrono::sys_seconds when,
                                         std::string_view trace_id, std::string_view hostname);

}  // namespace posthaste::smtpd
