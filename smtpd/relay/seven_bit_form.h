// A message as hosts without 8BITMIME get it (RFC 6152 §3).
#pragma once

#include <cstdint>
#include <expected>
#include <optional>

#include "common/log/log.h"
#include "common/net/task.h"
#include "common/net/world.h"
#include "smtpd/relay/delivery.h"

namespace posthaste::relay {

/// What the converted messages of a worker take in memory, all together.
struct ConversionRoom {
  std::uint64_t octets_in_use = 0;
};
inline constexpr std::uint64_t kConversionRoomOctets = 268'435'456;

/// Made when a host first needs it, and kept for the others that an attempt asks.
class SevenBitForm {
 public:
  enum class Error {
    impossible,  // as mime::to_seven_bit() says
    no_room,     // others are being converted: later
  };

  /// All of them outlive it.
  SevenBitForm(net::World& world, const log::Log& log, ConversionRoom& room, const Message& message)
      : world_(world), log_(log), room_(room), message_(message) {}
  SevenBitForm(const SevenBitForm&) = delete;
  SevenBitForm& operator=(const SevenBitForm&) = delete;
  ~SevenBitForm() { leave_room(); }

  /// The content lives as long as this. Converts off the loop; called by one at a time.
  net::Task<std::expected<const Content*, Error>> get();

 private:
  [[nodiscard]] bool take_room();
  void leave_room();

  net::World& world_;
  const log::Log& log_;
  ConversionRoom& room_;
  const Message& message_;
  std::uint64_t octets_taken_ = 0;
  bool impossible_ = false;
  std::optional<Content> content_;
};

}  // namespace posthaste::relay
