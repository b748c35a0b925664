#include "admin/store.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <optional>
#include <utility>

#include "common/daemon/privileges.h"
#include "common/journal/log.h"
#include "common/store/recovery.h"
#include "common/store/store.h"

namespace posthaste::admin {
namespace {

namespace fs = std::filesystem;
using Kind = OpenError::Kind;

constexpr const char* kRebuildIt = "make the index again: \"posthaste stop\", then \"posthaste store rebuild\"";

std::uint64_t map_octets(const config::Config& config) {
  return std::min(config.store.map_octets, store::kIndexMapOctets);
}

std::string words_for(const OpenError& error) {
  switch (error.kind) {
    case Kind::unavailable: return error.text;
    case Kind::damaged: return error.text + ": " + kRebuildIt;
    case Kind::full: return error.text + ": make room on its file system, and try again";
    case Kind::io: return error.text + ": see the disk and the kernel's log";
  }
  std::unreachable();
}

nlohmann::json packed(const Outcome<Report>& outcome) {
  if (!outcome) return {{"failure", outcome.error()}};
  return {{"text", outcome->text}, {"json", outcome->json}, {"success", outcome->success}};
}

Outcome<Report> unpacked(const std::string& octets) {
  const auto packed = nlohmann::json::parse(octets, nullptr, false);
  if (packed.contains("failure")) return Failure(packed["failure"].get<std::string>());
  if (!packed.contains("text")) return Failure("the work was broken off; begin it again");
  return Report{packed["text"].get<std::string>(), packed["json"], packed["success"].get<bool>()};
}

std::string read_all(int descriptor) {
  std::string octets;
  std::array<char, 65'536> piece;
  for (;;) {
    const ssize_t got = read(descriptor, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return octets;
    octets.append(piece.data(), static_cast<std::size_t>(got));
  }
}

/// Runs `work` in a child, as the installation's user: root would follow links in that user's folders, and leave
/// files there that the daemons cannot open. A mapped file that is shorter than it says ends its reader; here that
/// is the child.
Outcome<Report> in_child(const config::Config& config, const std::function<Outcome<Report>()>& work) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return Failure(std::string("no pipe: ") + std::strerror(errno));
  const pid_t child = fork();
  if (child < 0) return Failure(std::string("no child process: ") + std::strerror(errno));
  if (child == 0) {
    close(ends[0]);
    const auto dropped = daemon::drop_privileges(config);
    const std::string said = packed(dropped ? work() : Failure(dropped.error())).dump();
    const journal::FileDescriptor out(ends[1]);
    for (std::string_view rest = said; !rest.empty();) {
      const ssize_t written = write(out.get(), rest.data(), rest.size());
      if (written <= 0) std::_Exit(EXIT_FAILURE);
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
    std::_Exit(EXIT_SUCCESS);
  }
  close(ends[1]);
  const std::string said = read_all(ends[0]);
  close(ends[0]);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) {
    return Failure("the store's index cannot be read (" + std::string(strsignal(WTERMSIG(status))) +
                   "): " + kRebuildIt);
  }
  return unpacked(said);
}

std::string counted(std::uint64_t count, const char* what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

Report report_of(const store::CheckReport& found, store::CheckDepth depth) {
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
        kRebuildIt + "; if it comes again, tell the makers.\n";
  }
  report.json = {{"problems", found.problems}, {"users", found.users},   {"mailboxes", found.mailboxes},
                 {"messages", found.messages}, {"blobs", found.blobs},   {"octets", found.octets},
                 {"bodies", with_bodies},      {"sound", report.success}};
  return report;
}

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

Outcome<Report> rebuild(const config::Config& config) {
  const fs::path directory = config.paths.store;
  const auto lock = journal::lock_writer(directory / "writer.lock");
  if (!lock) return Failure(lock.error().text + ": deliveryd runs, or another rebuild; \"posthaste stop\" ends it");
  const fs::path fresh = directory / "index.new";
  std::error_code failed;
  fs::remove_all(fresh, failed);  // of one that was broken off
  if (failed) return Failure(fresh.string() + ": " + failed.message());
  const auto built = store::rebuild_index(directory / "log", fresh, map_octets(config));
  if (!built && built.error().kind == Kind::damaged) {
    return Failure(built.error().text +
                   ": the log itself is damaged, and the index was left as it was; take the log from a backup");
  }
  if (!built) return Failure(words_for(built.error()));
  if (!journal::sync_directory(fresh)) return system_failure(fresh);
  const auto old = put_in_place(directory, fresh);
  if (!old) return Failure(old.error());
  Report report;
  report.text = "The index is made again from the log. \"posthaste start\" starts the daemons.\n";
  if (*old) report.text += "The old one is " + (*old)->string() + "; delete it when all is well.\n";
  report.json = {{"index", (directory / "index").string()},
                 {"old", *old ? nlohmann::json((*old)->string()) : nlohmann::json{}}};
  return report;
}

}  // namespace

Outcome<Report> check_store(const config::Config& config, store::CheckDepth depth) {
  const auto check_it = [&config, depth]() -> Outcome<Report> {
    const auto opened = store::Store::open(config.paths.store, map_octets(config));
    if (!opened) return Failure("the store cannot be opened: " + words_for(opened.error()));
    return report_of(store::check(**opened, depth), depth);
  };
  return in_child(config, check_it);
}

Outcome<Report> rebuild_store(const config::Config& config) {
  return in_child(config, [&config] { return rebuild(config); });
}

}  // namespace posthaste::admin
