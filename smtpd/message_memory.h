// The memory of messages under way: users' and our own, and those of strangers, who have a part of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "common/daemon/crowd.h"
#include "common/daemon/memory_budget.h"

namespace posthaste::smtpd {

/// Of all messages that are held at once, in all sessions of the daemon. A message that gets none lies in a file.
inline constexpr std::size_t kMessageMemoryMaxOctets = 536'870'912;
/// Of it, for those who have not logged in: half. The rest is the users', whatever strangers do.
inline constexpr std::size_t kStrangersPart = 2;
/// Of the strangers' part, for one address.
inline constexpr std::size_t kAddressPart = 16;
/// Of all of it, for one user.
inline constexpr std::size_t kUserPart = 4;

/// Any thread may ask.
class MessageMemory {
 public:
  explicit MessageMemory(std::size_t max_octets = kMessageMemoryMaxOctets)
      : max_octets_(max_octets), all_(max_octets), strangers_(max_octets / kStrangersPart, all_) {}
  MessageMemory(const MessageMemory&) = delete;
  MessageMemory& operator=(const MessageMemory&) = delete;

  /// One message's part, given back when it goes. Does not outlive the memory.
  class Share {
   public:
    /// Makes it at least `octets` large, in steps. False, and nothing changes, when there is not so much left.
    [[nodiscard]] bool grow_to(std::size_t octets) noexcept {
      const std::size_t units = (octets + kUnitOctets - 1) / kUnitOctets;
      const std::size_t before = octets_.octets();
      if (units * kUnitOctets <= before) return true;
      if (!octets_.grow_to(units * kUnitOctets)) return false;
      const auto more = static_cast<std::uint32_t>(units - before / kUnitOctets);
      if (sender_.take(more, sender_units_max_)) return true;
      octets_.shrink_to(before);
      return false;
    }
    void give_back() noexcept {
      octets_.give_back();
      sender_.give_back();
    }
    [[nodiscard]] std::size_t octets() const noexcept { return octets_.octets(); }

   private:
    friend class MessageMemory;
    Share(daemon::MemoryBudget& budget, daemon::Crowd::Hold sender, std::size_t sender_max_octets) noexcept
        : octets_(budget),
          sender_(std::move(sender)),
          sender_units_max_(static_cast<std::uint32_t>(sender_max_octets / kUnitOctets)) {}
    daemon::MemoryBudget::Share octets_;
    daemon::Crowd::Hold sender_;
    std::uint32_t sender_units_max_;
  };

  [[nodiscard]] std::size_t taken() const noexcept { return all_.taken(); }

  /// For one that comes from a trusted network: of the strangers' part, whatever the others there have.
  [[nodiscard]] Share for_trusted() noexcept { return {strangers_, {}, 0}; }
  /// For a message of `user`.
  [[nodiscard]] Share for_user(daemon::Name user) noexcept {
    return {all_, senders_.of(user), max_octets_ / kUserPart};
  }
  /// For one that comes from `address`.
  [[nodiscard]] Share for_stranger(daemon::Name address) noexcept {
    return {strangers_, senders_.of(address), max_octets_ / kStrangersPart / kAddressPart};
  }

 private:
  static constexpr std::size_t kUnitOctets = 65'536;  // what is taken at once

  const std::size_t max_octets_;
  daemon::MemoryBudget all_;
  daemon::MemoryBudget strangers_;
  daemon::Crowd senders_;  // in units
};

}  // namespace posthaste::smtpd
