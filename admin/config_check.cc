#include "admin/config_check.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "admin/directory.h"
#include "admin/in_child.h"
#include "admin/index.h"
#include "admin/queue.h"
#include "admin/store.h"
#include "admin/surroundings.h"
#include "common/base/open_words.h"
#include "common/base/trusted_folder.h"
#include "common/config/layout.h"
#include "common/daemon/privileges.h"
#include "common/journal/fresh_index.h"

namespace posthaste::admin {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kRoot = 0;

/// What is wrong with whom the daemons will be.
std::optional<std::string> wrong_user(const config::Config& config) {
  const auto owner = daemon::child_of_root(config);
  if (!owner) return owner.error();
  const std::optional<Owner> child = *owner;
  const bool is_root = config.user == "root" || (child && child->user == kRoot);
  if (!is_root) return std::nullopt;
  return "the daemons would run as root: make a system user (useradd --system posthaste), give it directory, "
         "store, "
         "queue and spool, and set user = \"posthaste\"";
}

/// The folders that root opens, when others than root can change them.
std::vector<std::string> wrong_folders(const config::Config& config) {
  std::vector<fs::path> folders{config.paths.run};
  if (const auto log = config::log_file(config, "smtpd")) folders.push_back(log->parent_path());
  std::vector<std::string> wrong;
  for (const auto& folder : folders) {
    const auto opened = TrustedFolder::open(folder);
    if (opened || opened.error().code == std::errc::no_such_file_or_directory) continue;
    wrong.push_back(opened.error().text);
  }
  return wrong;
}

/// The first of `folder`, its log, its index and the files in them that this user can't read and write. What is
/// not there is made; what else lies there is the operator's.
std::optional<fs::path> closed_place(const fs::path& folder) {
  const auto is_closed = [](const fs::path& path, int how) {
    return access(path.c_str(), how) != 0 && errno == EACCES;
  };
  for (const fs::path& place : {folder, folder / "log", folder / "index"}) {
    if (is_closed(place, R_OK | W_OK | X_OK)) return place;
    std::error_code failed;
    for (fs::directory_iterator entry{place, failed}, end; !failed && entry != end; entry.increment(failed)) {
      std::error_code ignored;
      const bool is_file = fs::is_regular_file(entry->symlink_status(ignored));
      if (is_file && is_closed(entry->path(), R_OK | W_OK)) return entry->path();
    }
  }
  return std::nullopt;
}

/// Why the next start could not read a log beside its index. An index that can't be looked through is told of by
/// look_at_databases().
Outcome<Report> look_at_log(const IndexedLog& log) {
  const auto nothing_yet = is_new(log);
  if (!nothing_yet) return Failure(nothing_yet.error());
  if (*nothing_yet || journal::has_lost_its_index(log.directory)) return Report{};
  const auto fault = log.fault_at_start();
  if (!fault) return Report{};
  return Failure(log.open_words(*fault, WasRead::index_and_log));
}

/// As the daemons' user.
std::vector<std::string> wrong_files(const config::Config& config) {
  std::vector<std::string> wrong;
  for (const fs::path& folder :
       {config.paths.directory, config.paths.store, config.paths.queue, config::spool_folder(config)}) {
    const auto closed = closed_place(folder);
    if (!closed) continue;
    wrong.push_back(closed->string() + " can't be read and written by the user " + own_user_name() +
                    ", as whom the daemons run: \"chown -R " + own_user_name() + ": " + folder.string() + "\"");
  }
  if (!wrong.empty()) return wrong;  // all else would say it again
  if (const auto there = expect_directory(config); !there) wrong.push_back(there.error());
  const Report databases = look_at_databases(config);
  for (const auto& [name, found] : databases.json.items()) {
    const bool is_told = name == "directory" && !wrong.empty();
    if (found.contains("problem") && !is_told) wrong.push_back(found["problem"].get<std::string>());
  }
  for (const IndexedLog& log : {store_of(config), queue_of(config)}) {
    if (databases.json[log.name].contains("problem")) continue;
    const auto looked = in_child(config, index_read(log), [&log] { return look_at_log(log); });
    if (!looked) wrong.push_back(looked.error());
  }
  return wrong;
}

}  // namespace

Outcome<Report> check_config(const std::filesystem::path& file, const config::Config& config) {
  std::vector<std::string> wrong;
  if (const auto user = wrong_user(config)) wrong.push_back(*user);
  for (auto& each : wrong_folders(config)) wrong.push_back(std::move(each));
  if (const auto become = become_the_daemons_user(config); !become) return Failure(become.error());
  for (auto& each : wrong_files(config)) wrong.push_back(std::move(each));
  const Report certificates = look_at_certificates(config);
  Report report;
  report.success = wrong.empty() && certificates.success;
  for (const auto& each : wrong) report.text += each + "\n";
  report.text += certificates.text;
  if (report.success) report.text += file.string() + " is right.\n";
  for (const auto& each : certificates.json) {
    if (each.contains("fault")) wrong.push_back(each["fault"].get<std::string>());
  }
  report.json = {{"file", file.string()}, {"errors", wrong}, {"certificates", certificates.json}};
  return report;
}

}  // namespace posthaste::admin
