#include "smtpd/dispatcher.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>

#include "smtpd/recipients.h"

namespace posthaste::smtpd {
namespace {

constexpr std::size_t kReadsMax = 64;                                         // of entries, at once
constexpr std::size_t kLaneWaitingMax = 1'000;                                // groups of one lane in memory
constexpr std::size_t kMailboxAttemptsMax = 64;                               // to deliveryd at once
constexpr std::chrono::milliseconds kSlack = std::chrono::seconds{1};         // recipients due so soon go along
constexpr std::chrono::milliseconds kLookAgain = std::chrono::hours{1};       // the calendar may have jumped
constexpr std::chrono::milliseconds kTroubleDelay = std::chrono::minutes{1};  // when an entry can't be read

std::uint64_t octets_in(const std::vector<queue::SharedOctets>& pieces) {
  std::uint64_t octets = 0;
  for (const auto& piece : pieces) octets += piece.octets.size();
  return octets;
}

/// Nothing has been tried: that is nobody's fault but ours.
Carried not_carried(const std::vector<std::uint32_t>& recipients) {
  Carried carried;
  for (const auto index : recipients) {
    relay::Outcome outcome{.index = index,
                           .result = relay::Result::deferred,
                           .reply = {451, {4, 3, 0}, "The queue or the directory can't be read"},
                           .host = {},
                           .address = {}};
    carried.outcomes.push_back(std::move(outcome));
  }
  return carried;
}

}  // namespace

Dispatcher::Dispatcher(std::vector<Worker> workers, const config::Config& config, const auth::Directory& directory,
                       queue::Queue& queue, const log::Log& log, Limits limits)
    : workers_(std::move(workers)),
      home_(*workers_.front().world),
      config_(config),
      directory_(directory),
      queue_(queue),
      log_(log),
      delimiter_(delimiter_of(config.delivery.recipient_delimiter)),
      recorder_(home_, config, directory, queue, log),
      in_lanes_(limits.in_lanes),
      in_hand_(limits.octets_in_hand),
      carried_(workers_.size(), 0),
      releasing_(workers_.size(), nullptr),
      alarm_(home_.clock) {}

Dispatcher::~Dispatcher() = default;

std::expected<std::vector<Dispatcher::Due>, queue::QueueError> Dispatcher::left_in(const queue::Queue& queue) {
  std::vector<Due> entries;
  const auto note = [&entries](const queue::Summary& entry) {
    const bool over = entry.waiting == 0;  // and is to be removed
    entries.push_back({entry.id, over ? entry.envelope.arrived : entry.next_attempt});
    return true;
  };
  const auto walked = queue.reader().walk(note);
  if (!walked) return std::unexpected(walked.error());
  return entries;
}

void Dispatcher::load(const std::vector<Due>& entries) {
  waiting_.reserve(entries.size());
  for (const auto& [id, due] : entries) schedule(id, {due, false});
}

net::Task<void> Dispatcher::run() {
  while (released_ + 1 < workers_.size() || releasing_.front() == nullptr || carried_.front() != 0) {
    unpark_senders();
    start_due();
    auto wait = kLookAgain;
    if (!stopping_ && !due_.empty() && being_read_ < kReadsMax) {
      wait = std::min(wait, std::chrono::milliseconds{due_.begin()->first - home_.clock.wall()});
    }
    co_await alarm_.wait_until(home_.clock.now() + wait);
    answer_releases();
  }
  co_await work_.drained();
  releasing_.front()->set(true);
}

// What waits for its time

void Dispatcher::schedule(queue::EntryId id, Waiting waiting) {
  unschedule(id);
  waiting_.emplace(id, waiting);
  if (!waiting.due) return;
  const auto place = due_.emplace(*waiting.due, id).first;
  if (place == due_.begin()) alarm_.ring();
}

std::optional<Dispatcher::Waiting> Dispatcher::unschedule(queue::EntryId id) {
  const auto found = waiting_.find(id);
  if (found == waiting_.end()) return std::nullopt;
  const Waiting waiting = found->second;
  if (waiting.due) due_.erase({*waiting.due, id});
  waiting_.erase(found);
  return waiting;
}

void Dispatcher::start_due() {
  while (!stopping_ && !due_.empty() && being_read_ < kReadsMax) {
    const auto [due, id] = *due_.begin();
    if (due > home_.clock.wall()) return;
    const auto waiting = unschedule(id);
    work_.spawn(activate(id, waiting->everybody));
  }
}

net::Task<void> Dispatcher::activate(queue::EntryId id, bool everybody) {
  active_.emplace(id, nullptr);
  auto entry = co_await read(id);
  active_.erase(id);
  if (entry) {
    begin(std::move(*entry), everybody);
  } else if (entry.error() == queue::QueueError::not_found) {
    log_.error("queue.entry.missing", {{"entry", number(id)}});
  } else {
    log_.error("queue.entry.unreadable", {{"entry", number(id)}});
    schedule(id, {home_.clock.wall() + kTroubleDelay, everybody});
  }
  alarm_.ring();
  entry_read_.notify_all();
}

net::Task<std::expected<Dispatcher::Entry, queue::QueueError>> Dispatcher::read(queue::EntryId id) {
  ++being_read_;
  auto look_up = [this, id] { return queue_.reader().read(id); };
  auto entry = co_await home_.io.run(home_.loop, look_up);
  if (!entry && entry.error() == queue::QueueError::not_found) {  // durable, perhaps, but not published yet
    queue::Batch nothing;
    co_await queue_.submit(home_.loop, std::move(nothing), queue::Moment::published);
    entry = co_await home_.io.run(home_.loop, look_up);
  }
  --being_read_;
  if (!entry) co_return std::unexpected(entry.error());
  auto active = std::make_shared<ActiveEntry>();
  active->id = id;
  active->envelope = std::move(entry->envelope);
  active->recipients = std::move(entry->recipients);
  active->location = entry->message;
  co_return active;
}

void Dispatcher::take(FreshEntry fresh) {
  home_.loop.post([this, fresh = std::move(fresh)]() mutable {
    if (stopping_) return;  // the next start finds it
    auto entry = std::make_shared<ActiveEntry>();
    entry->id = fresh.id;
    entry->envelope = std::move(fresh.added.envelope);
    entry->recipients = std::move(fresh.added.recipients);
    entry->fresh = std::move(fresh.added.message);
    begin(std::move(entry), false);
  });
}

// Lanes

void Dispatcher::begin(Entry entry, bool everybody) {
  const WallTime now = home_.clock.wall();
  std::map<NextHop, std::vector<std::uint32_t>> groups;
  std::vector<std::uint32_t> lost;  // the directory can't be read
  for (std::uint32_t i = 0; i < entry->recipients.size(); ++i) {
    const auto& [recipient, status] = entry->recipients[i];
    if (status.fate != queue::Fate::waiting || status.held) continue;
    if (!everybody && status.next_attempt > now + kSlack) continue;
    const auto hop = next_hop(directory_, recipient.mailbox, delimiter_);
    (hop ? groups[*hop] : lost).push_back(i);
  }
  active_[entry->id] = entry;
  entry->sender = share_holder(entry->envelope.reverse_path, delimiter_);
  entry->groups_under_way = groups.size();
  entry->groups_to_record = groups.size();
  if (groups.empty()) {
    if (!lost.empty()) schedule(entry->id, {now + kTroubleDelay, everybody});
    if (lost.empty()) return finish(entry);
    log_.error("queue.directory.unreadable", {{"entry", number(entry->id)}});
    active_.erase(entry->id);
    return;
  }
  for (auto& [hop, recipients] : groups) enter(hop, {entry, std::move(recipients)});
}

void Dispatcher::enter(const NextHop& hop, Group group) {
  const std::string& sender = group.entry->sender;
  const bool ours = std::holds_alternative<OurMailboxes>(hop);
  if (!ours && !in_lanes_.has_room(sender)) return park(parked_senders_[sender], std::move(group));
  auto& lane = lanes_[hop];
  if (!lane) lane = std::make_unique<Lane>(Lane{.hop = hop, .running = 0, .waiting = {}, .parked = {}});
  const bool at_once = lane->running < running_max(*lane);
  if (!at_once && lane->waiting.size() >= kLaneWaitingMax) return park(lane->parked, std::move(group));
  if (!at_once) group.entry->let_fresh_go();  // memory is for those who move
  if (!ours) in_lanes_.take(sender);
  lane->waiting.push_back(std::move(group));
  pump(*lane);
}

void Dispatcher::park(std::set<queue::EntryId>& parked, Group group) {
  parked.insert(group.entry->id);
  group.entry->parked = true;
  group.entry->let_fresh_go();
  --group.entry->groups_to_record;
  if (--group.entry->groups_under_way == 0) finish(group.entry);
}

void Dispatcher::pump(Lane& lane) {
  while (!stopping_ && lane.running < running_max(lane) && !lane.waiting.empty()) {
    Group group = std::move(lane.waiting.front());
    lane.waiting.pop_front();
    ++lane.running;
    work_.spawn(run_group(lane, std::move(group)));
  }
}

/// Whoever was parked gets a place before the waiting ones run out.
void Dispatcher::unpark(Lane& lane) {
  while (!lane.parked.empty() && lane.waiting.size() < kLaneWaitingMax / 2) {
    static_cast<void>(wake_first(lane.parked));
  }
}

/// Each time one of each sender's who has room again: when it is read, or gone, somebody comes back here.
void Dispatcher::unpark_senders() {
  for (auto& [sender, parked] : parked_senders_) {
    if (!in_lanes_.has_room(sender)) continue;
    while (!parked.empty() && !wake_first(parked)) {
    }
  }
  std::erase_if(parked_senders_, [](const auto& each) { return each.second.empty(); });
}

/// False when it is gone.
bool Dispatcher::wake_first(std::set<queue::EntryId>& parked) {
  const auto id = *parked.begin();
  parked.erase(parked.begin());
  if (waiting_.contains(id)) {
    schedule(id, {home_.clock.wall(), false});
    return true;
  }
  const auto active = active_.find(id);  // another lane has it, or it is read again
  if (active != active_.end() && active->second) active->second->parked = false;
  return active != active_.end();
}

/// The lane stays: it counts this group as running.
net::Task<void> Dispatcher::run_group(Lane& lane, Group group) {
  const Entry entry = group.entry;
  auto message = co_await octets_of(lane.hop, entry);
  // The operator may have held them since they came into the lane.
  std::erase_if(group.recipients, [&entry](std::uint32_t index) { return entry->recipients[index].status.held; });
  const bool wanted = !stopping_ && !entry->gone && !group.recipients.empty();
  Carried carried;
  std::vector<queue::SharedOctets> pieces;
  if (wanted && message) {
    pieces = message->pieces;
    ++entry->attempts;
    carried = co_await attempt(lane, group, pieces);
    --entry->attempts;
  } else if (wanted && message.error() == queue::QueueError::damaged) {
    co_await set_aside(entry);
  } else if (wanted) {
    carried = not_carried(group.recipients);
  }
  // An attempt that the end of the daemon cut short was none.
  if (stopping_) {
    std::erase_if(carried.outcomes, [](const auto& outcome) { return !relay::is_final(outcome.result); });
  }
  auto recorded = co_await recorder_.record(entry, std::move(carried), pieces);
  const bool withheld = recorded && recorded->withheld;
  note_recorded(*entry, std::move(recorded));
  --lane.running;
  if (!lane.is_ours()) in_lanes_.give_back(entry->sender);
  pump(lane);
  unpark(lane);
  if (lane.running == 0 && lane.waiting.empty() && lane.parked.empty()) lanes_.erase(NextHop{lane.hop});
  if (withheld) {  // the lane has gone on
    auto rest = co_await recorder_.record_withheld(entry, std::move(pieces));
    note_recorded(*entry, std::move(rest));
  }
  if (message) message->place.reset();
  if (--entry->groups_under_way == 0) finish(entry);
  alarm_.ring();
}

void Dispatcher::note_recorded(const ActiveEntry& entry, std::expected<Recorded, queue::QueueError> recorded) {
  if (!recorded) {
    log_.error("queue.entry.unrecorded", {{"trace", entry.envelope.trace_id}, {"entry", number(entry.id)}});
  } else if (recorded->notification) {
    take(std::move(*recorded->notification));
  }
}

/// What is damaged is neither sent nor given up: the operator may have a copy, or knows whom to tell.
net::Task<void> Dispatcher::set_aside(Entry entry) {
  log_.error("queue.message.damaged", {{"trace", entry->envelope.trace_id},
                                       {"entry", number(entry->id)},
                                       {"segment", entry->location.segment},
                                       {"offset", entry->location.offset}});
  const auto held = co_await recorder_.set_held(entry, true, queue::kHeldAsDamaged);
  if (!held)
    log_.error("queue.entry.unrecorded", {{"trace", entry->envelope.trace_id}, {"entry", number(entry->id)}});
}

net::Task<Carried> Dispatcher::attempt(Lane& lane, Group group, std::vector<queue::SharedOctets> message) {
  Consignment consignment{.hop = lane.hop,
                          .envelope = group.entry->envelope,
                          .message = std::move(message),
                          .recipients = {},
                          .sender = group.entry->sender};
  for (const auto index : group.recipients) {
    const auto& recipient = group.entry->recipients[index].recipient;
    consignment.recipients.push_back({index, recipient.mailbox, recipient.notify, recipient.orcpt});
  }
  const std::size_t worker = worker_for(lane);
  ++carried_[worker];
  net::OneShot<Carried> result{home_.loop};
  const auto [world, carrier] = workers_[worker];
  world->loop.post([carrier, &result, consignment = std::move(consignment)]() mutable {
    carrier->start(std::move(consignment), [&result](Carried carried) { result.set(std::move(carried)); });
  });
  auto carried = co_await result;
  --carried_[worker];
  co_return carried;
}

/// The room is waited for: that is no attempt. Errors besides those of the queue: unavailable, when we are
/// stopping.
net::Task<std::expected<Dispatcher::Message, queue::QueueError>> Dispatcher::octets_of(NextHop hop, Entry entry) {
  const auto place_of = [&](std::uint64_t octets) {
    const relay::RoomHolder holder{to_string(hop), entry->sender};
    return std::make_shared<relay::MessageRoom::Place>(in_hand_, holder, octets);
  };
  if (!entry->fresh.empty()) {
    if (!entry->fresh_place) entry->fresh_place = place_of(octets_in(entry->fresh));
    if (entry->fresh_place->try_take()) co_return Message{entry->fresh, entry->fresh_place};
    entry->let_fresh_go();
  }
  Message message;
  for (int attempts = 0;; ++attempts) {
    if (entry->location.octets == 0 || attempts > 0) {
      auto again = co_await read(entry->id);
      if (!again) co_return std::unexpected(again.error());
      entry->location = (*again)->location;
    }
    const auto location = entry->location;
    if (!message.place) {
      message.place = place_of(location.octets);
      const bool taken = co_await message.place->take();
      if (!taken) co_return std::unexpected(queue::QueueError::unavailable);
    }
    auto fetch = [this, location] { return queue_.reader().read_message(location); };
    auto octets = co_await home_.io.run(home_.loop, fetch);
    if (octets) {
      message.pieces.push_back(queue::share(std::move(*octets)));
      co_return message;
    }
    const bool moved = octets.error() == queue::QueueError::not_found && attempts == 0;  // by compaction
    if (!moved) co_return std::unexpected(octets.error());
  }
}

/// No group of the entry is under way any more.
void Dispatcher::finish(const Entry& entry) {
  active_.erase(entry->id);
  entry_read_.notify_all();
  if (entry->gone) return;
  const WallTime now = home_.clock.wall();
  if (entry->unrecorded) return schedule(entry->id, {now + kTroubleDelay, false});
  if (!entry->is_open()) return work_.spawn(remove(entry));
  if (stopping_) return;
  if (entry->retry_asked) return schedule(entry->id, {now, true});
  auto due = entry->parked ? entry->next_attempt(now) : entry->next_attempt();
  // Never at once of its own: what could not even begin would go round and round.
  if (due) due = std::max(*due, now + kSlack);
  schedule(entry->id, {due, false});
}

/// Its last groups were recorded at the same time, so that none of them knew that it was the last.
net::Task<void> Dispatcher::remove(Entry entry) {
  const auto done = co_await recorder_.remove(entry->id, queue::Moment::durable);
  if (!done)
    log_.error("queue.entry.unrecorded", {{"trace", entry->envelope.trace_id}, {"entry", number(entry->id)}});
}

/// Our mailboxes are everybody's; another host is one worker's, who keeps the connections to it.
std::size_t Dispatcher::worker_for(const Lane& lane) {
  if (std::holds_alternative<OurMailboxes>(lane.hop)) return turn_++ % workers_.size();
  return std::hash<std::string>{}(to_string(lane.hop)) % workers_.size();
}

/// Somewhat more than there are connections, so that none of them waits for us.
std::size_t Dispatcher::running_max(const Lane& lane) const {
  if (std::holds_alternative<OurMailboxes>(lane.hop)) return kMailboxAttemptsMax;
  return 2 * std::size_t{config_.relay.connections_per_host_max};
}

// The operator

void Dispatcher::forget_dead_hosts() {
  if (stopping_) return;
  for (const auto& [world, carrier] : workers_) world->loop.post([carrier] { carrier->forget_dead_hosts(); });
}

std::size_t Dispatcher::retry_all() {
  forget_dead_hosts();
  std::vector<queue::EntryId> ids;
  for (const auto& [id, waiting] : waiting_) {
    if (waiting.due) ids.push_back(id);
  }
  const WallTime now = home_.clock.wall();
  for (const auto id : ids) schedule(id, {now, true});
  for (const auto& [id, entry] : active_) {
    if (entry) entry->retry_asked = true;
  }
  return ids.size() + active_.size();
}

Dispatcher::Done Dispatcher::retry(queue::EntryId id) {
  forget_dead_hosts();
  if (const auto found = waiting_.find(id); found != waiting_.end()) {
    if (found->second.due) schedule(id, {home_.clock.wall(), true});
    return {};
  }
  const auto found = active_.find(id);
  if (found == active_.end() || (found->second && found->second->gone)) {
    return std::unexpected(queue::QueueError::not_found);
  }
  if (found->second) found->second->retry_asked = true;
  return {};
}

/// The entry, that nobody else touches until check_in(); or the one under way.
net::Task<std::expected<Dispatcher::Entry, queue::QueueError>> Dispatcher::check_out(queue::EntryId id) {
  for (auto found = active_.find(id); found != active_.end(); found = active_.find(id)) {
    if (found->second) {
      if (found->second->gone) co_return std::unexpected(queue::QueueError::not_found);
      co_return found->second;
    }
    co_await entry_read_.wait();
  }
  const auto waiting = unschedule(id);
  if (!waiting) co_return std::unexpected(queue::QueueError::not_found);
  active_.emplace(id, nullptr);
  auto entry = co_await read(id);
  if (!entry) check_in(id, *waiting);
  co_return entry;
}

void Dispatcher::check_in(queue::EntryId id, Waiting waiting) {
  active_.erase(id);
  schedule(id, waiting);
  entry_read_.notify_all();
}

net::Task<Dispatcher::Changed> Dispatcher::set_held(queue::EntryId id, bool held) {
  auto entry = co_await check_out(id);
  if (!entry) co_return std::unexpected(entry.error());
  const bool under_way = (*entry)->groups_under_way > 0;
  auto done = co_await recorder_.set_held(*entry, held);
  if (!under_way) check_in(id, {(*entry)->next_attempt(), false});
  if (!done) co_return std::unexpected(done.error());
  co_return (*entry)->attempts;
}

net::Task<Dispatcher::Changed> Dispatcher::drop(queue::EntryId id) {
  auto entry = co_await check_out(id);
  if (!entry) co_return std::unexpected(entry.error());
  const bool under_way = (*entry)->groups_under_way > 0;
  (*entry)->gone = true;  // at once: an attempt that ends meanwhile has nothing to record
  auto done = co_await recorder_.remove(id, queue::Moment::published);
  if (!done) {
    (*entry)->gone = false;
    if (!under_way) check_in(id, {(*entry)->next_attempt(), false});
    co_return std::unexpected(done.error());
  }
  if (!under_way) active_.erase(id);
  entry_read_.notify_all();
  log_.info("queue.message.dropped", {{"trace", (*entry)->envelope.trace_id}, {"entry", number(id)}});
  co_return (*entry)->attempts;
}

// The end

void Dispatcher::stop() {
  home_.loop.post([this] {
    stopping_ = true;
    recorder_.stop();
    in_hand_.stop();
    alarm_.ring();
  });
}

net::Task<void> Dispatcher::release(std::size_t worker) {
  stop();
  net::OneShot<bool> released{workers_[worker].world->loop};
  home_.loop.post([this, worker, &released] {
    releasing_[worker] = &released;
    alarm_.ring();
  });
  co_await released;
  co_await workers_[worker].carrier->drained();
}

/// The home worker goes last.
void Dispatcher::answer_releases() {
  for (std::size_t worker = 1; worker < workers_.size(); ++worker) {
    if (releasing_[worker] == nullptr || carried_[worker] != 0) continue;
    std::exchange(releasing_[worker], nullptr)->set(true);
    ++released_;
  }
}

}  // namespace posthaste::smtpd
