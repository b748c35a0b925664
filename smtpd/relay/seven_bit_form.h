// A message as hosts without 8BITMIME get it (RFC 6152 §3).
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "common/log/log.h"
#include "common/net/task.h"
#include "common/net/world.h"
#include "smtpd/relay/delivery.h"
#include "smtpd/relay/message_room.h"

namespace posthaste::relay {

/// What the converted messages of a worker take in memory, all together.
inline constexpr std::uint64_t kConversionRoomOctets = 268'435'456;

/// Made when a host first needs it, and kept for the others that an attempt asks.
class SevenBitForm {
 public:
  enum class Error {
    impossible,  // as mime::to_seven_bit() says
    no_room,     // others are being converted: once wait_for_room() has returned true
  };

  /// All of them outlive it.
  SevenBitForm(net::World& world, const log::Log& log, MessageRoom& room, const Message& message)
      : world_(world), log_(log), room_(room), message_(message) {}
  SevenBitForm(const SevenBitForm&) = delete;
  SevenBitForm& operator=(const SevenBitForm&) = delete;

  /// For `host`, by whose name it is counted from the first call on. The content lives as long as this. Converts
  /// off the loop; called by one at a time.
  net::Task<std::expected<const Content*, Error>> get(std::string host);

  /// Whether get() has last found no room, which a host that takes 8 bits does not ask for.
  [[nodiscard]] bool lacks_room() const noexcept { return lacks_room_; }
  /// Waits for its turn. False when we are stopping.
  net::Task<bool> wait_for_room();

 private:
  net::World& world_;
  const log::Log& log_;
  MessageRoom& room_;
  const Message& message_;
  std::optional<MessageRoom::Place> place_;
  bool lacks_room_ = false;
  bool impossible_ = false;
  std::optional<Content> content_;
};

}  // namespace posthaste::relay
