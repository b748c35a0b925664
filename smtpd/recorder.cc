#include "smtpd/recorder.h"

#include <algorithm>
#include <chrono>
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

net::Task<std::expected<std::optional<FreshEntry>, queue::QueueError>> Recorder::record(
    std::shared_ptr<ActiveEntry> entry, Carried carried, std::vector<queue::SharedOctets> message) {
  Settlement settlement = settle(config_.queue, entry->envelope, entry->recipients, carried.outcomes,
                                 carried.obstacle, world_.clock.wall(), world_.random);
  for (const auto& change : settlement.changes) entry->recipients[change.index].status = change.status;
  for (const auto& outcome : carried.outcomes) log_outcome(*entry, outcome);
  auto notification = co_await notify(entry, std::move(settlement.reports), std::move(message));
  const bool all_told = --entry->groups_to_record == 0;
  if (entry->gone) co_return std::nullopt;  // the operator has dropped it
  // As it is by now: the operator may have held it meanwhile.
  for (auto& change : settlement.changes) change.status = entry->recipients[change.index].status;

  const bool all_recorded = entry->groups_under_way == 1 && !entry->unrecorded;
  const bool over = all_recorded && !entry->is_open();
  queue::Batch batch;
  if (over) {
    batch.emplace_back(queue::Remove{entry->id});
  } else if (!settlement.changes.empty()) {
    batch.emplace_back(queue::Update{entry->id, std::move(settlement.changes)});
  }
  if (notification) batch.emplace_back(*notification);
  if (batch.empty() && !all_told) co_return std::nullopt;
  // Who reads the entry next must find it as it is now, with what its other groups wrote just before.
  const queue::Moment moment = all_told && !over ? queue::Moment::published : queue::Moment::durable;
  auto ids = co_await submit(std::move(batch), moment);
  if (!ids) {
    entry->unrecorded = true;
    co_return std::unexpected(ids.error());
  }
  if (over) entry->gone = true;
  if (!notification) co_return std::nullopt;
  log_.info("queue.notification.added", {{"trace", notification->envelope.trace_id},
                                         {"about", entry->envelope.trace_id},
                                         {"entry", number(ids->front())},
                                         {"to", to_string(notification->recipients.front().recipient.mailbox)}});
  co_return FreshEntry{ids->front(), std::move(*notification)};
}

/// What came of an attempt is not forgotten because the disk is full.
net::Task<std::expected<std::vector<queue::EntryId>, queue::QueueError>> Recorder::submit(queue::Batch batch,
                                                                                          queue::Moment moment) {
  for (;;) {
    auto ids = co_await queue_.submit(world_.loop, batch, moment);
    if (ids || ids.error() != queue::QueueError::full || stopping_) co_return ids;
    log_.error("queue.disk.full");
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

net::Task<std::expected<void, queue::QueueError>> Recorder::remove(queue::EntryId id) {
  queue::Batch batch;
  batch.emplace_back(queue::Remove{id});
  auto done = co_await submit(std::move(batch), queue::Moment::durable);
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
           {"host", outcome.host},
           {"address", outcome.address},
           {"tls", outcome.tls},
           {"reply", status.last_reply},
           {"attempts", status.attempts},
           {"retry_s", waiting ? wait.count() : 0}});
}

}  // namespace posthaste::smtpd
