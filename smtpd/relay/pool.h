// Connections that have done their work and wait a little for more.
#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <memory>

#include "common/net/event.h"
#include "common/net/scope.h"
#include "common/net/task.h"
#include "smtpd/relay/client.h"

namespace posthaste::relay {

/// Lives on one loop. Every idle connection is watched: one that the host closes, or on which it says something
/// unasked, is dropped at once; after `idle_time` we say goodbye.
class Pool {
 public:
  Pool(std::size_t connections_max, std::chrono::milliseconds idle_time)
      : connections_max_(connections_max), idle_time_(idle_time) {}

  /// The connection to `destination` that was used last, or nothing.
  net::Task<std::unique_ptr<Client>> take(Destination destination);
  /// Keeps `client`, which is usable; the one idle for longest goes when there are too many.
  void put(Destination destination, std::unique_ptr<Client> client);
  /// Says goodbye to a connection that is not kept.
  void dismiss(std::unique_ptr<Client> client);

  /// Dismisses all, now and later.
  void stop();
  net::Task<void> drained() { return scope_.drained(); }

  [[nodiscard]] std::size_t idle() const noexcept { return idle_.size(); }

 private:
  struct Idle {
    Destination destination;
    std::unique_ptr<Client> client;
    bool wanted = false;  // by take()
    bool watched = true;  // its keeper waits on the connection
    net::Event left{};    // the keeper has gone
  };
  using Place = std::list<std::shared_ptr<Idle>>::iterator;

  net::Task<void> keep(std::shared_ptr<Idle> idle);
  static net::Task<void> part(std::unique_ptr<Client> client);
  void send_away(Place place);

  const std::size_t connections_max_;
  const std::chrono::milliseconds idle_time_;
  std::list<std::shared_ptr<Idle>> idle_;  // the last one was used last
  net::TaskScope scope_;
  bool stopped_ = false;
};

}  // namespace posthaste::relay
