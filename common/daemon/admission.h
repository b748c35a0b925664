// Who may come in at one port, and who is turned away because too many are there.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <string_view>
#include <utility>

#include "common/daemon/clients.h"
#include "common/daemon/crowd.h"
#include "common/net/clock.h"

namespace posthaste::daemon {

/// Why a connection is turned away.
enum class TurnedAway {
  port_full,       // all places are taken
  strangers_full,  // all places of those who have not logged in, and nobody logged in from there lately
  address_full,    // the address has its share of those
  network_full,    // likewise its network
};
[[nodiscard]] std::string_view name_of(TurnedAway reason) noexcept;

/// Whether clients of a port log in. Those who have not yet get half of its places, those who never do all of them.
enum class Clientele { users, anybody };

/// The places of one port, counted over all workers; a client of another port has no part in them. Before it logs
/// in, a connection counts for its address and its network; afterwards it is the account's. The hot path has a few
/// atomics.
class Admission {
 public:
  /// `clients` outlives it. `port` tells it from the daemon's others.
  Admission(Clients& clients, std::uint16_t port, std::size_t connections_max, Clientele clientele) noexcept
      : clients_(clients),
        port_(port),
        connections_max_(connections_max),
        strangers_max_(clientele == Clientele::users ? (connections_max + 1) / 2 : connections_max) {}
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;

  /// One connection's place, given back when it goes. Does not outlive the admission. One that was never given out
  /// counts nowhere.
  class Place {
   public:
    Place() = default;
    Place(Place&& other) noexcept
        : admission_(std::exchange(other.admission_, nullptr)),
          client_(other.client_),
          stranger_(std::exchange(other.stranger_, false)),
          address_(std::move(other.address_)),
          network_(std::move(other.network_)) {}
    Place& operator=(Place&&) = delete;
    ~Place();

    /// It is no stranger's any more, and its address is known.
    void log_in(net::Instant now) noexcept;
    /// It is a stranger's again. False, and then the connection ends, when there are too many of them.
    [[nodiscard]] bool log_out(net::Instant now) noexcept;

   private:
    friend class Admission;
    Place(Admission& admission, const Client& client) noexcept : admission_(&admission), client_(client) {}
    void leave_strangers() noexcept;

    Admission* admission_ = nullptr;
    Client client_;
    bool stranger_ = false;  // counts among those
    Crowd::Hold address_;
    Crowd::Hold network_;
  };

  /// `address` as net::Endpoint has it.
  [[nodiscard]] std::expected<Place, TurnedAway> enter(std::string_view address, net::Instant now);

 private:
  /// Counts `place` among the strangers. What it got before an error goes with it.
  std::expected<void, TurnedAway> admit_stranger(Place& place, net::Instant now) noexcept;

  Clients& clients_;
  const std::uint16_t port_;
  const std::size_t connections_max_;
  const std::size_t strangers_max_;
  std::atomic<std::size_t> taken_ = 0;
  std::atomic<std::size_t> strangers_ = 0;
};

}  // namespace posthaste::daemon
