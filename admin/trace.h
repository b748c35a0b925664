// `posthaste trace`: what all daemons have logged about one message.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "admin/installation.h"
#include "admin/log_line.h"
#include "admin/report.h"

namespace posthaste::admin {

inline constexpr std::size_t kTracedEventsMax = 10'000;  // of one answer
inline constexpr std::size_t kTracedMessagesMax = 100;   // the message itself, and reports on it and on them
inline constexpr int kTraceLevelsMax = 4;                // a report on a report on...

/// What the log files say about one message and about the reports on it, in the order of time.
struct Trace {
  std::vector<LogEvent> events;
  std::vector<std::filesystem::path> files;       // that were searched
  std::vector<std::filesystem::path> unreadable;  // that could not be
  bool cut = false;                               // there are more events than the limits allow
};

/// Reads the log files in `folder`, DAEMON.log and its uncompressed rotations DAEMON.log.N, for events with the
/// field trace=ID; then for those of messages that were sent because of it, which say about=ID.
[[nodiscard]] Trace find_trace(const std::filesystem::path& folder, const std::string& trace_id);

/// The command. Errors: an id that can't be one, logs that are no files, no event.
[[nodiscard]] Outcome<Report> trace(const config::Config& config, const std::string& trace_id);

}  // namespace posthaste::admin
