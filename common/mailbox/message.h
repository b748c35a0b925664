// A stored message and the mailbox that it is in: flags, dates, sizes, names, numbers.
#pragma once

#include <bitset>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/ids.h"

namespace posthaste::mailbox {

inline constexpr std::size_t kKeywordsMax = 64;  // per mailbox

/// RFC 9051 §2.3.2, without \Recent. The numbers are on disk.
enum class SystemFlag : std::uint8_t { seen = 0, answered = 1, flagged = 2, deleted = 3, draft = 4 };

class FlagSet {
 public:
  constexpr FlagSet() = default;
  constexpr FlagSet(std::initializer_list<SystemFlag> flags) {
    for (const SystemFlag flag : flags) bits_ |= bit(flag);
  }
  [[nodiscard]] static constexpr FlagSet from_bits(std::uint8_t bits) {
    FlagSet flags;
    flags.bits_ = bits & kAll;
    return flags;
  }
  [[nodiscard]] constexpr std::uint8_t bits() const { return bits_; }
  [[nodiscard]] constexpr bool contains(SystemFlag flag) const { return (bits_ & bit(flag)) != 0; }
  [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }
  [[nodiscard]] constexpr FlagSet with(FlagSet other) const { return from_bits(bits_ | other.bits_); }
  [[nodiscard]] constexpr FlagSet without(FlagSet other) const {
    return from_bits(static_cast<std::uint8_t>(bits_ & ~other.bits_));
  }
  constexpr bool operator==(const FlagSet&) const = default;

 private:
  static constexpr std::uint8_t kAll = 0x1f;
  static constexpr std::uint8_t bit(SystemFlag flag) {
    return static_cast<std::uint8_t>(1U << static_cast<std::uint8_t>(flag));
  }
  std::uint8_t bits_ = 0;
};

/// Bit i stands for MailboxInfo::keywords[i].
using KeywordBits = std::bitset<kKeywordsMax>;

/// INTERNALDATE: an instant, and the zone in which to show it, in minutes east of UTC.
struct InternalDate {
  std::chrono::sys_seconds at{};
  std::int16_t zone_minutes = 0;
  bool operator==(const InternalDate&) const = default;
};

/// One message in one mailbox.
struct Message {
  Uid uid{};
  ModSeq modseq{};  // RFC 7162: of its last change
  FlagSet flags;
  KeywordBits keywords;
  InternalDate internal_date;
  std::chrono::sys_seconds save_date{};  // RFC 8514: when it came into this mailbox
  std::uint32_t octets = 0;              // RFC822.SIZE
  BlobId blob{};
  bool operator==(const Message&) const = default;
};

/// What a FETCH of a list needs, ready to be sent. No engine looks inside.
struct Summary {
  std::string envelope;
  std::string body_structure;
  std::string header_cache;
  bool operator==(const Summary&) const = default;
};

/// A summary that lies elsewhere.
struct SummaryView {
  std::string_view envelope;
  std::string_view body_structure;
  std::string_view header_cache;

  SummaryView() = default;
  explicit SummaryView(const Summary& summary)
      : envelope(summary.envelope), body_structure(summary.body_structure), header_cache(summary.header_cache) {}

  [[nodiscard]] std::size_t octets() const { return envelope.size() + body_structure.size() + header_cache.size(); }
  [[nodiscard]] Summary copy() const {
    return {std::string(envelope), std::string(body_structure), std::string(header_cache)};
  }
};

/// A summary, and where its texts begin in it as it is stored.
struct PlacedSummary {
  Summary summary;
  std::uint64_t envelope_offset = 0;
  std::uint64_t body_structure_offset = 0;
};

/// RFC 6154 §2 and RFC 8457. The numbers are on disk.
enum class SpecialUse : std::uint8_t {
  all = 1,
  archive = 2,
  drafts = 3,
  flagged = 4,
  junk = 5,
  sent = 6,
  trash = 7,
  important = 8
};

struct MailboxInfo {
  MailboxId id{};
  std::string name;  // UTF-8, levels parted by '/'
  UidValidity uid_validity{};
  Uid uid_next{};           // above every UID there ever was
  ModSeq highest_modseq{};  // never falls
  std::uint32_t messages = 0;
  std::uint32_t unseen = 0;
  std::uint32_t deleted = 0;
  std::uint64_t octets = 0;
  std::optional<SpecialUse> special_use;
  std::vector<std::string> keywords;  // by KeywordBits position; a name is never taken back
  ModSeq vanished_floor{};            // what was expunged at or below it is no longer on record
  bool operator==(const MailboxInfo&) const = default;
};

struct QuotaLimits {
  std::optional<std::uint64_t> octets;  // nothing: no limit
  std::optional<std::uint64_t> messages;
  bool operator==(const QuotaLimits&) const = default;
};

/// Of a user who is being deleted, what lies in their mailboxes still is used, too.
struct UserInfo {
  ModSeq modseq{};  // of the user's last change
  std::uint64_t used_octets = 0;
  std::uint64_t used_messages = 0;
  QuotaLimits limits;
  bool operator==(const UserInfo&) const = default;
};

}  // namespace posthaste::mailbox
