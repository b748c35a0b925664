// Writes down what attempts came to: statuses into the queue, and with them, in one batch, the notification for the
// sender.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/auth/directory.h"
#include "common/config/config.h"
#include "common/log/log.h"
#include "common/net/alarm.h"
#include "common/net/task.h"
#include "common/net/world.h"
#include "smtpd/carrier.h"
#include "smtpd/notification.h"
#include "smtpd/queue/queue.h"
#include "smtpd/relay/message_room.h"
#include "smtpd/settlement.h"

namespace posthaste::smtpd {

/// An entry that was added a moment ago, with its octets still at hand.
struct FreshEntry {
  queue::EntryId id{};
  queue::Add added;
};

/// An entry while some of its recipients are tried, as it will be in the queue once all is written.
struct ActiveEntry {
  queue::EntryId id{};
  queue::Envelope envelope;
  std::vector<queue::QueuedRecipient> recipients;
  queue::OctetsLocation location;          // nowhere while it was not read from the queue
  std::string sender;                      // as share_holder() says
  std::vector<queue::SharedOctets> fresh;  // its octets, while there is no need to read them
  std::shared_ptr<relay::MessageRoom::Place> fresh_place;  // and their room, from the first attempt on
  std::size_t groups_under_way = 0;
  std::size_t groups_to_record = 0;  // of them: those whose outcomes the recorder was not given yet
  std::size_t attempts = 0;          // of them: those that a host or deliveryd is asked to take now
  std::size_t writes = 0;            // that the recorder has under way
  Settlement withheld{};             // what waits to be told of together
  bool retry_asked = false;          // by the operator, meanwhile
  bool gone = false;                 // nothing of it is in the queue any more
  bool unrecorded = false;           // the queue lacks an outcome that is here: only what it holds counts
  bool parked = false;               // some who are due stand in a lane, and need not be looked after

  /// Whoever needs the octets from now on reads them from the queue.
  void let_fresh_go() {
    fresh.clear();
    fresh_place.reset();
  }
  /// Whether somebody still waits for the message.
  [[nodiscard]] bool is_open() const;
  /// The earliest next attempt of those who wait and are not held; of those alone whose time comes after `after`.
  [[nodiscard]] std::optional<WallTime> next_attempt(WallTime after = WallTime::min()) const;
};

/// What became of an attempt's outcomes.
struct Recorded {
  std::optional<FreshEntry> notification{};  // that was due, and is queued now
  bool withheld = false;                     // there is more, for record_withheld()
};

class Recorder {
 public:
  /// So long a failure is withheld while other recipients of the message are under way: so one notification tells
  /// of all who fail at about the same time.
  static constexpr std::chrono::milliseconds kTogether = std::chrono::seconds{10};

  /// Everything outlives it.
  Recorder(net::World& world, const config::Config& config, const auth::Directory& directory, queue::Queue& queue,
           const log::Log& log)
      : world_(world), config_(config), directory_(directory), queue_(queue), log_(log) {}

  /// Takes an attempt's outcomes into `entry` and the queue. An entry that nobody waits for any more leaves the
  /// queue when the last of its groups is recorded; of another, readers see all by then. While other groups are
  /// under way, what failed or is late is withheld, and recorded with the last of them. A full disk is waited for,
  /// until stop(). Errors: io, not_found, full: nothing was recorded of this attempt.
  net::Task<std::expected<Recorded, queue::QueueError>> record(std::shared_ptr<ActiveEntry> entry, Carried carried,
                                                               std::vector<queue::SharedOctets> message);
  /// Waits for the entry's other groups, but not for long, and records what was withheld, unless that was done
  /// meanwhile. Errors as of record().
  net::Task<std::expected<Recorded, queue::QueueError>> record_withheld(std::shared_ptr<ActiveEntry> entry,
                                                                        std::vector<queue::SharedOctets> message);

  /// Holds or releases all who wait, also while some are tried. A `reason`, which outlives the call, becomes what
  /// was last said of them. Errors, with nothing changed: full, io, not_found.
  net::Task<std::expected<void, queue::QueueError>> set_held(std::shared_ptr<ActiveEntry> entry, bool held,
                                                             std::string_view reason = {});
  /// Errors: io, not_found.
  net::Task<std::expected<void, queue::QueueError>> remove(queue::EntryId id, queue::Moment moment);

  /// The daemon ends: what a full disk does not take now is not waited for.
  void stop();

 private:
  net::Task<std::expected<Recorded, queue::QueueError>> write(std::shared_ptr<ActiveEntry> entry,
                                                              Settlement settlement,
                                                              std::vector<queue::SharedOctets> message, bool last);
  net::Task<std::optional<queue::Add>> notify(std::shared_ptr<const ActiveEntry> entry,
                                              std::vector<dsn::RecipientReport> reports,
                                              std::vector<queue::SharedOctets> message);
  net::Task<std::optional<smtp::Mailbox>> find_postmaster();
  net::Task<std::expected<std::vector<queue::EntryId>, queue::QueueError>> submit(queue::Batch batch,
                                                                                  queue::Moment moment);
  void log_outcome(const ActiveEntry& entry, const relay::Outcome& outcome) const;

  net::World& world_;
  const config::Config& config_;
  const auth::Directory& directory_;
  queue::Queue& queue_;
  const log::Log& log_;
  std::unordered_multimap<const ActiveEntry*, net::Alarm*> waiting_;  // in record_withheld()
  bool stopping_ = false;
};

}  // namespace posthaste::smtpd
