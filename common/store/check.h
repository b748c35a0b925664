// The checker: whether the index agrees with itself and with the log.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/store/store.h"

namespace posthaste::store {

struct CheckReport {
  std::vector<std::string> problems;  // a sentence each, for the operator; empty when all is well
  std::uint64_t users = 0;
  std::uint64_t mailboxes = 0;
  std::uint64_t messages = 0;
  std::uint64_t blobs = 0;
  std::uint64_t octets = 0;  // of blobs, each once
};

/// How far the checker reads.
enum class CheckDepth {
  index,   // rows: names, counters, quota, references, UIDs, modseqs
  bodies,  // also every blob's record and its checksums
};

/// Reads all of the index in one snapshot: offline, or on a store with little traffic. Changes nothing.
[[nodiscard]] CheckReport check(const Store& store, CheckDepth depth);

}  // namespace posthaste::store
