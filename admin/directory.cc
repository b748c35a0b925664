#include "admin/directory.h"

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <string>

#include "admin/in_child.h"
#include "admin/index.h"
#include "admin/queue.h"
#include "admin/store.h"
#include "common/auth/check.h"
#include "common/auth/open_words.h"
#include "common/journal/fresh_index.h"
#include "common/lmdb/look_through.h"

namespace posthaste::admin {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kLookMax{1};

std::string counted(std::uint64_t count, const char* one, const char* several) {
  return std::to_string(count) + " " + (count == 1 ? one : several);
}

Report report_of(const auth::DirectoryReport& found) {
  Report report;
  report.success = found.problems.empty();
  for (const auto& problem : found.problems) report.text += problem + "\n";
  for (const auto& note : found.notes) report.text += note + "\n";
  report.text += counted(found.domains, "domain", "domains") + ", " + counted(found.users, "user", "users") + ", " +
                 counted(found.aliases, "alias", "aliases") + ", " +
                 counted(found.app_passwords, "app password", "app passwords") + ", " +
                 counted(found.routes, "route", "routes") + ": ";
  report.text += report.success ? "sound.\n"
                                : std::to_string(found.problems.size()) +
                                      " found wrong. Restore the directory from a backup, of the same time as the "
                                      "store.\n";
  report.json = {{"problems", found.problems}, {"notes", found.notes},     {"domains", found.domains},
                 {"users", found.users},       {"aliases", found.aliases}, {"app_passwords", found.app_passwords},
                 {"routes", found.routes},     {"sound", report.success}};
  return report;
}

Outcome<Report> check_now(const config::Config& config) {
  if (const auto there = expect_directory(config); !there) return Failure(there.error());
  const auto found = auth::check_directory(config.paths.directory);
  if (!found) return Failure(auth::open_words(config.paths.directory, found.error()));
  return report_of(*found);
}

/// Whether it is not ours to look at: then nothing can be said.
bool is_closed_to_us(const fs::path& data) { return access(data.c_str(), R_OK) != 0 && errno == EACCES; }

Outcome<Report> look_at_directory(const config::Config& config) {
  if (is_closed_to_us(config.paths.directory / "data.mdb")) return Report{};
  auto report = check_now(config);
  if (!report || report->success) return report;
  return Failure((config.paths.directory / "data.mdb").string() + ": " +
                 counted(report->json["problems"].size(), "thing is", "things are") +
                 " wrong; \"posthaste directory check\" tells more");
}

Outcome<Report> look_at_index(const IndexedLog& log) {
  const fs::path index = log.directory / "index";
  if (is_closed_to_us(index / "data.mdb")) return Report{};
  const auto nothing_yet = is_new(log);
  if (!nothing_yet) return Failure(nothing_yet.error());
  if (journal::has_lost_its_index(log.directory)) return Failure(index_is_gone(log));
  const auto wrong = lmdb::look_through(index, kLookMax);
  if (!wrong) return Report{};
  return Failure(index.string() + ": " + *wrong + "; " + rebuild_words(log));
}

}  // namespace

Outcome<Report> check_directory(const config::Config& config) {
  return in_child(config, directory_read(config), [&config] { return check_now(config); });
}

Report look_at_databases(const config::Config& config) {
  Report all;
  const auto add = [&](const char* name, const Outcome<Report>& looked) {
    all.json[name] = {{"sound", looked.has_value()}};
    if (looked) return;
    all.success = false;
    all.json[name]["problem"] = looked.error();
    const std::string end = looked.error().ends_with('\n') ? "" : "\n";
    all.text += std::string("the ") + name + " is not right: " + looked.error() + end;
  };
  add("directory", in_child(config, directory_read(config), [&] { return look_at_directory(config); }));
  for (const IndexedLog& log : {store_of(config), queue_of(config)}) {
    add(log.name.c_str(), in_child(config, index_read(log), [&] { return look_at_index(log); }));
  }
  return all;
}

}  // namespace posthaste::admin
