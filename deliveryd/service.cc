#include "deliveryd/service.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <thread>
#include <utility>

#include "common/auth/open_words.h"
#include "common/base/clock.h"
#include "common/config/layout.h"
#include "common/daemon/damage.h"
#include "common/journal/made_mark.h"
#include "common/store/open_words.h"
#include "common/store/whereabouts.h"
#include "deliveryd/departed_users.h"
#include "deliveryd/lmtp_session.h"
#include "deliveryd/replies.h"
#include "deliveryd/store_session.h"

namespace posthaste::deliveryd {
namespace {

constexpr std::size_t kMessagesMaxOctets = std::size_t{1} << 30;   // arriving at once, over all sessions
constexpr std::size_t kAttachedMaxOctets = std::size_t{1} << 30;   // messages over the store socket, likewise
constexpr std::size_t kDecodedMaxOctets = std::size_t{512} << 20;  // what else is asked there, likewise
constexpr std::size_t kStoreConnectionsMax = 1'000;                // a worker of a daemon has one
constexpr std::size_t kUnknownUsersNamed = 10;

constexpr session::Port kLmtp[] = {
    {"lmtp", config::kLmtpPort, session::Security::starttls, daemon::Clientele::anybody}};

net::Task<void> serve_lmtp(std::unique_ptr<net::Transport> transport, Resources& resources,
                           daemon::Admission::Place /*kept until the end*/) {
  LmtpSession session{resources, std::move(transport)};
  co_await session.converse();
}

/// A failed writer writes no more: the parent starts the next child, which recovers.
[[noreturn]] void end_to_recover(const log::Log& log, const config::Config& config) {
  daemon::tell_of_damage(log, config);
  log.error(
      "store.writer.failed",
      {{"reason",
        "input or output error; starting again to recover; if it comes again, see \"posthaste store check\""}});
  std::_Exit(EXIT_FAILURE);
}

}  // namespace

std::vector<daemon::Binding> bindings(const config::Config& config) {
  std::vector<daemon::Binding> bindings{{"lmtp", {config::lmtp_socket(config).string(), 0}},
                                        {"store", {config::store_socket(config).string(), 0}}};
  if (!config.listen.lmtp_port) return bindings;
  const std::uint16_t port = config::port(config, config::kLmtpPort);
  for (const char* address : {"127.0.0.1", "::1"}) bindings.push_back({"lmtp", {address, port}});
  return bindings;
}

Service::Service(const daemon::Setting& setting, auth::Directory directory)
    : config_(setting.config),
      log_(setting.log),
      directory_(std::move(directory)),
      memory_(kMessagesMaxOctets),
      fair_shares_(daemon::threads_per_user(setting.config.workers.io_threads), &patient_io_),
      patient_io_(daemon::patient_threads(setting.config.workers.io_threads, std::thread::hardware_concurrency()),
                  net::ThreadPool::kWaitingMax, net::Urgency::patient),
      attached_memory_(kAttachedMaxOctets),
      decoded_memory_(kDecodedMaxOctets),
      clients_(setting.config.clients, daemon::make_key()),
      doors_(kLmtp, clients_, setting.config.smtp.connections_max) {}

Service::~Service() { writer_thread_.reset(); }

std::expected<std::unique_ptr<daemon::Program>, std::string> Service::open(const daemon::Setting& setting) {
  auto directory = auth::Directory::open(setting.config.paths.directory, auth::Role::reader);
  if (!directory) return std::unexpected(auth::open_words(setting.config.paths.directory, directory.error()));
  std::unique_ptr<Service> service{new Service{setting, std::move(*directory)}};
  if (auto opened = service->open_store(); !opened) return std::unexpected(opened.error());
  return service;
}

std::expected<void, std::string> Service::open_store() {
  const journal::MadeMark mark{config::made_mark(config_, "store"), "store", journal::MadeMark::Backup::helps};
  if (auto allowed = mark.allow(config_.paths.store); !allowed) return allowed;
  store::WriterOptions options;
  options.directory = config_.paths.store;
  options.map_octets = std::min(config_.store.map_octets, store::kIndexMapOctets);
  options.segment_octets = config_.store.segment_octets;
  options.mailboxes_max = config_.store.mailboxes_per_user_max;
  if (config_.store.disk_reserve_octets != 0) options.reserve_octets = config_.store.disk_reserve_octets;
  options.on_change = [this](const mailbox::Change& change) { changes_.publish(change); };
  options.admit = [this](UserId user) { return admit(directory_, user); };
  const auto began = wall_clock();
  auto writer = store::Writer::open(std::move(options));
  if (!writer) return std::unexpected(store::open_words(writer.error()));
  writer_ = std::move(*writer);
  if (const auto set = mark.set(config_.paths.store); !set) {
    log_.warning("store.mark.failed", {{"reason", set.error()}});
  }
  if (const auto& remade = writer_->remade()) {
    const auto took = wall_clock() - began;
    log_.warning("store.index.remade", {{"users", remade->users},
                                        {"messages", remade->messages},
                                        {"damaged_passed_over", remade->passed_over.size()},
                                        {"ms", took.count()}});
  }
  writer_->store().clear_dead_readers();
  tell_of_unknown_users();
  writer_thread_ = std::make_unique<net::ThreadPool>(1);
  group_commit_.emplace(*writer_, *writer_thread_, [this] { end_to_recover(log_, config_); });
  group_commit_->start(wall_clock());
  return {};
}

void Service::tell_of_unknown_users() const {
  const auto users =
      store::users_in(config_.paths.store, std::min(config_.store.map_octets, store::kIndexMapOctets));
  const auto next = directory_.next_user();
  if (!users || !next) return;  // whoever serves them says so
  std::size_t count = 0;
  std::string first;
  for (const auto& [user, messages] : *users) {
    if (user < *next) continue;
    if (++count <= kUnknownUsersNamed) first += (first.empty() ? "" : ",") + std::to_string(number(user));
  }
  if (count == 0) return;
  log_.warning(
      "store.user.unknown",
      {{"count", count},
       {"users", first},
       {"reason",
        "the directory never gave these numbers: it is of an older copy, or the store of another installation; "
        "take both from one backup. Their mail stays, and no new user gets their numbers"}});
}

std::vector<daemon::WatchedDisk> Service::disks() const { return {{"store", config_.paths.store}}; }

net::Task<void> Service::serve(daemon::Worker& worker) {
  store::LocalStore local_store{*group_commit_, worker.world.loop, worker.world.clock};
  const auto inbox = changes_.open_inbox(worker.world.loop);
  Resources resources{.world = worker.world,
                      .scope = worker.scope,
                      .config = config_,
                      .log = log_,
                      .directory = directory_,
                      .store = writer_->store(),
                      .local_store = local_store,
                      .changes = *inbox,
                      .memory = memory_,
                      .attached_memory = attached_memory_,
                      .decoded_memory = decoded_memory_,
                      .fair_shares = fair_shares_,
                      .own_user = getuid()};
  DepartedUsers departed{directory_, writer_->store(), local_store, worker.world, log_};
  net::TaskScope clearing;
  if (worker.index == 0) clearing.spawn(departed.run());
  const net::TaskScope::StopHandler on_stop{worker.scope, [this, &departed] {
                                              departed.stop();
                                              group_commit_->stop_deleting_users();
                                            }};
  auto begin_lmtp = [&resources](const session::Port&, std::unique_ptr<net::Transport> transport,
                                 daemon::Admission::Place place) {
    return serve_lmtp(std::move(transport), resources, std::move(place));
  };
  doors_.open(worker, worker.scope, log_, smtp::to_wire(too_many_connections()), begin_lmtp);
  for (const auto& [name, listener] : worker.listeners) {
    if (name == "store") worker.scope.spawn(accept_store(*listener, resources));
  }
  co_await worker.scope.drained();
  co_await clearing.drained();
}

net::Task<void> Service::accept_store(net::Listener& listener, Resources& resources) {
  for (;;) {
    auto transport = co_await listener.accept();
    if (!transport) co_return;
    resources.scope.spawn(serve_store(std::move(transport), resources));
  }
}

net::Task<void> Service::serve_store(std::unique_ptr<net::Transport> transport, Resources& resources) {
  if (++store_connections_ <= kStoreConnectionsMax) {
    StoreSession session{resources, std::move(transport)};
    co_await session.converse();
  } else {
    log_.warning("store.connection.refused", {{"connections_max", kStoreConnectionsMax}});
  }
  --store_connections_;
}

}  // namespace posthaste::deliveryd
