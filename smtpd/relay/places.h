// Who may deliver now: so many at once to each destination, so many of each sender, so many in all.
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <string>

#include "common/net/event.h"
#include "common/net/task.h"
#include "smtpd/relay/delivery.h"
#include "smtpd/relay/shares.h"

namespace posthaste::relay {

inline constexpr std::size_t kPlacesAtFirst = 5;  // of a destination that we know nothing of

/// What somebody who had a place has seen of the destination.
enum class Experience { neither, no_connection, took_mail };

/// A destination's places begin with kPlacesAtFirst, grow by one with each delivery that succeeds while all are
/// taken, and shrink by one when there was no connection, down to one. Of all places a sender has a share: slow
/// hosts keep those of other senders' mail from none. Lives on one loop.
class Places {
 public:
  Places(std::size_t per_destination_max, std::size_t overall_max)
      : per_destination_max_(per_destination_max), shares_(overall_max) {}

  /// Waits for a place. Of the senders who have room in their shares the one who holds least is next, in
  /// turn; of their messages one to a destination to which the fewest are on their way, in the order of asking.
  /// False after stop(): there is none to give back.
  net::Task<bool> take(Destination destination, std::string sender);
  void give_back(const Destination& destination, const std::string& sender, Experience experience);
  void stop();

  [[nodiscard]] std::size_t taken() const noexcept { return shares_.taken(); }
  /// Whether one more of the sender's has to wait for places of theirs, or of others.
  [[nodiscard]] bool is_short_for(const std::string& sender) const { return !shares_.has_room(sender); }
  [[nodiscard]] std::size_t held_by(const std::string& sender) const { return shares_.held_by(sender); }

 private:
  struct Entry {
    std::size_t limit;
    std::size_t taken = 0;
    std::size_t waiting = 0;

    [[nodiscard]] bool has_room() const noexcept { return taken < limit; }
  };
  struct Waiter {
    Entry& entry;
    bool admitted = false;
    net::Event changed{};
  };
  /// A sender's, in the order of asking.
  struct Line {
    std::list<Waiter*> waiters{};
    std::size_t last_turn = 0;
  };

  /// Of those of a sender; the end when no destination of theirs has room.
  [[nodiscard]] static std::list<Waiter*>::iterator next_of(std::list<Waiter*>& waiters);
  [[nodiscard]] bool admit_next();

  const std::size_t per_destination_max_;
  Shares shares_;
  std::map<Destination, Entry> entries_;  // of destinations with places taken or waited for
  std::map<std::string, Line> waiting_;   // by sender; no line is empty
  std::size_t turn_ = 0;
  bool stopped_ = false;
};

}  // namespace posthaste::relay
