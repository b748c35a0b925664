// Who may deliver now: so many at once to each destination, so many in all, in the order of asking.
#pragma once

#include <cstddef>
#include <deque>
#include <map>

#include "common/net/event.h"
#include "common/net/task.h"
#include "smtpd/relay/delivery.h"

namespace posthaste::relay {

inline constexpr std::size_t kPlacesAtFirst = 5;  // of a destination that we know nothing of

/// What somebody who had a place has seen of the destination.
enum class Experience { neither, no_connection, took_mail };

/// A destination's places begin with kPlacesAtFirst, grow by one with each delivery that succeeds while all are
/// taken, and shrink by one when there was no connection, down to one. Lives on one loop.
class Places {
 public:
  Places(std::size_t per_destination_max, std::size_t overall_max)
      : per_destination_max_(per_destination_max), overall_max_(overall_max) {}

  /// Waits for a place. False after stop(): there is none to give back.
  net::Task<bool> take(Destination destination);
  void give_back(const Destination& destination, Experience experience);
  void stop();

  [[nodiscard]] std::size_t taken() const noexcept { return taken_; }

 private:
  struct Waiter {
    bool admitted = false;
    net::Event changed{};
  };
  struct Entry {
    std::size_t limit;
    std::size_t taken = 0;
    std::deque<Waiter*> waiting{};
  };

  [[nodiscard]] bool has_room(const Entry& entry) const noexcept {
    return entry.taken < entry.limit && taken_ < overall_max_;
  }
  void admit(Entry& entry);
  void admit_others(const Destination& after);

  const std::size_t per_destination_max_;
  const std::size_t overall_max_;
  std::map<Destination, Entry> entries_;  // of destinations with places taken or waited for
  std::size_t taken_ = 0;
  bool stopped_ = false;
};

}  // namespace posthaste::relay
