#include "admin/store.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "admin/index.h"
#include "common/auth/directory.h"
#include "common/auth/open_words.h"
#include "common/base/ids.h"
#include "common/config/layout.h"
#include "common/journal/fresh_index.h"
#include "common/store/examine.h"
#include "common/store/open_words.h"
#include "common/store/recovery.h"
#include "common/store/rows.h"
#include "common/store/store.h"
#include "common/store/whereabouts.h"

namespace posthaste::admin {
namespace {

namespace fs = std::filesystem;

std::uint64_t map_octets(const config::Config& config) {
  return std::min(config.store.map_octets, store::kIndexMapOctets);
}

std::string counted(std::uint64_t count, const char* what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

std::string passed_over(const store::DamagedBlob& blob) {
  return to_string(blob) +
         " is damaged; its message was deleted, so nothing is lost, and a rebuild passes over it.";
}

Rebuilt in_words(const store::RebuiltIndex& index) {
  Rebuilt rebuilt;
  rebuilt.held = index.messages;
  rebuilt.counts = counted(index.users, "user") + ", " + counted(index.messages, "message");
  for (const auto& blob : index.passed_over) rebuilt.notes.push_back(passed_over(blob));
  rebuilt.json = {{"users", index.users}, {"messages", index.messages}, {"passed_over", index.passed_over.size()}};
  return rebuilt;
}

}  // namespace

IndexedLog store_of(const config::Config& config) {
  static constexpr std::array kDaemons = {"deliveryd", "imapd", "pop3d"};
  const auto rebuild = [map = map_octets(config)](const fs::path& log,
                                                  const fs::path& index) -> std::expected<Rebuilt, OpenError> {
    const auto rebuilt = store::rebuild_index(log, index, map);
    if (!rebuilt) return std::unexpected(rebuilt.error());
    return in_words(*rebuilt);
  };
  const auto held = [folder = config.paths.store, map = map_octets(config)]() -> std::optional<std::uint64_t> {
    const auto users = store::users_in(folder, map);
    if (!users) return std::nullopt;
    std::uint64_t messages = 0;
    for (const auto& [user, theirs] : *users) messages += theirs;
    return messages;
  };
  const auto fault_at_start = [directory = config.paths.store,
                               map = map_octets(config)]() -> std::optional<OpenError> {
    const auto index = store::open_index(directory / "index", lmdb::Environment::Access::read, map);
    if (!index) return index.error();
    const auto read = store::examine_log(**index, directory / "log", store::Extent::what_the_index_lacks);
    if (!read) return read.error();
    return std::nullopt;
  };
  return {.directory = config.paths.store,
          .name = "store",
          .daemons = kDaemons,
          .rebuild = rebuild,
          .held = held,
          .what_is_held = "messages",
          .open_words = store::open_words,
          .mark = {config::made_mark(config, "store"), "store", journal::MadeMark::Backup::helps},
          .from_backup = true,
          .fault_at_start = fault_at_start,
          .with_old_index = ""};
}

namespace {

/// What the directory says of users, when it can be read.
struct KnownUsers {
  std::map<UserId, std::string> addresses;
  UserId next{};
  std::vector<UserId> departed;  // ascending
};

Outcome<Report> list_known_users(const config::Config& config) {
  const auto directory = auth::Directory::open(config.paths.directory, auth::Role::reader);
  if (!directory) return Failure(auth::open_words(config.paths.directory, directory.error()));
  const auto users = directory->list_users();
  const auto next = directory->next_user();
  const auto departed = directory->departed_users(UserId{}, SIZE_MAX);
  for (const auto& error :
       {users ? std::nullopt : std::optional(users.error()), next ? std::nullopt : std::optional(next.error()),
        departed ? std::nullopt : std::optional(departed.error())}) {
    if (error) return Failure(auth::open_words(config.paths.directory, *error));
  }
  Report report;
  report.json = {
      {"next", number(*next)}, {"users", nlohmann::json::array()}, {"departed", nlohmann::json::array()}};
  for (const auto& user : *users) report.json["users"].push_back({number(user.id), user.address});
  for (const UserId user : *departed) report.json["departed"].push_back(number(user));
  return report;
}

/// In a child of its own: when that ends the reader, the directory is to blame and not the store.
Outcome<KnownUsers> known_users(const config::Config& config) {
  const auto listed = in_child(config, directory_read(config), [&config] { return list_known_users(config); });
  if (!listed) return Failure(listed.error());
  KnownUsers known;
  known.next = UserId{listed->json["next"].get<std::uint64_t>()};
  for (const auto& user : listed->json["users"]) {
    known.addresses.emplace(UserId{user[0].get<std::uint64_t>()}, user[1].get<std::string>());
  }
  for (const auto& user : listed->json["departed"]) known.departed.push_back(UserId{user.get<std::uint64_t>()});
  return known;
}

/// What is found wrong beside what the checker finds.
struct Findings {
  std::vector<std::string> problems;
  std::vector<std::string> notes;
  std::optional<OpenError> start;    // why the next one fails
  std::optional<OpenError> rebuild;  // likewise
};

/// Damaged bodies of messages that are gone; those that live are found by the checker.
std::vector<std::string> notes_on(lmdb::Environment& index, const std::vector<store::DamagedBlob>& damaged) {
  std::vector<std::string> notes;
  const auto txn = lmdb::ReadTxn::begin(index);
  if (!txn) return notes;
  const store::View view = txn->view();
  for (const auto& blob : damaged) {
    if (!store::find_blob(view, blob.blob)) notes.push_back(passed_over(blob));
  }
  return notes;
}

/// Of whom the store has something, and whose number the directory never gave.
std::vector<UserId> users_above(const std::vector<std::pair<UserId, std::uint64_t>>& users, UserId next_user) {
  std::vector<UserId> above;
  for (const auto& [user, messages] : users) {
    if (user >= next_user) above.push_back(user);
  }
  return above;
}

void look_for_unknown_users(const config::Config& config, const Outcome<KnownUsers>& known, Findings& findings) {
  if (!known) return findings.notes.push_back(known.error());
  const auto users = store::users_in(config.paths.store, map_octets(config));
  if (!users) return;  // the checker says why
  for (const UserId user : users_above(*users, known->next)) {
    findings.problems.push_back("user " + std::to_string(number(user)) +
                                ": the directory never gave this number; take directory and store from one backup");
  }
  for (const auto& [user, messages] : *users) {
    const bool is_known = known->addresses.contains(user) || std::ranges::binary_search(known->departed, user);
    if (user >= known->next || is_known) continue;
    findings.notes.push_back("User " + std::to_string(number(user)) + " has " + counted(messages, "message") +
                             ", and the directory has no such user.");
  }
}

/// Whether a start, and a rebuild if `depth` is bodies, would read the log.
void examine(const config::Config& config, lmdb::Environment& index, store::CheckDepth depth, Findings& findings) {
  const auto log = config.paths.store / "log";
  const auto start = store::examine_log(index, log, store::Extent::what_the_index_lacks);
  if (!start) {
    findings.start = start.error();
    findings.problems.push_back(start.error().text + ": deliveryd does not start with this");
  }
  if (!start || depth != store::CheckDepth::bodies) return;
  const auto rebuild = store::examine_log(index, log, store::Extent::all);
  if (rebuild) {
    findings.notes = notes_on(index, rebuild->damaged);
  } else {
    findings.rebuild = rebuild.error();
    findings.problems.push_back(rebuild.error().text + ": \"posthaste store rebuild\" fails with this");
  }
}

void add_addresses(const store::CheckReport& found, const std::map<UserId, std::string>& addresses,
                   Report& report) {
  std::map<UserId, std::string> named;
  report.json["damaged"] = nlohmann::json::array();
  for (const auto& [location, places] : found.damaged) {
    for (const auto& place : places) {
      const auto known = addresses.find(place.user);
      if (known != addresses.end()) named.insert(*known);
      report.json["damaged"].push_back(
          {{"blob", number(location.blob)},
           {"user", number(place.user)},
           {"address", known != addresses.end() ? nlohmann::json(known->second) : nlohmann::json{}},
           {"mailbox", place.mailbox},
           {"uid", number(place.uid)}});
    }
  }
  for (const auto& [user, address] : named) {
    report.text += "User " + std::to_string(number(user)) + " is " + address + ".\n";
  }
}

/// What helps against what was found, each case for itself.
std::string remedies(const store::CheckReport& found, const Findings& beside, const std::string& rebuild_it) {
  std::string text;
  const auto is_denied = [](const std::optional<OpenError>& error) {
    return error && error->kind == OpenError::Kind::denied;
  };
  if (!found.closed.empty() || is_denied(beside.start) || is_denied(beside.rebuild)) {
    text += "The folder store and all in it must belong to the daemons' user (chown -R): then check again.\n";
  }
  if (!found.damaged.empty()) {
    text +=
        "A blob that is damaged is a message lost: take it from a backup, or expunge it; a rebuild refuses until "
        "then.\n";
  }
  const bool log_is_damaged = beside.start && !is_denied(beside.start);
  const bool rebuild_fails = beside.rebuild && !is_denied(beside.rebuild);
  if (log_is_damaged) {
    text += "The log and the index do not fit together, or the log is damaged: " + rebuild_it +
            "; when that refuses, take the folder store from a backup.\n";
  } else if (rebuild_fails) {
    text +=
        "The damaged record is no message. What it said is in the index: nothing is missing, and the daemons go "
        "on. "
        "But the index cannot be made again from this log: copy the folder store away now, with its index, or take "
        "it from a backup.\n";
  }
  const bool index_is_wrong = found.problems.size() > found.damaged.size() + found.closed.size();
  if (index_is_wrong && !log_is_damaged && !rebuild_fails) {
    text += "For the index, " + rebuild_it + "; if it comes again, tell the makers.\n";
  } else if (index_is_wrong && rebuild_fails) {
    text += "The index is wrong, too: take the folder store from a backup.\n";
  }
  return text;
}

Report report_of(const store::CheckReport& found, const Findings& beside,
                 const std::map<UserId, std::string>& addresses, store::CheckDepth depth,
                 const std::string& rebuild_it) {
  const bool with_bodies = depth == store::CheckDepth::bodies;
  auto problems = beside.problems;
  problems.insert(problems.end(), found.problems.begin(), found.problems.end());
  Report report;
  report.success = problems.empty();
  for (const auto& problem : problems) report.text += problem + "\n";
  add_addresses(found, addresses, report);
  for (const auto& note : beside.notes) report.text += note + "\n";
  report.text += counted(found.users, "user") + " with mailboxes, " + std::to_string(found.mailboxes) +
                 (found.mailboxes == 1 ? " mailbox" : " mailboxes") + ", " + counted(found.messages, "message") +
                 ", " + counted(found.octets, "octet") + (with_bodies ? ", all of them read: " : ": ");
  if (report.success) {
    report.text += with_bodies ? "sound.\n" : "the index is sound. --bodies reads the messages, too.\n";
  } else {
    report.text += std::to_string(problems.size()) + " found wrong.\n" + remedies(found, beside, rebuild_it);
  }
  if (found.changing > 0) {
    report.text +=
        counted(found.changing, "user") +
        " changed all the while and could not be compared: check again in a quiet hour, or with the daemons "
        "stopped.\n";
  }
  report.json.update({{"problems", problems},
                      {"notes", beside.notes},
                      {"users", found.users},
                      {"mailboxes", found.mailboxes},
                      {"messages", found.messages},
                      {"blobs", found.blobs},
                      {"octets", found.octets},
                      {"bodies", with_bodies},
                      {"changing", found.changing},
                      {"sound", report.success}});
  return report;
}

/// Of a log whose index is gone: what a start makes of it.
Outcome<Report> check_without_index(const config::Config& config) {
  const auto examined = store::examine_log(config.paths.store / "log");
  if (!examined)
    return Failure("the index is gone, and " + store::open_words(examined.error(), WasRead::log_alone));
  Report report = without_index(store_of(config));
  for (const auto& blob : examined->damaged) {
    report.text += to_string(blob) + " is damaged: both refuse, unless its message was deleted.\n";
  }
  report.json["damaged"] = examined->damaged.size();
  return report;
}

Outcome<Report> check_in_child(const config::Config& config, const Outcome<KnownUsers>& known,
                               store::CheckDepth depth, const std::string& rebuild_it) {
  const auto nothing_yet = is_new(store_of(config));
  if (!nothing_yet) return Failure(nothing_yet.error());
  if (*nothing_yet) {
    return Report{"Nothing is stored yet: deliveryd has not been started.\n", {{"sound", true}, {"users", 0}}};
  }
  if (journal::has_lost_its_index(config.paths.store)) return check_without_index(config);
  const auto index =
      store::open_index(config.paths.store / "index", lmdb::Environment::Access::read, map_octets(config));
  if (!index) return Failure(store::open_words(index.error()));
  Findings findings;
  look_for_unknown_users(config, known, findings);
  examine(config, **index, depth, findings);
  const auto opened = store::Store::open(config.paths.store, map_octets(config));
  if (!opened) return Failure(store::open_words(opened.error()));
  const auto found = store::check(**opened, depth);
  return report_of(found, findings, known ? known->addresses : std::map<UserId, std::string>{}, depth, rebuild_it);
}

}  // namespace

Outcome<Report> check_store(const config::Config& config, store::CheckDepth depth) {
  const IndexedLog log = store_of(config);
  const auto known = known_users(config);
  return in_child(config, index_read(log),
                  [&] { return check_in_child(config, known, depth, rebuild_words(log)); });
}

Outcome<Report> rebuild_store(const config::Config& config, Loss loss) {
  return rebuild_index(config, store_of(config), loss);
}

Outcome<Report> begin_empty_store(const config::Config& config) { return begin_empty(config, store_of(config)); }

namespace {

Outcome<Report> list_numbers(const config::Config& config) {
  const auto nothing_yet = is_new(store_of(config));
  if (!nothing_yet) return Failure(nothing_yet.error());
  Report report;
  report.json = nlohmann::json::array();
  if (*nothing_yet) return report;
  if (journal::has_lost_its_index(config.paths.store)) {
    return Failure(index_is_gone(store_of(config)));
  }
  const auto users = store::users_in(config.paths.store, map_octets(config));
  if (!users && users.error().kind == OpenError::Kind::absent) return report;  // nothing was stored yet
  if (!users) return Failure(store::open_words(users.error()));
  for (const auto& [user, messages] : *users) report.json.push_back(number(user));
  return report;
}

}  // namespace

Outcome<std::vector<UserId>> numbers_in_store(const config::Config& config) {
  const auto listed = in_child(config, index_read(store_of(config)), [&config] { return list_numbers(config); });
  if (!listed) {
    return Failure(listed.error() +
                   "; until then no user can be added, who might get the number, and so the mail, of another");
  }
  std::vector<UserId> numbers;
  for (const auto& user : listed->json) numbers.push_back(UserId{user.get<std::uint64_t>()});
  return numbers;
}

Outcome<std::string> keep_numbers(auth::Directory& directory, const std::vector<UserId>& numbers) {
  const auto next = directory.next_user();
  if (!next) return Failure(sentence(next.error(), "the directory"));
  const auto unknown = std::ranges::count_if(numbers, [&next](UserId user) { return user >= *next; });
  if (unknown == 0) return std::string{};
  auto change = directory.change();
  if (!change) return Failure(sentence(change.error(), "the directory"));
  if (const auto kept = change->keep_numbers(std::ranges::max(numbers)); !kept) {
    return Failure(sentence(kept.error(), "the directory"));
  }
  if (const auto committed = change->commit(); !committed) {
    return Failure(sentence(committed.error(), "the directory"));
  }
  return "The store has mail of " + counted(static_cast<std::uint64_t>(unknown), "user") +
         " whom this directory never had: nobody gets their numbers. If the directory was lost, take it and the "
         "store from one backup.\n";
}

}  // namespace posthaste::admin
