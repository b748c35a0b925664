#include "admin/store.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

#include "admin/index.h"
#include "common/store/open_words.h"
#include "common/store/recovery.h"
#include "common/store/store.h"

namespace posthaste::admin {
namespace {

namespace fs = std::filesystem;

std::uint64_t map_octets(const config::Config& config) {
  return std::min(config.store.map_octets, store::kIndexMapOctets);
}

IndexedLog store_of(const config::Config& config) {
  static constexpr std::array kDaemons = {"deliveryd", "imapd", "pop3d"};
  return {config.paths.store, "store", kDaemons,
          [map = map_octets(config)](const fs::path& log, const fs::path& index) {
            return store::rebuild_index(log, index, map);
          }};
}

std::string counted(std::uint64_t count, const char* what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

Report report_of(const store::CheckReport& found, store::CheckDepth depth, const std::string& rebuild_it) {
  const bool with_bodies = depth == store::CheckDepth::bodies;
  Report report;
  report.success = found.problems.empty();
  for (const auto& problem : found.problems) report.text += problem + "\n";
  report.text += counted(found.users, "user") + ", " + std::to_string(found.mailboxes) +
                 (found.mailboxes == 1 ? " mailbox" : " mailboxes") + ", " + counted(found.messages, "message") +
                 ", " + counted(found.octets, "octet") + (with_bodies ? ", all of them read: " : ": ");
  if (report.success) {
    report.text += with_bodies ? "sound.\n" : "the index is sound. --bodies reads the messages, too.\n";
  } else {
    report.text +=
        std::to_string(found.problems.size()) +
        " found wrong.\nA blob that is damaged is a message lost: take it from a backup, or expunge it. For "
        "all else, " +
        rebuild_it + "; if it comes again, tell the makers.\n";
  }
  if (found.changing > 0) {
    report.text +=
        counted(found.changing, "user") +
        " changed all the while and could not be compared: check again in a quiet hour, or with the daemons "
        "stopped.\n";
  }
  report.json = {{"problems", found.problems}, {"users", found.users},       {"mailboxes", found.mailboxes},
                 {"messages", found.messages}, {"blobs", found.blobs},       {"octets", found.octets},
                 {"bodies", with_bodies},      {"changing", found.changing}, {"sound", report.success}};
  return report;
}

}  // namespace

Outcome<Report> check_store(const config::Config& config, store::CheckDepth depth) {
  const IndexedLog log = store_of(config);
  const auto check_it = [&]() -> Outcome<Report> {
    const auto opened = store::Store::open(config.paths.store, map_octets(config));
    if (!opened) return Failure(store::open_words(opened.error()));
    return report_of(store::check(**opened, depth), depth, rebuild_words(log));
  };
  return in_child(config, log, check_it);
}

Outcome<Report> rebuild_store(const config::Config& config) { return rebuild_index(config, store_of(config)); }

}  // namespace posthaste::admin
