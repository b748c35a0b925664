#include "imapd/service.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <span>
#include <thread>
#include <utility>

#include "common/auth/open_words.h"
#include "common/base/clock.h"
#include "common/config/layout.h"
#include "common/net/system_random.h"
#include "common/store/damage_log.h"
#include "common/store/open_words.h"
#include "common/wire/store_client.h"
#include "imapd/limits.h"

namespace posthaste::imapd {
namespace {

std::string make_secret() {
  net::SystemRandom random;
  std::array<std::byte, 32> octets;
  random.fill(octets);
  return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

/// Turns a client away without a session: one line, as far as it goes without waiting. Under implicit TLS nobody
/// would understand it.
void turn_away(net::Transport& transport, Security security, daemon::TurnedAway reason, const log::Log& log) {
  const auto& client = transport.peer().address;
  const char* port = security == Security::starttls ? "imap" : "imaps";
  log.info_by_client(client, "client.turned_away",
                     {{"client", client}, {"port", port}, {"reason", name_of(reason)}});
  std::string line;
  if (security == Security::starttls) append_reply(line, "*", bye("LIMIT", "Too many connections"));
  transport.close(line);
}

}  // namespace

std::vector<daemon::Binding> bindings(const config::Config& config) {
  auto all = daemon::on_all_addresses(config, "imap", config::kImapPort);
  auto secure = daemon::on_all_addresses(config, "imaps", config::kImapsPort);
  all.insert(all.end(), secure.begin(), secure.end());
  return all;
}

std::expected<std::unique_ptr<daemon::Program>, std::string> Service::make(const daemon::Setting& setting) {
  const auto& paths = setting.config.paths;
  auto directory = auth::Directory::open(paths.directory, auth::Role::reader);
  if (!directory) return std::unexpected(auth::open_words(paths.directory, directory.error()));
  auto store = store::Store::open(paths.store, setting.config.store.map_octets);
  if (!store) return std::unexpected(store::open_words(store.error()));
  store::log_damage(**store, setting.log);
  const auto tell = [&log = setting.log](const std::string& reason) {
    log.error("certificate.skipped", {{"reason", reason}});
  };
  auto certificates = daemon::Certificates::load(paths.certificate, paths.private_key, tell);
  if (!certificates) return std::unexpected(certificates.error());
  return std::unique_ptr<daemon::Program>{
      new Service{setting, std::move(*directory), std::move(*store), std::move(*certificates), make_secret()}};
}

Service::Service(const daemon::Setting& setting, auth::Directory directory, std::unique_ptr<store::Store> store,
                 std::unique_ptr<daemon::Certificates> certificates, std::string secret)
    : config_(setting.config),
      log_(setting.log),
      directory_(std::move(directory)),
      store_(std::move(store)),
      certificates_(std::move(certificates)),
      login_memory_(auth::login_limits(config_.auth), std::move(secret)),
      clients_(config_.clients, daemon::make_key()),
      imap_admission_(clients_, config::kImapPort, config_.imap.connections_max, daemon::Clientele::users),
      imaps_admission_(clients_, config::kImapsPort, config_.imap.connections_max, daemon::Clientele::users),
      user_connections_(config_.imap.connections_per_user_max),
      recent_messages_(std::chrono::floor<std::chrono::seconds>(wall_clock())),
      append_memory_(kAppendMemoryOctets,
                     std::max(kAppendMemoryOctets / kUserMemoryPart, config_.smtp.message_max_octets)),
      fair_shares_(daemon::threads_per_user(config_.workers.io_threads), &patient_io_),
      patient_io_(daemon::patient_threads(config_.workers.io_threads, std::thread::hardware_concurrency()),
                  net::ThreadPool::kWaitingMax, net::Urgency::patient) {}

void Service::reload() {
  auto reloaded = certificates_->reload();
  if (!reloaded) log_.error("certificate.kept", {{"reason", reloaded.error()}});
}

net::Task<void> Service::serve(daemon::Worker& worker) {
  wire::StoreClient client{worker.world, {config::store_socket(config_), 0}, log_};
  auth::Authenticator authenticator{directory_, login_memory_, worker.world,
                                    auth::login_rules(config_.auth, auth::Service::imap)};
  const Surroundings surroundings{worker.world,     config_,        *store_,        client,
                                  client,           authenticator,  *certificates_, user_connections_,
                                  recent_messages_, append_memory_, fair_shares_,   log_};
  net::TaskScope connection;
  connection.spawn(client.run());
  connection.spawn(authenticator.logins().run());
  for (const auto& [name, listener] : worker.listeners) {
    if (name == "imap") worker.scope.spawn(accept(*listener, Security::starttls, worker.scope, surroundings));
    if (name == "imaps") worker.scope.spawn(accept(*listener, Security::implicit_tls, worker.scope, surroundings));
  }
  co_await worker.scope.drained();
  authenticator.logins().stop();
  client.stop();
  co_await connection.drained();
}

net::Task<void> Service::accept(net::Listener& listener, Security security, net::TaskScope& scope,
                                const Surroundings& surroundings) {
  for (;;) {
    auto transport = co_await listener.accept();
    if (!transport) co_return;
    auto& admission = security == Security::starttls ? imap_admission_ : imaps_admission_;
    auto place = admission.enter(transport->peer().address, surroundings.world.clock.now());
    if (!place) {
      turn_away(*transport, security, place.error(), log_);
      continue;
    }
    scope.spawn(converse(std::move(transport), security, scope, surroundings, std::move(*place)));
  }
}

net::Task<void> Service::converse(std::unique_ptr<net::Transport> transport, Security security,
                                  net::TaskScope& scope, const Surroundings& surroundings,
                                  daemon::Admission::Place place) {
  Session session{surroundings, std::move(transport), security, std::move(place)};
  co_await session.converse(scope);
}

}  // namespace posthaste::imapd
