// The checker: whether the index agrees with itself and with the log.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "smtpd/queue/reader.h"

namespace posthaste::queue {

struct CheckReport {
  std::vector<std::string> problems;  // a sentence each, for the operator; empty when all is well
  std::vector<EntryId> damaged;       // entries whose message does not read: a problem each
  std::set<std::uint32_t> closed;     // segments that could not be opened: a problem each
  std::uint64_t entries = 0;
  std::uint64_t recipients = 0;
  std::uint64_t octets = 0;  // of messages
};

/// Reads every entry, its recipients and its message, and compares the checksum. The writer may go on: no snapshot
/// is held for more than a slice of rows, and what goes or moves meanwhile is no fault. Changes nothing.
[[nodiscard]] CheckReport check(const Reader& reader);

}  // namespace posthaste::queue
