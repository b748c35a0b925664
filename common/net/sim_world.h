// A simulated world: one thread, virtual time, a network with delays and resets, all from one seed.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "common/net/event.h"
#include "common/net/scope.h"
#include "common/net/world.h"

namespace posthaste::net {

/// What can go wrong, and how slow things are.
struct SimConditions {
  std::chrono::milliseconds network_delay_max{20};
  std::chrono::milliseconds executor_delay_max{3};
  double reset_probability = 0;          // of each piece that is sent: the connection breaks instead
  double datagram_loss_probability = 0;  // of each datagram: it never arrives
};

class SimWorld;

/// Posted work and timers in the order of virtual time; equal times in the order of the calls.
class SimLoop final : public Loop, public Clock {
 public:
  void post(std::move_only_function<void()> work) override { at(now_, std::move(work)); }
  void at(Instant time, std::move_only_function<void()> work);
  [[nodiscard]] Instant now() const override { return now_; }
  [[nodiscard]] WallTime wall() const override;
  Task<void> sleep(std::chrono::milliseconds duration) override;
  [[nodiscard]] std::unique_ptr<Timer> start_timer(std::chrono::milliseconds duration,
                                                   std::move_only_function<void()> fire) override;

  /// Runs the next piece of work, moving time to it. False when there is none.
  bool step();

 private:
  struct Piece {
    Instant time;
    std::uint64_t order;
    std::shared_ptr<std::move_only_function<void()>> work;
    bool operator>(const Piece& other) const noexcept {
      return time != other.time ? time > other.time : order > other.order;
    }
  };
  Instant now_{};
  std::uint64_t posted_ = 0;
  std::priority_queue<Piece, std::vector<Piece>, std::greater<>> pieces_;
};

class SimRandom final : public Random {
 public:
  explicit SimRandom(std::uint64_t seed) : engine_(seed) {}
  void fill(std::span<std::byte> octets) override;
  /// Between 0 and `most`, both possible.
  [[nodiscard]] std::uint64_t up_to(std::uint64_t most) { return most == 0 ? 0 : engine_() % (most + 1); }
  [[nodiscard]] bool chance(double probability) {
    return static_cast<double>(engine_() >> 11) * 0x1p-53 < probability;
  }

 private:
  std::mt19937_64 engine_;
};

/// Runs work on the loop's own thread, a little later in virtual time, one piece after the other.
class SimExecutor final : public Executor {
 public:
  SimExecutor(SimLoop& loop, SimRandom& random, const SimConditions& conditions)
      : loop_(loop), random_(random), conditions_(conditions) {}
  void post(std::move_only_function<void()> work) override;
  [[nodiscard]] bool has_room() const override { return true; }

 private:
  SimLoop& loop_;
  SimRandom& random_;
  const SimConditions& conditions_;
  Instant free_at_{};
};

class SimListener;
class SimNetwork;
class SimProcess;
struct SimEnd;
struct SimSocket;

/// The side of a simulated UDP socket that servers are on. Closed by its destructor.
class SimDatagramServer {
 public:
  struct Datagram {
    std::string octets;
    std::uint64_t from = 0;  // whom to answer
  };

  SimDatagramServer(SimNetwork& network, const Endpoint& endpoint);
  SimDatagramServer(const SimDatagramServer&) = delete;
  SimDatagramServer& operator=(const SimDatagramServer&) = delete;
  ~SimDatagramServer();

  /// The next datagram, or nothing once close() was called.
  Task<std::optional<Datagram>> receive();
  /// A client that is gone does not hear it.
  void send(std::uint64_t to, std::string octets);
  void close();

 private:
  friend class SimNetwork;
  SimNetwork& network_;
  const std::string name_;
  std::queue<Datagram> arrived_;
  Event changed_;
  bool closed_ = false;
};

class SimNetwork final : public Network {
 public:
  SimNetwork(SimLoop& loop, SimRandom& random, const SimConditions& conditions)
      : loop_(loop), random_(random), conditions_(conditions) {}
  ~SimNetwork() override;

  Task<std::expected<std::unique_ptr<Transport>, ConnectError>> connect(Endpoint endpoint,
                                                                        std::chrono::milliseconds timeout) override;
  /// The listener goes before the network, and before it nobody else listens at `endpoint`.
  std::unique_ptr<Listener> listen(const Endpoint& endpoint);

  /// Nothing gets to the host at `address`, and nothing from there, until it is joined again: connecting times out,
  /// and a connection on which something was sent meanwhile stays silent for ever.
  void cut_off(const std::string& address) { cut_off_.insert(address); }
  void join(const std::string& address) { cut_off_.erase(address); }

  /// Nobody at `server` answers with "closed", as a host without that server does.
  std::expected<std::unique_ptr<Datagrams>, ConnectError> open_datagrams(const Endpoint& server) override;
  /// The server goes before the network, and before it nobody else serves at `endpoint`.
  std::unique_ptr<SimDatagramServer> serve_datagrams(const Endpoint& endpoint);

 private:
  friend class SimListener;
  friend class SimDatagrams;
  friend class SimDatagramServer;
  friend class SimProcess;
  friend class SimTransport;

  using Connected = std::expected<std::unique_ptr<Transport>, ConnectError>;
  /// `client` is whose connection it is, if that is somebody's.
  Task<Connected> connect_for(SimProcess* client, Endpoint endpoint, std::chrono::milliseconds timeout);
  std::unique_ptr<Listener> listen_for(SimProcess* server, const Endpoint& endpoint);
  [[nodiscard]] Instant arrival();

  /// Calls `arrive` when a datagram sent now arrives, if it does: datagrams overtake one another.
  void deliver(std::move_only_function<void()> arrive);
  void deliver_to_server(const std::string& name, std::uint64_t from, std::string octets);
  void deliver_to_client(std::uint64_t to, std::string octets);

  SimLoop& loop_;
  SimRandom& random_;
  const SimConditions& conditions_;
  std::set<std::string> cut_off_;                               // addresses
  std::map<std::string, SimListener*> listeners_;               // by to_string(endpoint)
  std::map<std::string, SimDatagramServer*> datagram_servers_;  // likewise
  std::map<std::uint64_t, std::shared_ptr<SimSocket>> sockets_;
  std::uint64_t opened_sockets_ = 0;
};

/// The network as one program has it, which may die: kill() ends what it has open, as the kernel does.
class SimProcess final : public Network {
 public:
  /// `network` outlives it; it outlives its connections and listeners.
  explicit SimProcess(SimNetwork& network) : network_(network) {}

  /// Errors: failed, also once it is dead.
  Task<std::expected<std::unique_ptr<Transport>, ConnectError>> connect(Endpoint endpoint,
                                                                        std::chrono::milliseconds timeout) override;
  std::unique_ptr<Listener> listen(const Endpoint& endpoint) { return network_.listen_for(this, endpoint); }
  std::expected<std::unique_ptr<Datagrams>, ConnectError> open_datagrams(const Endpoint& server) override {
    return network_.open_datagrams(server);
  }

  /// What was sent before arrives; nothing more is sent, and no one listens. The program's own coroutines find all
  /// connections closed.
  void kill();

 private:
  friend class SimListener;
  friend class SimNetwork;
  struct Connection {
    std::weak_ptr<SimEnd> ours;
    std::weak_ptr<SimEnd> theirs;
  };
  void own(const std::shared_ptr<SimEnd>& ours, const std::shared_ptr<SimEnd>& theirs);

  SimNetwork& network_;
  std::vector<Connection> connections_;
  std::size_t look_through_at_ = 64;  // for connections that are gone
  std::vector<SimListener*> listeners_;
  bool dead_ = false;
};

class SimWorld {
 public:
  explicit SimWorld(std::uint64_t seed, SimConditions conditions = {});

  [[nodiscard]] World& world() noexcept { return world_; }
  [[nodiscard]] SimNetwork& network() noexcept { return network_; }
  [[nodiscard]] SimLoop& loop() noexcept { return loop_; }
  [[nodiscard]] SimRandom& random() noexcept { return random_; }

  /// Runs until `main` has ended. False if nothing is left to happen before that: a deadlock.
  bool run(Task<void> main);

 private:
  const SimConditions conditions_;
  SimLoop loop_;
  SimRandom random_;
  SimExecutor io_;
  SimExecutor hashing_;
  SimNetwork network_;
  World world_;
};

}  // namespace posthaste::net
