// What an index knows of its log: the tail, and a row for each segment.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/octet_codec.h"
#include "common/base/open_error.h"
#include "common/journal/log.h"
#include "common/journal/replay.h"
#include "common/lmdb/key.h"
#include "common/lmdb/transaction.h"

namespace posthaste::ledger {

/// The octets of a segment up to the index's tail, and those of its records that are still needed.
struct SegmentRow {
  std::uint64_t total = 0;
  std::uint64_t live = 0;
};

[[nodiscard]] inline lmdb::Key segment_key(std::uint32_t segment) { return lmdb::Key().add(segment); }
[[nodiscard]] inline std::uint32_t segment_of(std::string_view key) {
  return lmdb::take_key_part<std::uint32_t>(key);
}

[[nodiscard]] std::string encode(const SegmentRow& row);
[[nodiscard]] std::optional<SegmentRow> decode_segment(std::string_view octets);

/// Nothing when the row is not there; the view fails when it is damaged.
[[nodiscard]] std::optional<SegmentRow> find_segment(const lmdb::View& view, lmdb::TableId segments,
                                                     std::uint32_t segment);

/// All of them, ascending. Errors: damaged, io.
[[nodiscard]] std::expected<std::vector<journal::KnownSegment>, OpenError> known_segments(const lmdb::View& view,
                                                                                          lmdb::TableId segments);

/// What LMDB or the system said of an index. Kinds: damaged, full, io.
[[nodiscard]] std::unexpected<OpenError> index_error(int code);

/// The log's tail, as a part of the row on the index as a whole.
void put_tail(OctetWriter& writer, const journal::LogPosition& tail);
[[nodiscard]] journal::LogPosition take_tail(OctetReader& reader);

/// Changes of segments' rows that are not put into them yet: a transaction puts each row once.
class SegmentTally {
 public:
  using Live = std::map<std::uint32_t, std::int64_t>;

  /// Octets that are needed from now on, or fewer than none: that are needed no more.
  void count_live(std::uint32_t segment, std::int64_t octets) { live_[segment] += octets; }
  /// The index has the log up to `tail`.
  void reached(const journal::LogPosition& tail) { total_[tail.segment] = tail.offset; }

  void put_into(lmdb::WriteTxn& txn, lmdb::TableId segments);

  /// For who takes back a part of a transaction.
  [[nodiscard]] const Live& live() const { return live_; }
  void take_back(Live live) { live_ = std::move(live); }

 private:
  Live live_;
  std::map<std::uint32_t, std::uint64_t> total_;
};

}  // namespace posthaste::ledger
