#include "admin/index.h"

#include <fcntl.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <optional>
#include <utility>

#include "admin/daemons.h"
#include "common/journal/fresh_index.h"
#include "common/journal/log.h"
#include "common/lmdb/data_file.h"
#include "common/lmdb/look_through.h"

namespace posthaste::admin {
namespace {

namespace fs = std::filesystem;

/// A name beside the index that nothing has yet.
fs::path place_for_old(const fs::path& directory) {
  for (int number = 1;; ++number) {
    fs::path place = directory / ("index.old-" + std::to_string(number));
    std::error_code ignored;
    if (!fs::exists(fs::symlink_status(place, ignored))) return place;
  }
}

Failure system_failure(const fs::path& path) { return Failure(path.string() + ": " + std::strerror(errno)); }

/// Puts `fresh` where the index is, at once and durably. Where the old one lies now; nothing when there was none.
Outcome<std::optional<fs::path>> put_in_place(const fs::path& directory, const fs::path& fresh) {
  const fs::path index = directory / "index";
  std::optional<fs::path> old;
  if (renameat2(AT_FDCWD, fresh.c_str(), AT_FDCWD, index.c_str(), RENAME_EXCHANGE) == 0) {
    old = place_for_old(directory);
    if (rename(fresh.c_str(), old->c_str()) != 0) return system_failure(fresh);
  } else if (errno != ENOENT || rename(fresh.c_str(), index.c_str()) != 0) {
    return system_failure(index);
  }
  if (!journal::sync_directory(directory)) return system_failure(directory);
  return old;
}

std::string used_by(pid_t process, const IndexedLog& log) {
  return "process " + std::to_string(process) + " uses the " + log.name + "'s index; end it first";
}

/// Why no index was made from the log, and what helps.
std::string why_not_made(const IndexedLog& log, const OpenError& error) {
  constexpr std::chrono::seconds kLookMax{1};
  const fs::path index = log.directory / "index";
  const bool is_there = !journal::has_lost_its_index(log.directory);
  const bool goes_on =
      !log.with_old_index.empty() && is_there && !lmdb::look_through(index, kLookMax) && !log.fault_at_start();
  if (!goes_on) {
    return log.open_words(error, WasRead::log_alone) + (is_there ? "; the index was left as it was" : "");
  }
  return "cannot make the index of the " + log.name + ": " + error.text +
         ". The index was left as it was: " + log.with_old_index;
}

std::string what_is_lost(const IndexedLog& log, std::uint64_t before, const Rebuilt& built) {
  return "the old index has " + std::to_string(before) + " " + log.what_is_held + ", and the log " +
         std::to_string(built.held) + ": its end is missing or damaged";
}

/// `before` is what the old index has, when it can be read.
Outcome<Report> rebuild_alone(const IndexedLog& log, std::optional<std::uint64_t> before, Loss loss) {
  if (const auto allowed = log.mark.allow(log.directory); !allowed) return Failure(allowed.error());
  const auto lock = journal::lock_writer(log.directory / "writer.lock");
  if (!lock) return Failure(lock.error().text + ": another rebuild runs, or a writer; \"posthaste stop\" ends it");
  if (const auto process = lmdb::process_using(log.directory / "index")) return Failure(used_by(*process, log));
  const fs::path fresh = log.directory / "index.new";
  std::error_code failed;
  fs::remove_all(fresh, failed);  // of one that was broken off
  if (failed) return Failure(fresh.string() + ": " + failed.message());
  const auto segments = journal::list_segments(log.directory / "log");
  const bool is_absent = !fs::exists(log.directory / "log", failed) && !failed;
  if (is_absent || (segments && segments->empty())) {
    return Failure(
        (log.directory / "log").string() + " holds nothing to make an index from; nothing was changed. " +
        (log.from_backup
             ? "If there was mail, take the folder " + log.name + " from a backup; if there was none, or "
             : std::string{"If "}) +
        "it is lost for good, move " + log.directory.string() + " away, and \"posthaste " + log.name +
        " begin-empty\" lets the next start make an empty one");
  }
  const auto built = log.rebuild(log.directory / "log", fresh);
  if (!built) {
    fs::remove_all(fresh, failed);
    return Failure(why_not_made(log, built.error()));
  }
  const bool loses = before && built->held < *before;
  if (loses && loss == Loss::refused) {
    fs::remove_all(fresh, failed);
    return Failure(
        what_is_lost(log, *before, *built) + ". The index was left as it was. " +
        (log.from_backup ? "A backup may have what is missing; without one, \"posthaste " : "\"posthaste ") +
        log.name + " rebuild --accept-loss\" makes an index of what the log has");
  }
  if (!journal::sync_directory(fresh)) return system_failure(fresh);
  const auto old = put_in_place(log.directory, fresh);
  if (!old) return Failure(old.error());
  Report report;
  report.text = "The index is made again from the log: " + built->counts + ".\n";
  for (const auto& note : built->notes) report.text += note + "\n";
  if (loses) report.text += "What is lost: " + what_is_lost(log, *before, *built) + ".\n";
  report.text += "\"posthaste start\" starts the daemons.\n";
  if (*old) report.text += "The old one is " + (*old)->string() + "; delete it when all is well.\n";
  report.json = {{"index", (log.directory / "index").string()},
                 {"old", *old ? nlohmann::json((*old)->string()) : nlohmann::json{}}};
  report.json.update(built->json);
  const auto late = *old ? lmdb::process_using(**old) : std::nullopt;
  if (late) {
    report.text += "Process " + std::to_string(*late) + " opened the old one meanwhile: start it again.\n";
    report.success = false;
  }
  return report;
}

}  // namespace

Outcome<bool> is_new(const IndexedLog& log) {
  if (!journal::holds_nothing(log.directory)) return false;
  if (const auto allowed = log.mark.allow(log.directory); !allowed) return Failure(allowed.error());
  return true;
}

Report without_index(const IndexedLog& log) {
  const std::string index = (log.directory / "index").string();
  Report report;
  report.success = false;
  report.text = index + " is gone. The log can be read to its end: \"posthaste start\" or \"posthaste " + log.name +
                " rebuild\" makes the index again.\n";
  report.json = {{"sound", false}, {"index", nullptr}};
  return report;
}

std::string index_is_gone(const IndexedLog& log) {
  return (log.directory / "index").string() + " is gone: \"posthaste " + log.name +
         " check\" says whether the log makes a new one";
}

std::string rebuild_words(const IndexedLog& log) {
  return "make the index again: \"posthaste stop\", then \"posthaste " + log.name + " rebuild\"";
}

Read index_read(const IndexedLog& log) { return {"the " + log.name + "'s index", rebuild_words(log)}; }

namespace {

Outcome<void> expect_unused(const config::Config& config, const IndexedLog& log) {
  for (const char* daemon : log.daemons) {
    if (!is_running(daemon, config)) continue;
    return Failure(std::string(daemon) + " runs, and uses the " + log.name + ": \"posthaste stop\" ends it");
  }
  return {};
}

}  // namespace

Outcome<Report> rebuild_index(const config::Config& config, const IndexedLog& log, Loss loss) {
  if (const auto unused = expect_unused(config, log); !unused) return Failure(unused.error());
  const auto counted = in_child(config, index_read(log), [&log]() -> Outcome<Report> {
    Report report;
    if (const auto held = log.held()) report.json = {{"held", *held}};
    return report;
  });
  std::optional<std::uint64_t> before;  // of a damaged one nothing is known: its reader may end by it
  if (counted && counted->json.contains("held")) before = counted->json["held"].get<std::uint64_t>();
  return in_child(config, index_read(log), [&] { return rebuild_alone(log, before, loss); });
}

Outcome<Report> begin_empty(const config::Config& config, const IndexedLog& log) {
  if (const auto unused = expect_unused(config, log); !unused) return Failure(unused.error());
  const std::string directory = log.directory.string();
  if (!journal::holds_nothing(log.directory)) {
    return Failure(directory + " holds a " + log.name +
                   ", or can't be read; nothing was changed. To begin with an " + "empty one, move it away first");
  }
  const auto cleared = log.mark.clear();
  if (!cleared) return Failure(cleared.error());
  return Report{"\"posthaste start\" makes an empty " + log.name + " in " + directory + ".\n",
                {{"folder", directory}, {"was_missed", *cleared}}};
}

}  // namespace posthaste::admin
