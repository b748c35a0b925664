// Checks of single fields from the store socket; the first that fails is what is wrong with the frame.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "common/base/ids.h"
#include "common/mailbox/message.h"
#include "common/wire/frame.h"

namespace posthaste::wire {

// What travels at most. The store has lower limits, and its own words for them.
inline constexpr std::size_t kNameMaxOctets = 4096;   // of a mailbox, a keyword or an annotation's entry
inline constexpr std::size_t kKeywordsMax = 1000;     // of one operation
inline constexpr std::size_t kAnnotationsMax = 1000;  // the same
inline constexpr std::size_t kAnnotationMaxOctets = 1 << 20;
inline constexpr std::size_t kAddressMaxOctets = 1024;

class Checks {
 public:
  /// Each returns whether the condition holds.
  bool formed(bool condition) { return note(condition, FrameError::malformed); }
  bool holds(bool condition) { return note(condition, FrameError::out_of_range); }
  bool attached(bool condition) { return note(condition, FrameError::mismatched); }

  [[nodiscard]] bool passed() const { return !failure_; }
  [[nodiscard]] std::optional<FrameError> failure() const { return failure_; }

  std::string text(const std::string& octets, std::size_t max_octets) {
    return holds(octets.size() <= max_octets) ? octets : std::string{};
  }

  template <typename Enum>
  Enum enumerator(std::uint32_t value, Enum first, Enum last) {
    const bool known = value >= static_cast<std::uint32_t>(first) && value <= static_cast<std::uint32_t>(last);
    return holds(known) ? static_cast<Enum>(value) : first;
  }

  mailbox::FlagSet flags(std::uint32_t bits) {
    const auto flags = mailbox::FlagSet::from_bits(static_cast<std::uint8_t>(bits & 0xffU));
    holds(flags.bits() == bits);
    return flags;
  }

  ModSeq modseq(std::uint64_t value) {
    holds(value <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()));  // RFC 7162 §2.1
    return static_cast<ModSeq>(value);
  }

  /// Years 1 to 9999, zones as RFC 5322 §3.3 can write them.
  mailbox::InternalDate internal_date(std::int64_t at_s, std::int32_t zone_minutes) {
    constexpr std::chrono::sys_seconds kFirst = std::chrono::sys_days{std::chrono::year{1} / 1 / 1};
    constexpr std::chrono::sys_seconds kEnd = std::chrono::sys_days{std::chrono::year{10'000} / 1 / 1};
    constexpr std::int32_t kZoneMaxMinutes = 99 * 60 + 59;
    const std::chrono::sys_seconds at{std::chrono::seconds{at_s}};
    const bool writable =
        at >= kFirst && at < kEnd && zone_minutes >= -kZoneMaxMinutes && zone_minutes <= kZoneMaxMinutes;
    if (!holds(writable)) return {};
    return {at, static_cast<std::int16_t>(zone_minutes)};
  }

 private:
  bool note(bool condition, FrameError failure) {
    if (!condition && !failure_) failure_ = failure;
    return condition;
  }

  std::optional<FrameError> failure_;
};

}  // namespace posthaste::wire
