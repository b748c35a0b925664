// A set of UIDs as ascending ranges (RFC 9051 §9, sequence-set), small however many messages it names.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <span>
#include <vector>

#include "common/base/ids.h"

namespace posthaste::mailbox {

/// Both ends belong to it; `first` is not above `last`.
struct UidRange {
  Uid first{};
  Uid last{};
  bool operator==(const UidRange&) const = default;
};

inline constexpr UidRange kAllUids{Uid{1}, Uid{std::numeric_limits<std::uint32_t>::max()}};

/// Ranges that are ascending, disjoint and never adjacent, so equal sets compare equal.
class UidSet {
 public:
  UidSet() = default;
  UidSet(std::initializer_list<UidRange> ranges) {
    for (const UidRange& range : ranges) add(range);
  }
  /// Of ranges in any order, however they lie: n log n, where add() of each may be as many moves as there are
  /// pairs.
  explicit UidSet(std::vector<UidRange> ranges);

  void add(Uid uid) { add(UidRange{uid, uid}); }
  /// Constant time when `range` lies above all that is there. A range that ends before it begins adds nothing.
  void add(UidRange range);

  [[nodiscard]] bool contains(Uid uid) const;
  [[nodiscard]] bool empty() const { return ranges_.empty(); }
  [[nodiscard]] std::uint64_t size() const;
  [[nodiscard]] std::span<const UidRange> ranges() const { return ranges_; }
  bool operator==(const UidSet&) const = default;

 private:
  std::vector<UidRange> ranges_;
};

}  // namespace posthaste::mailbox
