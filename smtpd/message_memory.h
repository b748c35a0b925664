// The memory of messages under way: users' and our own, and those of strangers, who have a part of it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
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

/// Any thread may ask.
class MessageMemory {
 public:
  explicit MessageMemory(std::size_t max_octets = kMessageMemoryMaxOctets)
      : strangers_units_max_(max_octets / kStrangersPart / kUnitOctets),
        all_(max_octets),
        strangers_(max_octets / kStrangersPart) {}
  MessageMemory(const MessageMemory&) = delete;
  MessageMemory& operator=(const MessageMemory&) = delete;

  /// One message's part, given back when it goes. Does not outlive the memory.
  class Share {
   public:
    /// Makes it at least `octets` large, in steps. False, and nothing changes, when there is not so much left.
    [[nodiscard]] bool grow_to(std::size_t octets) noexcept {
      const std::size_t units = (octets + kUnitOctets - 1) / kUnitOctets;
      const std::size_t before = all_.octets();
      if (units * kUnitOctets <= before) return true;
      if (!all_.grow_to(units * kUnitOctets)) return false;
      if (!strangers_) return true;
      if (strangers_->grow_to(units * kUnitOctets)) {
        const auto more = static_cast<std::uint32_t>(units - before / kUnitOctets);
        if (address_.take(more, address_units_max_)) return true;
        strangers_->shrink_to(before);
      }
      all_.shrink_to(before);
      return false;
    }
    void give_back() noexcept {
      all_.give_back();
      if (strangers_) strangers_->give_back();
      address_.give_back();
    }
    [[nodiscard]] std::size_t octets() const noexcept { return all_.octets(); }

   private:
    friend class MessageMemory;
    explicit Share(MessageMemory& memory) noexcept : all_(memory.all_) {}
    daemon::MemoryBudget::Share all_;
    std::optional<daemon::MemoryBudget::Share> strangers_;
    daemon::Crowd::Hold address_;
    std::uint32_t address_units_max_ = 0;
  };

  [[nodiscard]] std::size_t taken() const noexcept { return all_.taken(); }

  /// For a user's message, or our own.
  [[nodiscard]] Share for_user() noexcept { return Share{*this}; }
  /// For one that comes from `address`.
  [[nodiscard]] Share for_stranger(daemon::Name address) noexcept {
    Share share{*this};
    share.strangers_.emplace(strangers_);
    share.address_ = addresses_.of(address);
    share.address_units_max_ =
        static_cast<std::uint32_t>(std::max<std::size_t>(strangers_units_max_ / kAddressPart, 1));
    return share;
  }

 private:
  static constexpr std::size_t kUnitOctets = 65'536;  // what is taken at once

  const std::size_t strangers_units_max_;
  daemon::MemoryBudget all_;
  daemon::MemoryBudget strangers_;
  daemon::Crowd addresses_;  // in units
};

}  // namespace posthaste::smtpd
