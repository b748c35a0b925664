#include "smtpd/recorder.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <string>
#include <utility>

#include "smtpd/recipients.h"

namespace posthaste::smtpd {
namespace {

constexpr std::chrono::milliseconds kFullDiskLookAgain = std::chrono::seconds{1};

bool waits(const queue::QueuedRecipient& recipient) { return recipient.status.fate == queue::Fate::waiting; }

std::string_view event_for(queue::Fate fate) {
  switch (fate) {
    case queue::Fate::waiting: return "queue.recipient.deferred";
    case queue::Fate::delivered: return "queue.recipient.delivered";
    case queue::Fate::relayed: return "queue.recipient.relayed";
    case queue::Fate::failed:
    case queue::Fate::dropped: return "queue.recipient.failed";
  }
  std::unreachable();
}

/// What need not be remembered before it is told of, for a repeated attempt would come to the same.
bool is_bad_news(const dsn::RecipientReport& report) {
  return report.action == dsn::Action::failed || report.action == dsn::Action::delayed;
}

/// Takes it out of `settlement`.
Settlement take_bad_news(Settlement& settlement) {
  Settlement taken;
  Settlement kept;
  for (std::size_t i = 0; i < settlement.reports.size(); ++i) {
    auto& to = is_bad_news(settlement.reports[i]) ? taken : kept;
    to.reports.push_back(std::move(settlement.reports[i]));
    to.reported.push_back(settlement.reported[i]);
  }
  auto next = taken.reported.begin();  // reports come in the order of the changes
  for (auto& change : settlement.changes) {
    const bool is_told = next != taken.reported.end() && *next == change.index;
    if (is_told) ++next;
    (is_told ? taken : kept).changes.push_back(std::move(change));
  }
  settlement = std::move(kept);
  return taken;
}

void append(Settlement& settlement, Settlement more) {
  std::ranges::move(more.changes, std::back_inserter(settlement.changes));
  std::ranges::move(more.reports, std::back_inserter(settlement.reports));
  std::ranges::move(more.reported, std::back_inserter(settlement.reported));
}

}  // namespace

bool ActiveEntry::is_open() const { return std::ranges::any_of(recipients, waits); }

std::optional<WallTime> ActiveEntry::next_attempt(WallTime after) const {
  std::optional<WallTime> earliest;
  for (const auto& recipient : recipients) {
    if (!waits(recipient) || recipient.status.held || recipient.status.next_attempt <= after) continue;
    if (!earliest || recipient.status.next_attempt < *earliest) earliest = recipient.status.next_attempt;
  }
  return earliest;
}

net::Task<std::expected<Recorded, queue::QueueError>> Recorder::record(std::shared_ptr<ActiveEntry> entry,
                                                                       Carried carried,
                                                                       std::vector<queue::SharedOctets> message) {
  Settlement settlement = settle(config_.queue, entry->envelope, entry->recipients, carried.outcomes,
                                 carried.obstacle, world_.clock.wall(), world_.random);
  for (const auto& change : settlement.changes) entry->recipients[change.index].status = change.status;
  for (const auto& outcome : carried.outcomes) log_outcome(*entry, outcome);
  const bool last = --entry->groups_to_record == 0;
  Settlement withheld;
  if (last) {
    append(settlement, std::exchange(entry->withheld, {}));
    std::vector<net::Alarm*> alarms;  // whoever is rung for goes from waiting_
    const auto [begin, end] = waiting_.equal_range(entry.get());
    for (auto each = begin; each != end; ++each) alarms.push_back(each->second);
    for (auto* alarm : alarms) alarm->ring();
  } else {
    withheld = take_bad_news(settlement);
  }
  const bool withholds = !withheld.changes.empty();
  append(entry->withheld, std::move(withheld));
  auto recorded = co_await write(entry, std::move(settlement), std::move(message), last);
  if (recorded) recorded->withheld = withholds;
  co_return recorded;
}

net::Task<std::expected<Recorded, queue::QueueError>> Recorder::record_withheld(
    std::shared_ptr<ActiveEntry> entry, std::vector<queue::SharedOctets> message) {
  const auto until = world_.clock.now() + kTogether;
  net::Alarm alarm{world_.clock};
  const auto place = waiting_.emplace(entry.get(), &alarm);
  while (entry->groups_to_record > 0 && !entry->withheld.changes.empty() && world_.clock.now() < until &&
         !stopping_) {
    co_await alarm.wait_until(until);
  }
  waiting_.erase(place);
  auto withheld = std::exchange(entry->withheld, {});
  if (withheld.changes.empty()) co_return Recorded{};
  co_return co_await write(std::move(entry), std::move(withheld), std::move(message), false);
}

void Recorder::stop() {
  stopping_ = true;
  std::vector<net::Alarm*> alarms;
  for (const auto& [entry, alarm] : waiting_) alarms.push_back(alarm);
  for (auto* alarm : alarms) alarm->ring();
}

/// `last`: no group of the entry is left to be recorded.
net::Task<std::expected<Recorded, queue::QueueError>> Recorder::write(std::shared_ptr<ActiveEntry> entry,
                                                                      Settlement settlement,
                                                                      std::vector<queue::SharedOctets> message,
                                                                      bool last) {
  ++entry->writes;
  auto notification = co_await notify(entry, std::move(settlement.reports), std::move(message));
  const bool alone = entry->writes == 1;
  queue::Batch batch;
  bool over = false;
  if (!entry->gone) {  // or the operator has dropped it
    // As it is by now: the operator may have held it meanwhile.
    for (auto& change : settlement.changes) change.status = entry->recipients[change.index].status;
    over = last && alone && !entry->unrecorded && !entry->is_open();
    if (over) {
      batch.emplace_back(queue::Remove{entry->id});
    } else if (!settlement.changes.empty()) {
      batch.emplace_back(queue::Update{entry->id, std::move(settlement.changes)});
    }
    if (notification) batch.emplace_back(*notification);
  }
  if (entry->gone || (batch.empty() && !last)) {
    --entry->writes;
    co_return Recorded{};
  }
  // Who reads the entry next must find it as it is now, with what its other groups wrote just before.
  const queue::Moment moment = last && !over ? queue::Moment::published : queue::Moment::durable;
  auto ids = co_await submit(std::move(batch), moment);
  --entry->writes;
  if (!ids) {
    entry->unrecorded = true;
    co_return std::unexpected(ids.error());
  }
  if (over) entry->gone = true;
  if (!notification) co_return Recorded{};
  log_.info("queue.notification.added", {{"trace", notification->envelope.trace_id},
                                         {"about", entry->envelope.trace_id},
                                         {"entry", number(ids->front())},
                                         {"to", to_string(notification->recipients.front().recipient.mailbox)}});
  Recorded recorded;
  recorded.notification = FreshEntry{ids->front(), std::move(*notification)};
  co_return recorded;
}

/// What came of an attempt is not forgotten because the disk is full.
net::Task<std::expected<std::vector<queue::EntryId>, queue::QueueError>> Recorder::submit(queue::Batch batch,
                                                                                          queue::Moment moment) {
  for (;;) {
    auto ids = co_await queue_.submit(world_.loop, batch, moment);
    if (ids || ids.error() != queue::QueueError::full || stopping_) co_return ids;
    log_.error("queue.outcome.waits");
    moment = queue::Moment::published;  // other groups of the entry may have been last meanwhile
    co_await world_.clock.sleep(kFullDiskLookAgain);
  }
}

net::Task<std::optional<queue::Add>> Recorder::notify(std::shared_ptr<const ActiveEntry> entry,
                                                      std::vector<dsn::RecipientReport> reports,
                                                      std::vector<queue::SharedOctets> message) {
  if (reports.empty()) co_return std::nullopt;
  auto to = entry->envelope.reverse_path;
  if (!to) to = co_await find_postmaster();
  if (!to) co_return std::nullopt;
  const std::string original = beginning_of(message);
  auto targets = targets_of(directory_, *to, delimiter_of(config_.delivery.recipient_delimiter));
  Notice notice{.about = entry->envelope,
                .reports = std::move(reports),
                .original = original,
                .to = std::move(*to),
                .targets = std::move(targets)};
  co_return notification(config_.hostname, std::move(notice), world_.clock.wall(), world_.random);
}

net::Task<std::optional<smtp::Mailbox>> Recorder::find_postmaster() {
  auto look_up = [this] { return postmaster_domain(directory_, config_.hostname); };
  auto domain = co_await world_.io.run(world_.loop, std::move(look_up));
  if (!domain) co_return std::nullopt;
  co_return smtp::Mailbox{"postmaster", std::move(*domain)};
}

net::Task<std::expected<void, queue::QueueError>> Recorder::set_held(std::shared_ptr<ActiveEntry> entry, bool held,
                                                                     std::string_view reason) {
  const WallTime now = world_.clock.wall();
  queue::Update update{entry->id, {}};
  for (std::uint32_t i = 0; i < entry->recipients.size(); ++i) {
    auto& recipient = entry->recipients[i];
    if (!waits(recipient) || recipient.status.held == held) continue;
    recipient.status.held = held;  // at once: whoever records an attempt meanwhile writes it down, too
    if (!held && recipient.status.last_reply == queue::kHeldAsDamaged) recipient.status.last_reply.clear();
    if (!reason.empty()) {
      recipient.status.last_attempt = now;
      recipient.status.last_host.clear();
      recipient.status.last_reply = reason;
    }
    update.changes.push_back({i, recipient.status});
  }
  if (update.changes.empty()) co_return std::expected<void, queue::QueueError>{};
  queue::Batch batch;
  batch.emplace_back(update);
  auto done = co_await queue_.submit(world_.loop, std::move(batch), queue::Moment::published);
  if (!done) {
    for (const auto& change : update.changes) entry->recipients[change.index].status.held = !held;
    co_return std::unexpected(done.error());
  }
  log_.info(held ? "queue.message.held" : "queue.message.released",
            {{"trace", entry->envelope.trace_id}, {"entry", number(entry->id)}});
  co_return std::expected<void, queue::QueueError>{};
}

net::Task<std::expected<void, queue::QueueError>> Recorder::remove(queue::EntryId id,
                                                                    queue::Moment moment) {
  queue::Batch batch;
  batch.emplace_back(queue::Remove{id});
  auto done = co_await submit(std::move(batch), moment);
  if (!done) co_return std::unexpected(done.error());
  co_return std::expected<void, queue::QueueError>{};
}

void Recorder::log_outcome(const ActiveEntry& entry, const relay::Outcome& outcome) const {
  const auto& [recipient, status] = entry.recipients[outcome.index];
  const bool waiting = status.fate == queue::Fate::waiting;
  const auto wait = std::chrono::ceil<std::chrono::seconds>(status.next_attempt - status.last_attempt);
  const log::Level level = status.fate == queue::Fate::failed ? log::Level::warning : log::Level::info;
  log_.at(level, event_for(status.fate),
          {{"trace", entry.envelope.trace_id},
           {"entry", number(entry.id)},
           {"recipient", to_string(recipient.mailbox)},
           {"host", outcome.host.empty() ? outcome.asked : outcome.host},
           {"address", outcome.address},
           {"tls", outcome.tls},
           {"reply", status.last_reply},
           {"attempts", status.attempts},
           {"retry_s", waiting ? wait.count() : 0}});
}

}  // namespace posthaste::smtpd
