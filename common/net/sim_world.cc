#include "common/net/sim_world.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace posthaste::net {

void SimLoop::at(Instant time, std::move_only_function<void()> work) {
  pieces_.push({time, posted_++, std::make_shared<std::move_only_function<void()>>(std::move(work))});
}

WallTime SimLoop::wall() const {
  constexpr WallTime kStart{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}};
  return kStart + now_.time_since_epoch();
}

Task<void> SimLoop::sleep(std::chrono::milliseconds duration) {
  OneShot<bool> woken{*this};
  at(now_ + duration, [&woken] { woken.set(true); });
  co_await woken;
}

namespace {

class SimTimer final : public Timer {
 public:
  SimTimer(SimLoop& loop, std::chrono::milliseconds duration, std::move_only_function<void()> fire)
      : fire_(std::make_shared<std::move_only_function<void()>>(std::move(fire))) {
    loop.at(loop.now() + duration, [weak = std::weak_ptr{fire_}] {
      if (const auto fire_once = weak.lock()) (*fire_once)();
    });
  }

 private:
  std::shared_ptr<std::move_only_function<void()>> fire_;
};

}  // namespace

std::unique_ptr<Timer> SimLoop::start_timer(std::chrono::milliseconds duration,
                                            std::move_only_function<void()> fire) {
  return std::make_unique<SimTimer>(*this, duration, std::move(fire));
}

bool SimLoop::step() {
  if (pieces_.empty()) return false;
  const Piece piece = pieces_.top();
  pieces_.pop();
  now_ = piece.time;
  run_in_turn(*piece.work);
  return true;
}

void SimRandom::fill(std::span<std::byte> octets) {
  for (auto& octet : octets) octet = static_cast<std::byte>(engine_() & 255U);
}

void SimExecutor::post(std::move_only_function<void()> work) {
  const auto delay =
      std::chrono::milliseconds{random_.up_to(static_cast<std::uint64_t>(conditions_.executor_delay_max.count()))};
  free_at_ = std::max(free_at_, loop_.now()) + delay;
  loop_.at(free_at_, std::move(work));
}

/// One end of a simulated connection; what is under way to it keeps it alive.
struct SimEnd {
  std::string arrived;
  bool ended = false;
  bool woken = false;
  bool interrupted = false;
  std::uint64_t wait = 0;  // counts waits, so that an old deadline does not end a new one
  bool timed_out = false;
  bool lost = false;  // something for it was, and TCP lets nothing pass that
  Instant last_arrival{};
  Event changed;

  void end() {
    if (std::exchange(ended, true)) return;
    changed.notify_all();
  }
};

class SimTransport final : public Transport {
 public:
  SimTransport(SimNetwork& network, std::shared_ptr<SimEnd> mine, std::shared_ptr<SimEnd> theirs, Endpoint peer,
               Endpoint local)
      : network_(network),
        mine_(std::move(mine)),
        theirs_(std::move(theirs)),
        peer_(std::move(peer)),
        local_(std::move(local)) {}
  ~SimTransport() override { SimTransport::close({}); }

  std::expected<bool, StreamError> receive(std::string& input) override {
    if (!mine_->arrived.empty()) {
      input.append(std::exchange(mine_->arrived, {}));
      return true;
    }
    if (mine_->interrupted) return std::unexpected(StreamError::interrupted);
    if (mine_->ended) return std::unexpected(StreamError::closed);
    return false;
  }

  Task<std::expected<Readiness, StreamError>> wait(std::chrono::milliseconds timeout) override {
    const auto end = mine_;
    const std::uint64_t wait = ++end->wait;
    end->timed_out = false;
    network_.loop_.at(network_.loop_.now() + timeout, [end, wait] {
      if (end->wait != wait) return;
      end->timed_out = true;
      end->changed.notify_all();
    });
    while (end->arrived.empty() && !end->ended && !end->woken && !end->interrupted && !end->timed_out) {
      co_await end->changed.wait();
    }
    ++end->wait;
    if (!end->arrived.empty() || end->ended || end->interrupted) co_return Readiness::input;
    if (std::exchange(end->woken, false)) co_return Readiness::woken;
    co_return std::unexpected(StreamError::timed_out);
  }

  ValueOrTask<std::expected<void, StreamError>> send(std::string_view octets, std::chrono::milliseconds) override {
    if (mine_->ended) return std::expected<void, StreamError>{std::unexpected(StreamError::closed)};
    while (!octets.empty()) {
      if (network_.random_.chance(network_.conditions_.reset_probability)) {
        mine_->end();
        theirs_->end();
        return std::expected<void, StreamError>{std::unexpected(StreamError::closed)};
      }
      const std::size_t size = 1 + network_.random_.up_to(octets.size() - 1);
      arrive_later([piece = std::string{octets.substr(0, size)}](SimEnd& end) { end.arrived += piece; });
      octets.remove_prefix(size);
    }
    return std::expected<void, StreamError>{};
  }

  void wake() override {
    mine_->woken = true;
    mine_->changed.notify_all();
  }
  void interrupt() override {
    mine_->interrupted = true;
    mine_->changed.notify_all();
  }
  void close(std::string_view last_words) override {
    if (std::exchange(closed_, true)) return;
    if (!last_words.empty() && !mine_->ended) {
      arrive_later([words = std::string{last_words}](SimEnd& end) { end.arrived += words; });
    }
    arrive_later([](SimEnd& end) { end.ended = true; });
    mine_->end();
  }
  [[nodiscard]] const Endpoint& peer() const override { return peer_; }
  [[nodiscard]] const Endpoint& local() const override { return local_; }
  [[nodiscard]] std::optional<std::uint32_t> peer_user() const override {
    return peer_.is_unix() ? std::optional<std::uint32_t>{0} : std::nullopt;
  }

 private:
  /// In the order of the calls.
  template <typename Arrive>
  void arrive_later(Arrive arrive) {
    theirs_->last_arrival = std::max(theirs_->last_arrival, network_.arrival());
    const bool cut = network_.cut_off_.contains(peer_.address) || network_.cut_off_.contains(local_.address);
    theirs_->lost = theirs_->lost || cut;
    if (theirs_->lost) return;
    network_.loop_.at(theirs_->last_arrival, [end = theirs_, arrive = std::move(arrive)] {
      if (end->ended) return;
      arrive(*end);
      end->changed.notify_all();
    });
  }

  SimNetwork& network_;
  std::shared_ptr<SimEnd> mine_;
  std::shared_ptr<SimEnd> theirs_;
  Endpoint peer_;
  Endpoint local_;
  bool closed_ = false;
};

class SimListener final : public Listener {
 public:
  SimListener(SimNetwork& network, std::string name, SimProcess* process)
      : network_(network), name_(std::move(name)), process_(process) {
    network_.listeners_[name_] = this;
    if (process_ != nullptr) process_->listeners_.push_back(this);
  }
  ~SimListener() override { SimListener::close(); }

  Task<std::unique_ptr<Transport>> accept() override {
    while (waiting_.empty() && !closed_) co_await changed_.wait();
    if (waiting_.empty()) co_return nullptr;
    auto transport = std::move(waiting_.front());
    waiting_.pop();
    co_return transport;
  }
  void close() override {
    if (std::exchange(closed_, true)) return;
    network_.listeners_.erase(name_);
    if (process_ != nullptr) std::erase(process_->listeners_, this);
    changed_.notify_all();
  }
  void add(std::unique_ptr<Transport> transport) {
    waiting_.push(std::move(transport));
    changed_.notify_all();
  }
  [[nodiscard]] SimProcess* process() const noexcept { return process_; }

 private:
  SimNetwork& network_;
  std::string name_;
  SimProcess* process_;  // whose it is, if it is somebody's
  std::queue<std::unique_ptr<Transport>> waiting_;
  Event changed_;
  bool closed_ = false;
};

SimNetwork::~SimNetwork() = default;

std::unique_ptr<Listener> SimNetwork::listen(const Endpoint& endpoint) { return listen_for(nullptr, endpoint); }

std::unique_ptr<Listener> SimNetwork::listen_for(SimProcess* server, const Endpoint& endpoint) {
  return std::make_unique<SimListener>(*this, to_string(endpoint), server);
}

/// Of what is sent now.
Instant SimNetwork::arrival() {
  const auto most = static_cast<std::uint64_t>(conditions_.network_delay_max.count());
  return loop_.now() + std::chrono::milliseconds{random_.up_to(most)};
}

Task<SimNetwork::Connected> SimNetwork::connect(Endpoint endpoint, std::chrono::milliseconds timeout) {
  return connect_for(nullptr, std::move(endpoint), timeout);
}

Task<SimNetwork::Connected> SimNetwork::connect_for(SimProcess* process, Endpoint endpoint,
                                                    std::chrono::milliseconds timeout) {
  const auto delay =
      std::chrono::milliseconds{random_.up_to(static_cast<std::uint64_t>(conditions_.network_delay_max.count()))};
  co_await loop_.sleep(std::min(delay, timeout));
  if (delay > timeout) co_return std::unexpected(ConnectError::timed_out);
  if (cut_off_.contains(endpoint.address)) {
    co_await loop_.sleep(timeout - delay);
    co_return std::unexpected(ConnectError::timed_out);
  }
  if (process != nullptr && process->dead_) co_return std::unexpected(ConnectError::failed);
  const auto listener = listeners_.find(to_string(endpoint));
  if (listener == listeners_.end()) co_return std::unexpected(ConnectError::refused);
  const auto client = std::make_shared<SimEnd>();
  const auto server = std::make_shared<SimEnd>();
  const Endpoint client_address = endpoint.is_unix() ? Endpoint{"/", 0} : Endpoint{"192.0.2.1", 49152};
  if (process != nullptr) process->own(client, server);
  if (auto* const other = listener->second->process()) other->own(server, client);
  listener->second->add(std::make_unique<SimTransport>(*this, server, client, client_address, endpoint));
  co_return std::make_unique<SimTransport>(*this, client, server, endpoint, client_address);
}

Task<std::expected<std::unique_ptr<Transport>, ConnectError>> SimProcess::connect(
    Endpoint endpoint, std::chrono::milliseconds timeout) {
  return network_.connect_for(this, std::move(endpoint), timeout);
}

void SimProcess::own(const std::shared_ptr<SimEnd>& ours, const std::shared_ptr<SimEnd>& theirs) {
  if (connections_.size() >= look_through_at_) {
    std::erase_if(connections_, [](const Connection& connection) { return connection.ours.expired(); });
    look_through_at_ = 2 * connections_.size() + 64;
  }
  connections_.push_back({ours, theirs});
}

void SimProcess::kill() {
  dead_ = true;
  while (!listeners_.empty()) listeners_.front()->close();
  for (const auto& [our_end, their_end] : std::exchange(connections_, {})) {
    const auto ours = our_end.lock();
    const auto theirs = their_end.lock();
    if (!ours || ours->ended) continue;
    ours->end();
    if (!theirs || theirs->lost) continue;
    theirs->last_arrival = std::max(theirs->last_arrival, network_.arrival());
    network_.loop_.at(theirs->last_arrival, [theirs] { theirs->end(); });
  }
}

/// A client's end of its datagrams.
struct SimSocket {
  std::queue<std::string> arrived;
  bool refused = false;  // the host says that nobody listens
  bool closed = false;
  bool interrupted = false;
  std::uint64_t wait = 0;  // counts waits, so that an old deadline does not end a new one
  bool timed_out = false;
  Event changed;
};

class SimDatagrams final : public Datagrams {
 public:
  SimDatagrams(SimNetwork& network, std::string server, std::uint64_t id, std::shared_ptr<SimSocket> socket)
      : network_(network), server_(std::move(server)), id_(id), socket_(std::move(socket)) {}
  ~SimDatagrams() override { SimDatagrams::close(); }

  std::expected<void, StreamError> send(std::string_view octets) override {
    if (socket_->closed || socket_->refused) return std::unexpected(StreamError::closed);
    network_.deliver_to_server(server_, id_, std::string{octets});
    return {};
  }

  Task<std::expected<std::string, StreamError>> receive(std::chrono::milliseconds timeout) override {
    const auto socket = socket_;
    const std::uint64_t wait = ++socket->wait;
    socket->timed_out = false;
    network_.loop_.at(network_.loop_.now() + timeout, [socket, wait] {
      if (socket->wait != wait) return;
      socket->timed_out = true;
      socket->changed.notify_all();
    });
    while (socket->arrived.empty() && !socket->refused && !socket->closed && !socket->interrupted &&
           !socket->timed_out) {
      co_await socket->changed.wait();
    }
    ++socket->wait;
    if (!socket->arrived.empty()) {
      std::string octets = std::move(socket->arrived.front());
      socket->arrived.pop();
      co_return octets;
    }
    if (socket->interrupted) co_return std::unexpected(StreamError::interrupted);
    if (socket->refused || socket->closed) co_return std::unexpected(StreamError::closed);
    co_return std::unexpected(StreamError::timed_out);
  }

  void interrupt() override {
    socket_->interrupted = true;
    socket_->changed.notify_all();
  }
  void close() override {
    if (std::exchange(socket_->closed, true)) return;
    network_.sockets_.erase(id_);
    socket_->changed.notify_all();
  }

 private:
  SimNetwork& network_;
  const std::string server_;
  const std::uint64_t id_;
  std::shared_ptr<SimSocket> socket_;
};

SimDatagramServer::SimDatagramServer(SimNetwork& network, const Endpoint& endpoint)
    : network_(network), name_(to_string(endpoint)) {
  network_.datagram_servers_[name_] = this;
}

SimDatagramServer::~SimDatagramServer() { close(); }

Task<std::optional<SimDatagramServer::Datagram>> SimDatagramServer::receive() {
  while (arrived_.empty() && !closed_) co_await changed_.wait();
  if (closed_) co_return std::nullopt;
  Datagram datagram = std::move(arrived_.front());
  arrived_.pop();
  co_return datagram;
}

void SimDatagramServer::send(std::uint64_t to, std::string octets) {
  network_.deliver_to_client(to, std::move(octets));
}

void SimDatagramServer::close() {
  if (std::exchange(closed_, true)) return;
  network_.datagram_servers_.erase(name_);
  changed_.notify_all();
}

std::expected<std::unique_ptr<Datagrams>, ConnectError> SimNetwork::open_datagrams(const Endpoint& server) {
  const std::uint64_t id = ++opened_sockets_;
  const auto socket = std::make_shared<SimSocket>();
  sockets_[id] = socket;
  return std::make_unique<SimDatagrams>(*this, to_string(server), id, socket);
}

std::unique_ptr<SimDatagramServer> SimNetwork::serve_datagrams(const Endpoint& endpoint) {
  return std::make_unique<SimDatagramServer>(*this, endpoint);
}

void SimNetwork::deliver(std::move_only_function<void()> arrive) {
  if (random_.chance(conditions_.datagram_loss_probability)) return;
  const auto delay =
      std::chrono::milliseconds{random_.up_to(static_cast<std::uint64_t>(conditions_.network_delay_max.count()))};
  loop_.at(loop_.now() + delay, std::move(arrive));
}

void SimNetwork::deliver_to_server(const std::string& name, std::uint64_t from, std::string octets) {
  deliver([this, name, from, octets = std::move(octets)]() mutable {
    if (const auto server = datagram_servers_.find(name); server != datagram_servers_.end()) {
      server->second->arrived_.push({std::move(octets), from});
      server->second->changed_.notify_all();
    } else if (const auto client = sockets_.find(from); client != sockets_.end()) {
      client->second->refused = true;
      client->second->changed.notify_all();
    }
  });
}

void SimNetwork::deliver_to_client(std::uint64_t to, std::string octets) {
  deliver([this, to, octets = std::move(octets)]() mutable {
    const auto client = sockets_.find(to);
    if (client == sockets_.end()) return;
    client->second->arrived.push(std::move(octets));
    client->second->changed.notify_all();
  });
}

SimWorld::SimWorld(std::uint64_t seed, SimConditions conditions)
    : conditions_(conditions),
      random_(seed),
      io_(loop_, random_, conditions_),
      hashing_(loop_, random_, conditions_),
      network_(loop_, random_, conditions_),
      world_{loop_, loop_, random_, network_, io_, hashing_} {}

bool SimWorld::run(Task<void> main) {
  auto scope = std::make_unique<TaskScope>();
  scope->spawn(std::move(main));
  while (scope->active() != 0) {
    if (loop_.step()) continue;
    static_cast<void>(scope.release());  // what is stuck stays: it cannot be drained
    return false;
  }
  return true;
}

}  // namespace posthaste::net
