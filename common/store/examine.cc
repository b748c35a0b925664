#include "common/store/examine.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <thread>
#include <tuple>
#include <utility>
#include <variant>

#include "common/journal/replay.h"
#include "common/store/record.h"
#include "common/store/rows.h"

namespace posthaste::store {
namespace {

using journal::LogPosition;
using Kind = OpenError::Kind;

// Octets that a writer is about to write look damaged for a moment, and only those.
constexpr int kLooks = 4;
constexpr std::chrono::milliseconds kLookAgain{200};

/// Reads records, and keeps nothing of them.
class Reading final : public journal::ReplayTarget {
 public:
  Reading(const MetaRow& from, Extent extent) : tail_(from.tail), next_blob_(from.next_blob), extent_(extent) {}

  void enter_segment(const journal::SegmentHeader& header) override {
    next_blob_ = std::max(next_blob_, BlobId{header.next_id});
  }
  bool can_spare(const journal::RecordHeader& header) const override {
    return extent_ == Extent::all && header.type == number(RecordType::blob);
  }
  bool apply(const journal::ScannedRecord& scanned, std::uint32_t segment) override {
    if (!scanned.is_sound) {
      applied_.push_back({next_blob_, segment, scanned.body_offset});
      next_blob_ = next(next_blob_);
      return true;
    }
    const auto record = decode_body(static_cast<RecordType>(scanned.header.type), scanned.body);
    if (!record) return false;
    if (const auto* blob = std::get_if<BlobRecord>(&*record)) next_blob_ = std::max(next_blob_, next(blob->blob));
    return true;
  }
  void reached(const LogPosition& tail) override {
    examined_.records += tail.sequence - tail_.sequence;
    examined_.damaged.insert(examined_.damaged.end(), applied_.begin(), applied_.end());
    applied_.clear();
    tail_ = tail;
  }

  /// Back to what was reached.
  void begin_again() { applied_.clear(); }
  [[nodiscard]] const LogPosition& tail() const { return tail_; }
  [[nodiscard]] ExaminedLog examined() && { return std::move(examined_); }

 private:
  LogPosition tail_;
  BlobId next_blob_;
  const Extent extent_;
  ExaminedLog examined_;
  std::vector<DamagedBlob> applied_;  // of the apply that is being read
};

bool is_before(const LogPosition& one, const LogPosition& other) {
  return std::tie(one.segment, one.offset) < std::tie(other.segment, other.offset);
}

std::expected<ExaminedLog, OpenError> examine(const std::filesystem::path& log, const KnownLog& known,
                                              Extent extent) {
  Reading reading(extent == Extent::all ? MetaRow{} : known.meta, extent);
  const bool from_the_first = reading.tail().segment == 0;
  for (int look = 1;; ++look) {
    const std::optional<std::uint32_t> first = from_the_first ? std::optional<std::uint32_t>(1) : std::nullopt;
    const auto segments = journal::segments_to_replay(log, kSegmentMagic, first, known.segments);
    if (!segments) return std::unexpected(segments.error());
    LogPosition tail = reading.tail();
    const journal::ReplayShare all{SIZE_MAX, UINT64_MAX};
    const auto ended = journal::replay(reading, log, kSegmentMagic, *segments, tail, all);
    if (ended) return std::move(reading).examined();
    const bool may_pass = ended.error().kind == Kind::log_damaged && !is_before(reading.tail(), known.meta.tail);
    if (!may_pass || look == kLooks) return std::unexpected(ended.error());
    reading.begin_again();
    std::this_thread::sleep_for(kLookAgain);
  }
}

}  // namespace

std::expected<ExaminedLog, OpenError> examine_log(Environment& index, const std::filesystem::path& log,
                                                  Extent extent) {
  const auto known = [&index]() -> std::expected<KnownLog, OpenError> {
    const auto txn = ReadTxn::begin(index);
    if (!txn) return std::unexpected(OpenError{Kind::io, "index: cannot be read"});
    return known_log(txn->view());
  }();
  if (!known) return std::unexpected(known.error());
  return examine(log, *known, extent);
}

std::expected<ExaminedLog, OpenError> examine_log(const std::filesystem::path& log) {
  return examine(log, {}, Extent::all);
}

}  // namespace posthaste::store
