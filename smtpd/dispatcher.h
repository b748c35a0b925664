// The queue's scheduler: which entry is tried when, and by which worker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "common/auth/directory.h"
#include "common/config/config.h"
#include "common/log/log.h"
#include "common/net/alarm.h"
#include "common/net/event.h"
#include "common/net/one_shot.h"
#include "common/net/scope.h"
#include "common/net/world.h"
#include "smtpd/carrier.h"
#include "smtpd/next_hop.h"
#include "smtpd/queue/queue.h"
#include "smtpd/recorder.h"
#include "smtpd/relay/message_room.h"
#include "smtpd/relay/shares.h"

namespace posthaste::smtpd {

/// One for the daemon. It lives on its home loop; take() and release() may be called on any.
///
/// What waits for its time is here in memory: an id and a time for each entry. Envelopes and octets come from the
/// queue when the time has come, and only those of entries under way are held. Attempts with the same next hop
/// stand in one lane, so that a slow host delays its own mail alone.
class Dispatcher {
 public:
  struct Worker {
    net::World* world;
    Carrier* carrier;
  };

  /// What attempts may have of memory.
  struct Limits {
    std::uint64_t octets_in_hand = std::uint64_t{256} << 20;  // of messages
    std::size_t in_lanes = 20'000;                            // groups for other hosts
  };

  /// Everything outlives it. The first worker's loop is its home.
  Dispatcher(std::vector<Worker> workers, const config::Config& config, const auth::Directory& directory,
             queue::Queue& queue, const log::Log& log, Limits limits);
  /// With those of a daemon.
  Dispatcher(std::vector<Worker> workers, const config::Config& config, const auth::Directory& directory,
             queue::Queue& queue, const log::Log& log)
      : Dispatcher(std::move(workers), config, directory, queue, log, Limits()) {}
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;
  ~Dispatcher();

  /// An entry, and when it is due; nothing when it is held.
  struct Due {
    queue::EntryId id{};
    std::optional<WallTime> at;
  };
  /// All that the queue holds. Blocks. Errors: those of Reader::walk().
  [[nodiscard]] static std::expected<std::vector<Due>, queue::QueueError> left_in(const queue::Queue& queue);
  /// Takes notice of it, before the loops run.
  void load(const std::vector<Due>& entries);

  /// At home, spawned once: starts what is due, until every worker was released.
  net::Task<void> run();

  /// Durable mail: its first attempts begin at once.
  void take(FreshEntry entry);

  /// The daemon ends: nothing new is begun, and an attempt that is deferred from now on was none. On any loop,
  /// before that loop's relay stops.
  void stop();
  /// Ends the work of one worker, and stop()s: returns when `worker` carries nothing any more. After the last
  /// take() from its loop.
  net::Task<void> release(std::size_t worker);

  // At home, for the operator. Errors: not_found, and the queue's.

  /// Everything that waits and is not held is due now, and hosts that did not answer are asked again; how many
  /// entries that are.
  std::size_t retry_all();
  std::expected<void, queue::QueueError> retry(queue::EntryId id);

  /// How many attempts are under way, which go on.
  using Changed = std::expected<std::size_t, queue::QueueError>;
  /// No attempt begins until it is released. What attempts under way come to is recorded.
  net::Task<Changed> set_held(queue::EntryId id, bool held);
  /// The message goes, and nobody is told. What is under way may arrive nevertheless.
  net::Task<Changed> drop(queue::EntryId id);

 private:
  using Done = std::expected<void, queue::QueueError>;
  using Entry = std::shared_ptr<ActiveEntry>;

  /// When an entry is due, if it is not held; and whether those of its recipients are tried, too, whose own time
  /// has not come.
  struct Waiting {
    std::optional<WallTime> due;
    bool everybody = false;
  };

  /// Recipients of one entry with one next hop.
  struct Group {
    Entry entry;
    std::vector<std::uint32_t> recipients;
  };

  /// An entry's octets, and the room that they have.
  struct Message {
    std::vector<queue::SharedOctets> pieces;
    std::shared_ptr<relay::MessageRoom::Place> place;
  };

  struct Lane {
    NextHop hop;
    std::size_t running = 0;
    std::deque<Group> waiting;
    std::set<queue::EntryId> parked;  // entries that had no place in `waiting`, in nobody's memory but here

    [[nodiscard]] bool is_ours() const { return std::holds_alternative<OurMailboxes>(hop); }
  };

  // What waits for its time
  void schedule(queue::EntryId id, Waiting waiting);
  std::optional<Waiting> unschedule(queue::EntryId id);
  void start_due();
  net::Task<void> activate(queue::EntryId id, bool everybody);
  net::Task<std::expected<Entry, queue::QueueError>> read(queue::EntryId id);

  // Lanes
  void begin(Entry entry, bool everybody);
  void enter(const NextHop& hop, Group group);
  void pump(Lane& lane);
  void park(std::set<queue::EntryId>& parked, Group group);
  void unpark(Lane& lane);
  void unpark_senders();
  bool wake_first(std::set<queue::EntryId>& parked);
  net::Task<void> run_group(Lane& lane, Group group);
  void note_recorded(const ActiveEntry& entry, std::expected<Recorded, queue::QueueError> recorded);
  net::Task<void> set_aside(Entry entry);
  net::Task<Carried> attempt(Lane& lane, Group group, std::vector<queue::SharedOctets> message);
  net::Task<std::expected<Message, queue::QueueError>> octets_of(NextHop hop, Entry entry);
  void finish(const Entry& entry);
  net::Task<void> remove(Entry entry);
  std::size_t worker_for(const Lane& lane);
  [[nodiscard]] std::size_t running_max(const Lane& lane) const;

  // The operator's changes of entries that wait
  net::Task<std::expected<Entry, queue::QueueError>> check_out(queue::EntryId id);
  void check_in(queue::EntryId id, Waiting waiting);

  void forget_dead_hosts();
  void answer_releases();

  const std::vector<Worker> workers_;
  net::World& home_;
  const config::Config& config_;
  const auth::Directory& directory_;
  queue::Queue& queue_;
  const log::Log& log_;
  const std::optional<char> delimiter_;
  Recorder recorder_;

  std::unordered_map<queue::EntryId, Waiting> waiting_;
  std::set<std::pair<WallTime, queue::EntryId>> due_;  // those of waiting_ that are not held
  std::unordered_map<queue::EntryId, Entry> active_;   // nothing while it is read from the queue
  std::size_t being_read_ = 0;
  std::map<NextHop, std::unique_ptr<Lane>> lanes_;
  relay::Shares in_lanes_;                                          // groups in the lanes of other hosts
  std::map<std::string, std::set<queue::EntryId>> parked_senders_;  // entries whose senders had no share of these
  std::size_t turn_ = 0;
  relay::MessageRoom in_hand_;  // messages of attempts
  net::Event entry_read_;

  std::vector<std::size_t> carried_;            // groups under way, by worker
  std::vector<net::OneShot<bool>*> releasing_;  // by worker, once it was asked for
  std::size_t released_ = 0;
  bool stopping_ = false;
  net::TaskScope work_;
  net::Alarm alarm_;
};

}  // namespace posthaste::smtpd
