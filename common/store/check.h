// The checker: whether the index agrees with itself and with the log.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "common/store/store.h"
#include "common/store/whereabouts.h"

namespace posthaste::store {

/// A blob whose record is damaged or gone, and whose it is.
struct DamagedMessages {
  BlobLocation location;
  std::vector<MessagePlace> places;
};

struct CheckReport {
  std::vector<std::string> problems;     // a sentence each, for the operator; empty when all is well
  std::vector<DamagedMessages> damaged;  // with `bodies`: a problem each, too
  std::set<std::uint32_t> closed;        // segments that could not be opened: a problem each
  std::uint64_t users = 0;
  std::uint64_t mailboxes = 0;
  std::uint64_t messages = 0;
  std::uint64_t blobs = 0;
  std::uint64_t octets = 0;    // of blobs, each once
  std::uint64_t changing = 0;  // users who changed all the while: of these nothing was compared with anything
};

/// How far the checker reads.
enum class CheckDepth {
  index,   // rows: names, counters, quota, references, UIDs, modseqs
  bodies,  // also every blob's record and its checksums
};

/// How the checker goes about beside a writer.
struct CheckPace {
  /// How long a snapshot is kept; for a user who changes meanwhile, up to some seconds.
  std::chrono::milliseconds held_max{50};
  /// Called between two snapshots.
  std::function<void()> between = [] {};
};

/// Reads all of the index, in one snapshot after the other: the writer may go on, and its index does not grow. What
/// is compared belongs together: a user is looked at again who changed meanwhile; of blobs and segments counts are
/// bounded by what they were before and after. Changes nothing.
[[nodiscard]] CheckReport check(const Store& store, CheckDepth depth);
[[nodiscard]] CheckReport check(const Store& store, lmdb::Environment& index, CheckDepth depth,
                                const CheckPace& pace);

}  // namespace posthaste::store
