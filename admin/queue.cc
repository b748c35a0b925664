#include "admin/queue.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#include "admin/index.h"
#include "common/base/clock.h"
#include "common/base/date.h"
#include "common/base/ids.h"
#include "common/base/octets.h"
#include "common/config/layout.h"
#include "common/journal/fresh_index.h"
#include "common/net/stream.h"
#include "common/net/time_limit.h"
#include "common/net/uv_loop.h"
#include "common/net/uv_network.h"
#include "smtpd/queue/check.h"
#include "smtpd/queue/index.h"
#include "smtpd/queue/open_words.h"
#include "smtpd/queue/reader.h"
#include "smtpd/queue/recovery.h"

namespace posthaste::admin {
namespace {

constexpr std::chrono::milliseconds kControlTimeout = std::chrono::seconds{30};
constexpr std::size_t kTraceIdOctets = 16;

using OpenedQueue = std::unique_ptr<queue::Reader>;

std::string counted(std::uint64_t count, const char* one, const char* several) {
  return std::to_string(count) + " " + (count == 1 ? one : several);
}

}  // namespace

IndexedLog queue_of(const config::Config& config) {
  static constexpr std::array kDaemons = {"smtpd"};
  const auto rebuild = [](const std::filesystem::path& log,
                          const std::filesystem::path& index) -> std::expected<Rebuilt, OpenError> {
    const auto rebuilt = queue::rebuild_index(log, index);
    if (!rebuilt) return std::unexpected(rebuilt.error());
    return Rebuilt{counted(rebuilt->entries, "entry", "entries") + ", " +
                       counted(rebuilt->recipients, "recipient", "recipients"),
                   rebuilt->entries,
                   {},
                   {{"entries", rebuilt->entries}, {"recipients", rebuilt->recipients}}};
  };
  const auto fault_at_start = [directory = config.paths.queue]() -> std::optional<OpenError> {
    const auto index =
        queue::open_index(directory / "index", lmdb::Environment::Access::read, queue::kIndexMapOctets);
    if (!index) return index.error();
    const auto read = queue::examine_log(index->get(), directory / "log", queue::Extent::what_the_index_lacks);
    if (!read) return read.error();
    return std::nullopt;
  };
  const auto held = [folder = config.paths.queue]() -> std::optional<std::uint64_t> {
    const auto reader = queue::Reader::open(folder);
    if (!reader) return std::nullopt;
    std::uint64_t entries = 0;
    const auto count = [&entries](const queue::Summary&) {
      ++entries;
      return true;
    };
    if (const auto walked = (*reader)->walk(count); !walked) return std::nullopt;
    return entries;
  };
  return {.directory = config.paths.queue,
          .name = "queue",
          .daemons = kDaemons,
          .rebuild = rebuild,
          .held = held,
          .what_is_held = "entries",
          .open_words = queue::open_words,
          .mark = {config::made_mark(config, "queue"), "queue", journal::MadeMark::Backup::harms},
          .from_backup = false,
          .fault_at_start = fault_at_start,
          .with_old_index = "\"posthaste start\" sends what waits"};
}

namespace {

Outcome<OpenedQueue> open_queue(const config::Config& config) {
  if (const auto seen = is_new(queue_of(config)); !seen) return Failure(seen.error());
  auto reader = queue::Reader::open(config.paths.queue);
  if (!reader) return Failure(queue::open_words(reader.error()));
  return std::move(*reader);
}

Failure unreadable() { return Failure("can't read the queue: try again, and see \"posthaste queue check\""); }

/// "in 4 min", "2 h ago": near enough for eyes.
std::string duration_in_words(std::chrono::seconds duration) {
  const auto count = duration.count();
  if (count < 120) return std::to_string(count) + " s";
  if (count < 7'200) return std::to_string(count / 60) + " min";
  if (count < 172'800) return std::to_string(count / 3'600) + " h";
  return std::to_string(count / 86'400) + " d";
}

std::string when(WallTime time, WallTime now) {
  const auto until = std::chrono::ceil<std::chrono::seconds>(time - now);
  return until.count() <= 0 ? "now" : "in " + duration_in_words(until);
}

std::string age(WallTime since, WallTime now) {
  return duration_in_words(std::chrono::floor<std::chrono::seconds>(now - since));
}

nlohmann::json json_time(std::optional<WallTime> time) {
  if (!time || time->time_since_epoch().count() == 0) return nullptr;
  return std::chrono::floor<std::chrono::seconds>(*time).time_since_epoch().count();
}

std::string_view word_for(const queue::Status& status) {
  switch (status.fate) {
    case queue::Fate::waiting: return status.held ? "held" : "waiting";
    case queue::Fate::delivered: return "delivered";
    case queue::Fate::relayed: return "relayed";
    case queue::Fate::failed: return "failed";
    case queue::Fate::dropped: return "dropped";
  }
  std::unreachable();
}

nlohmann::json json_of(const queue::Summary& entry) {
  return {{"entry", number(entry.id)},
          {"trace", entry.envelope.trace_id},
          {"from", to_string(entry.envelope.reverse_path)},
          {"arrived", json_time(entry.envelope.arrived)},
          {"octets", entry.octets},
          {"recipients", entry.recipients},
          {"waiting", entry.waiting},
          {"held", entry.held},
          {"next_attempt", json_time(entry.next_attempt)}};
}

bool is_held_as_damaged(const queue::QueuedRecipient& queued) {
  return queued.status.fate == queue::Fate::waiting && queued.status.held &&
         queued.status.last_reply == queue::kHeldAsDamaged;
}

/// Why nobody of an entry is tried: "held", or that and the damage.
std::string held_words(const queue::Entry& entry) {
  return std::ranges::any_of(entry.recipients, is_held_as_damaged) ? "held: the message is damaged" : "held";
}

/// The first for whom it waits, of all when it waits for none.
const queue::QueuedRecipient& first_waiting(const queue::Entry& entry) {
  const auto waits = [](const queue::QueuedRecipient& queued) {
    return queued.status.fate == queue::Fate::waiting;
  };
  const auto found = std::ranges::find_if(entry.recipients, waits);
  return found != entry.recipients.end() ? *found : entry.recipients.front();
}

std::string line_of(const queue::Summary& entry, const std::string& to, const std::string& next) {
  return std::to_string(number(entry.id)) + "  " + entry.envelope.trace_id + "  " +
         age(entry.envelope.arrived, wall_clock()) + " old  " + std::to_string(entry.octets) + " octets  from " +
         to_string(entry.envelope.reverse_path) + to + "  " + std::to_string(entry.waiting) + " of " +
         std::to_string(entry.recipients) + " recipients waiting, " + next + "\n";
}

nlohmann::json json_of(const queue::QueuedRecipient& queued) {
  const auto& [recipient, status] = queued;
  const bool waiting = status.fate == queue::Fate::waiting && !status.held;
  return {{"recipient", to_string(recipient.mailbox)},
          {"state", word_for(status)},
          {"attempts", status.attempts},
          {"last_attempt", json_time(status.last_attempt)},
          {"next_attempt", waiting ? json_time(status.next_attempt) : nlohmann::json{}},
          {"last_host", status.last_host},
          {"last_reply", status.last_reply}};
}

std::string lines_of(const queue::QueuedRecipient& queued, WallTime now) {
  const auto& [recipient, status] = queued;
  std::string text = "  " + to_string(recipient.mailbox) + ": " + std::string{word_for(status)};
  if (status.fate == queue::Fate::waiting && !status.held)
    text += ", next attempt " + when(status.next_attempt, now);
  text += ", " + std::to_string(status.attempts) + (status.attempts == 1 ? " attempt\n" : " attempts\n");
  if (status.last_reply.empty()) return text;
  text += "    " + age(status.last_attempt, now) + " ago";
  if (!status.last_host.empty()) text += ", " + status.last_host;
  return text + ": " + escaped(status.last_reply, 1'000) + "\n";
}

/// By number, or by the trace id that the client was told.
Outcome<queue::EntryId> find_entry(const queue::Reader& reader, const std::string& name) {
  const auto entry = parse_decimal(name);
  if (entry && name.size() < kTraceIdOctets) return static_cast<queue::EntryId>(*entry);
  std::optional<queue::EntryId> found;
  const auto look = [&](const queue::Summary& summary) {
    if (summary.envelope.trace_id == name) found = summary.id;
    return !found;
  };
  if (!reader.walk(look)) return unreadable();
  if (!found) return Failure("nothing in the queue is called " + name + ": see \"posthaste queue list\"");
  return *found;
}

/// Why it would do nothing to an entry, or not what is wanted; nothing when it would.
std::optional<std::string> in_vain(const queue::Reader& reader, queue::EntryId id, const std::string& name,
                                   queue::ControlAction action) {
  const auto entry = reader.read(id);
  if (!entry && entry.error() == queue::QueueError::not_found) {
    return "there is no entry " + name + ": see \"posthaste queue list\"";
  }
  if (!entry || action == queue::ControlAction::drop) return std::nullopt;
  std::size_t held = 0;
  std::size_t free = 0;
  for (const auto& queued : entry->recipients) {
    if (queued.status.fate == queue::Fate::waiting) ++(queued.status.held ? held : free);
  }
  const std::string which = "entry " + name;
  if (action == queue::ControlAction::hold) {
    return free > 0 ? std::nullopt : std::optional(which + " is held already; nothing was changed");
  }
  if (std::ranges::any_of(entry->recipients, is_held_as_damaged)) {
    return which + " is held because its message is damaged: it is never sent. Tell its sender, then \"posthaste " +
           "queue drop " + name + "\"";
  }
  if (action == queue::ControlAction::release) {
    return held > 0 ? std::nullopt : std::optional(which + " is not held; nothing was changed");
  }
  if (free > 0) return std::nullopt;
  return which + " is held: \"posthaste queue release " + name + "\" lets it go on";
}

net::Task<void> ask(net::UvLoop& loop, net::Endpoint socket, std::string line, std::optional<std::string>& heard) {
  net::UvNetwork network{loop};
  auto transport = co_await network.connect(std::move(socket), kControlTimeout);
  if (!transport) co_return;
  net::Stream stream{std::move(*transport), kControlTimeout};
  const net::TimeLimit limit{loop, stream, kControlTimeout};
  stream.write(line);
  stream.write(kCrlf);
  const auto answer = co_await stream.read_line(queue::kControlLineMaxOctets);
  if (answer) heard = std::string{*answer};
}

/// What was done to entry `name`.
std::string done_to(const std::string& name, queue::ControlAction action) {
  switch (action) {
    case queue::ControlAction::retry: return "Entry " + name + " is to be tried now.\n";
    case queue::ControlAction::hold: return "Held entry " + name + ".\n";
    case queue::ControlAction::release: return "Released entry " + name + ".\n";
    case queue::ControlAction::drop: return "Dropped entry " + name + ".\n";
  }
  std::unreachable();
}

/// Entries of which nobody is tried until they are released. Nothing when the queue can't be read.
std::optional<std::uint64_t> count_held(const config::Config& config) {
  const auto reader = open_queue(config);
  if (!reader) return std::nullopt;
  std::uint64_t held = 0;
  const auto count = [&held](const queue::Summary& entry) {
    if (entry.held > 0 && !entry.next_attempt) ++held;
    return true;
  };
  if (!(*reader)->walk(count)) return std::nullopt;
  return held;
}

/// What came of trying all.
std::string tried_all(std::uint64_t entries, std::uint64_t held) {
  std::string text = counted(entries, "entry is", "entries are") + " to be tried now.\n";
  if (held > 0) text += counted(held, "entry is held and stays.\n", "entries are held and stay.\n");
  return text;
}

/// What a change does not reach: the host that is asked now may take the message.
std::string_view what_goes_on(queue::ControlAction action) {
  switch (action) {
    case queue::ControlAction::retry:
    case queue::ControlAction::release: return "";
    case queue::ControlAction::hold:
      return "What is under way goes on, and no attempt follows it until \"release\".\n";
    case queue::ControlAction::drop:
      return "What is under way goes on and may still arrive; no attempt follows it, and nobody is told.\n";
  }
  std::unreachable();
}

/// Of a log whose index is gone: what a start makes of it.
Outcome<Report> check_without_index(const config::Config& config) {
  const auto records = queue::examine_log(nullptr, config.paths.queue / "log");
  if (!records) return Failure("the index is gone, and " + queue::open_words(records.error(), WasRead::log_alone));
  return without_index(queue_of(config));
}

/// What is found wrong beside what the checker finds.
struct Findings {
  std::vector<std::string> problems;
  std::optional<OpenError> start;    // why the next one fails
  std::optional<OpenError> rebuild;  // likewise
};

/// Whether a start, and a rebuild, would read the log.
Findings examine(const config::Config& config) {
  const auto index =
      queue::open_index(config.paths.queue / "index", lmdb::Environment::Access::read, queue::kIndexMapOctets);
  if (!index) return {{index.error().text}, {}, {}};
  Findings findings;
  const auto log = config.paths.queue / "log";
  const auto start = queue::examine_log(index->get(), log, queue::Extent::what_the_index_lacks);
  if (!start) {
    findings.start = start.error();
    findings.problems.push_back(start.error().text + ": smtpd does not start with this");
    return findings;
  }
  const auto rebuild = queue::examine_log(index->get(), log, queue::Extent::all);
  if (!rebuild) {
    findings.rebuild = rebuild.error();
    findings.problems.push_back(rebuild.error().text + ": \"posthaste queue rebuild\" fails with this");
  }
  return findings;
}

/// What helps against what was found, each case for itself.
std::string remedies(const queue::CheckReport& found, const Findings& beside, const config::Config& config,
                     const std::string& rebuild_it) {
  std::string text;
  const auto is_denied = [](const std::optional<OpenError>& error) {
    return error && error->kind == OpenError::Kind::denied;
  };
  if (!found.closed.empty() || is_denied(beside.start) || is_denied(beside.rebuild)) {
    text += "The folder queue and all in it must belong to the daemons' user (chown -R): then check again.\n";
  }
  for (const queue::EntryId entry : found.damaged) {
    const std::string name = std::to_string(number(entry));
    text += "The message of entry " + name + " is lost, and never sent as it is: \"posthaste queue show " + name +
            "\" says whose it is; tell the sender, then \"posthaste queue drop " + name + "\".\n";
  }
  const bool start_fails = beside.start && !is_denied(beside.start);
  const bool rebuild_fails = beside.rebuild && !is_denied(beside.rebuild);
  if (start_fails) {
    text +=
        "\"posthaste queue list\" says what waits: it is not sent any more, tell its senders. To go on "
        "without it: \"posthaste stop\"; move " +
        config.paths.queue.string() + " away; \"posthaste queue begin-empty\"; \"posthaste start\".\n";
  } else if (rebuild_fails) {
    text +=
        "The index has what the damaged record said, or says whose it was: smtpd starts, and sends all else. Make "
        "no rebuild until what waits now has left the queue.\n";
  }
  const std::size_t told = found.damaged.size() + found.closed.size();
  const bool index_is_wrong = found.problems.size() > told;
  if (index_is_wrong && !start_fails && !rebuild_fails) {
    text += "For the index, " + rebuild_it + "; if it comes again, tell the makers.\n";
  } else if (index_is_wrong && rebuild_fails) {
    text += "The index is wrong, too: move " + config.paths.queue.string() +
            " away, and \"posthaste queue begin-empty\" before the next start.\n";
  }
  return text;
}

Report report_of(const queue::CheckReport& found, const Findings& beside, const config::Config& config,
                 const std::string& rebuild_it) {
  auto problems = beside.problems;
  problems.insert(problems.end(), found.problems.begin(), found.problems.end());
  Report report;
  report.success = problems.empty();
  for (const auto& problem : problems) report.text += problem + "\n";
  report.text += counted(found.entries, "entry", "entries") + ", " +
                 counted(found.recipients, "recipient", "recipients") + ", " +
                 counted(found.octets, "octet", "octets") + ", all of them read: ";
  if (report.success) {
    report.text += "sound.\n";
  } else {
    report.text +=
        std::to_string(problems.size()) + " found wrong.\n" + remedies(found, beside, config, rebuild_it);
  }
  report.json = {{"problems", problems},
                 {"entries", found.entries},
                 {"recipients", found.recipients},
                 {"octets", found.octets},
                 {"sound", report.success}};
  return report;
}

}  // namespace

Outcome<Report> check_queue(const config::Config& config) {
  const IndexedLog log = queue_of(config);
  const auto check_it = [&]() -> Outcome<Report> {
    const auto nothing_yet = is_new(log);
    if (!nothing_yet) return Failure(nothing_yet.error());
    if (*nothing_yet) return Report{"Nothing was queued yet: smtpd has not been started.\n", {{"sound", true}}};
    if (journal::has_lost_its_index(config.paths.queue)) return check_without_index(config);
    const auto opened = queue::Reader::open(config.paths.queue);
    if (!opened) return Failure(queue::open_words(opened.error()));
    return report_of(queue::check(**opened), examine(config), config, rebuild_words(log));
  };
  return in_child(config, index_read(log), check_it);
}

Outcome<Report> rebuild_queue(const config::Config& config, Loss loss) {
  return rebuild_index(config, queue_of(config), loss);
}

Outcome<Report> begin_empty_queue(const config::Config& config) { return begin_empty(config, queue_of(config)); }

namespace {

Outcome<Report> list_entries(const config::Config& config) {
  const auto nothing_yet = is_new(queue_of(config));
  if (!nothing_yet) return Failure(nothing_yet.error());
  if (*nothing_yet) return Report{"The queue is empty.\n", {{"entries", nlohmann::json::array()}}};
  const auto reader = open_queue(config);
  if (!reader) return Failure(reader.error());
  const WallTime now = wall_clock();
  Report report;
  report.json["entries"] = nlohmann::json::array();
  const auto add = [&](const queue::Summary& entry) {
    const auto whole = (*reader)->read(entry.id);  // not there when it went meanwhile
    const bool has_recipients = whole && !whole->recipients.empty();
    const std::string to = has_recipients ? to_string(first_waiting(*whole).recipient.mailbox) : std::string{};
    const std::string held = whole ? held_words(*whole) : "held";
    report.text += line_of(entry, to.empty() ? "" : " to " + to,
                           entry.next_attempt ? "next " + when(*entry.next_attempt, now) : held);
    report.json["entries"].push_back(json_of(entry));
    report.json["entries"].back()["to"] = to.empty() ? nlohmann::json{} : nlohmann::json(to);
    return true;
  };
  if (!(*reader)->walk(add)) return unreadable();
  if (report.text.empty()) report.text = "The queue is empty.\n";
  return report;
}

Outcome<Report> show_one(const config::Config& config, const std::string& name) {
  const auto reader = open_queue(config);
  if (!reader) return Failure(reader.error());
  const auto id = find_entry(**reader, name);
  if (!id) return Failure(id.error());
  const auto entry = (*reader)->read(*id);
  if (!entry && entry.error() == queue::QueueError::not_found) {
    return Failure("there is no entry " + name + ": see \"posthaste queue list\"");
  }
  if (!entry) return unreadable();
  const WallTime now = wall_clock();
  const auto& envelope = entry->envelope;
  Report report;
  report.text = "Entry " + std::to_string(number(entry->id)) + ", trace " + envelope.trace_id + "\nFrom " +
                to_string(envelope.reverse_path) + ", arrived " + age(envelope.arrived, now) + " ago, " +
                std::to_string(entry->message.octets) + " octets\n";
  report.json = {{"entry", number(entry->id)},
                 {"trace", envelope.trace_id},
                 {"from", to_string(envelope.reverse_path)},
                 {"arrived", json_time(envelope.arrived)},
                 {"octets", entry->message.octets},
                 {"envid", envelope.envid ? nlohmann::json(*envelope.envid) : nlohmann::json{}},
                 {"recipients", nlohmann::json::array()}};
  for (const auto& recipient : entry->recipients) {
    report.text += lines_of(recipient, now);
    report.json["recipients"].push_back(json_of(recipient));
  }
  return report;
}

Outcome<Report> change_entries(const config::Config& config, queue::ControlAction action, const std::string& name) {
  queue::ControlRequest request{action, std::nullopt};
  if (name != "all") {
    const auto reader = open_queue(config);
    if (!reader) return Failure(reader.error());
    const auto id = find_entry(**reader, name);
    if (!id) return Failure(id.error());
    if (auto why = in_vain(**reader, *id, name, action)) return Failure(std::move(*why));
    request.entry = *id;
  } else if (action != queue::ControlAction::retry) {
    return Failure("only retry takes \"all\": name one entry");
  }
  net::UvLoop loop;
  std::optional<std::string> heard;
  loop.run(ask(loop, {config::control_socket(config, "smtpd"), 0}, queue::to_line(request), heard));
  if (!heard) return Failure("smtpd does not answer: is it running? \"posthaste start\" starts it");
  const auto answer = queue::parse_control_answer(*heard);
  if (!answer) return Failure("smtpd answers what this command does not understand: are they of one version?");
  if (!*answer) return Failure("smtpd says: " + answer->error());
  Report report;
  const auto& [entries, attempts] = **answer;
  report.json = {{"entries", entries}, {"attempts_under_way", attempts}};
  if (request.entry) {
    report.text =
        entries == 0 ? "Entry " + name + " is gone.\n" : done_to(std::to_string(number(*request.entry)), action);
  } else {
    const auto held = count_held(config);
    report.text = tried_all(entries, held.value_or(0));
    if (held) report.json["held"] = *held;
  }
  if (attempts != 0) report.text += what_goes_on(action);
  return report;
}

}  // namespace

Outcome<Report> list_queue(const config::Config& config) {
  return in_child(config, index_read(queue_of(config)), [&] { return list_entries(config); });
}

Outcome<Report> show_entry(const config::Config& config, const std::string& name) {
  return in_child(config, index_read(queue_of(config)), [&] { return show_one(config, name); });
}

Outcome<Report> change_queue(const config::Config& config, queue::ControlAction action, const std::string& name) {
  return in_child(config, index_read(queue_of(config)), [&] { return change_entries(config, action, name); });
}

}  // namespace posthaste::admin
