// What `posthaste store` and `posthaste queue` share: an index that lies beside a log.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "admin/in_child.h"
#include "admin/installation.h"
#include "admin/report.h"
#include "common/base/open_error.h"
#include "common/base/open_words.h"
#include "common/config/config.h"
#include "common/journal/made_mark.h"

namespace posthaste::admin {

/// What came of a rebuild, in words and for machines.
struct Rebuilt {
  std::string counts;              // "3 users, 10 messages"
  std::uint64_t held = 0;          // of them: messages, or entries
  std::vector<std::string> notes;  // a sentence each
  nlohmann::json json;
};

/// A log with its index, and who uses them.
struct IndexedLog {
  std::filesystem::path directory;
  std::string name;                      // "store"
  std::span<const char* const> daemons;  // that read or write it
  /// Makes the index anew from all of the log.
  std::function<std::expected<Rebuilt, OpenError>(const std::filesystem::path& log,
                                                  const std::filesystem::path& index)>
      rebuild;
  /// How many messages, or entries, the index that is there has; nothing when it cannot be read.
  std::function<std::optional<std::uint64_t>()> held;
  const char* what_is_held;  // "messages"
  std::string (*open_words)(const OpenError&, WasRead);
  journal::MadeMark mark;  // that it was made once
  /// Whether an older copy may come back. Of a queue it would send again what was sent.
  bool from_backup = true;
  /// Why a start does not read what the index lacks of the log; nothing when it does.
  std::function<std::optional<OpenError>()> fault_at_start;
  std::string with_old_index;  // what a start does when no new index can be made; empty: nothing good
};

/// Of its index, for in_child().
[[nodiscard]] Read index_read(const IndexedLog& log);

/// Whether its writer was never started: nothing is there, and that could be seen. Errors: it was made once, and is
/// missed; a sentence for the operator.
[[nodiscard]] Outcome<bool> is_new(const IndexedLog& log);

/// Lets the next start begin an empty one where nothing is left. Errors: one of the daemons runs; something is
/// left.
[[nodiscard]] Outcome<Report> begin_empty(const config::Config& config, const IndexedLog& log);

/// Of a log that can be read while its index is gone: what a start makes of it. No success.
[[nodiscard]] Report without_index(const IndexedLog& log);

/// Of a log that nobody has read yet, while its index is gone.
[[nodiscard]] std::string index_is_gone(const IndexedLog& log);

/// Which command makes the index anew.
[[nodiscard]] std::string rebuild_words(const IndexedLog& log);

/// What becomes of what the old index has and the log no more.
enum class Loss { refused, accepted };

/// Makes the index again from the log, beside the old one, which is kept. What was broken off is begun anew.
/// Errors: one of the daemons runs, or another process has the index open; the log is damaged, or its end is
/// missing; no room.
[[nodiscard]] Outcome<Report> rebuild_index(const config::Config& config, const IndexedLog& log, Loss loss);

}  // namespace posthaste::admin
