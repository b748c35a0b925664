#include "pop3d/service.h"

#include <span>
#include <utility>

#include "common/auth/authenticator.h"
#include "common/auth/open_words.h"
#include "common/config/layout.h"
#include "common/net/system_random.h"
#include "common/store/damage_log.h"
#include "common/store/open_words.h"
#include "common/wire/store_client.h"
#include "pop3d/replies.h"
#include "pop3d/session.h"

namespace posthaste::pop3d {
namespace {

struct Port {
  const char* name;
  std::uint16_t standard;
  Security security;
};
constexpr Port kPorts[] = {
    {"pop3", config::kPop3Port, Security::stls},
    {"pop3s", config::kPop3sPort, Security::implicit_tls},
};

constexpr std::size_t kSecretOctets = 32;

std::string make_secret() {
  std::string secret(kSecretOctets, '\0');
  net::SystemRandom random;
  random.fill(std::as_writable_bytes(std::span{secret}));
  return secret;
}

net::Task<void> serve_session(std::unique_ptr<net::Transport> transport, const Surroundings& surroundings,
                              Security security, net::TaskScope& scope, daemon::Admission::Place place) {
  Session session{surroundings, std::move(transport), security, std::move(place)};
  co_await session.converse(scope);
}

/// Under implicit TLS nobody would understand the refusal.
void turn_away(net::Transport& transport, Security security, daemon::TurnedAway reason, const log::Log& log) {
  const auto& client = transport.peer().address;
  const char* port = security == Security::stls ? "pop3" : "pop3s";
  log.info_by_client(client, "client.turned_away",
                     {{"client", client}, {"port", port}, {"reason", name_of(reason)}});
  const auto words = pop3::to_wire(reply_for(Refusal::too_many_connections));
  transport.close(security == Security::implicit_tls ? std::string_view{} : words);
}

net::Task<void> accept_sessions(net::Listener& listener, const Surroundings& surroundings, Security security,
                                net::TaskScope& scope, daemon::Admission& admission) {
  while (auto transport = co_await listener.accept()) {
    auto place = admission.enter(transport->peer().address, surroundings.world.clock.now());
    if (!place) {
      turn_away(*transport, security, place.error(), surroundings.log);
      continue;
    }
    scope.spawn(serve_session(std::move(transport), surroundings, security, scope, std::move(*place)));
  }
}

}  // namespace

std::vector<daemon::Binding> Service::bindings(const config::Config& config) {
  std::vector<daemon::Binding> bindings;
  for (const auto& port : kPorts) {
    for (auto& binding : daemon::on_all_addresses(config, port.name, port.standard)) {
      bindings.push_back(std::move(binding));
    }
  }
  return bindings;
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
      new Service{setting, std::move(*directory), std::move(*store), std::move(*certificates)}};
}

Service::Service(const daemon::Setting& setting, auth::Directory directory, std::unique_ptr<store::Store> store,
                 std::unique_ptr<daemon::Certificates> certificates)
    : setting_(setting),
      directory_(std::move(directory)),
      store_(std::move(store)),
      certificates_(std::move(certificates)),
      logins_(auth::login_limits(setting.config.auth), make_secret()),
      clients_(setting.config.clients, daemon::make_key()),
      pop3_admission_(clients_, config::kPop3Port, setting.config.pop3.connections_max, daemon::Clientele::users),
      pop3s_admission_(clients_, config::kPop3sPort, setting.config.pop3.connections_max, daemon::Clientele::users),
      last_logins_(setting.config.pop3.login_delay) {}

net::Task<void> Service::serve(daemon::Worker& worker) {
  auth::Authenticator authenticator{directory_, logins_, worker.world,
                                    auth::login_rules(setting_.config.auth, auth::Service::pop3)};
  wire::StoreClient deliveryd{worker.world, {config::store_socket(setting_.config), 0}, setting_.log};
  const Surroundings surroundings{worker.world,   setting_.config, *store_,      deliveryd,   authenticator,
                                  *certificates_, locks_,          last_logins_, setting_.log};
  net::TaskScope store_connection;
  store_connection.spawn(deliveryd.run());
  store_connection.spawn(authenticator.logins().run());
  net::TaskScope accepting;
  for (const auto& port : kPorts) {
    const auto [first, last] = worker.listeners.equal_range(port.name);
    for (auto listener = first; listener != last; ++listener) {
      auto& admission = port.security == Security::stls ? pop3_admission_ : pop3s_admission_;
      accepting.spawn(accept_sessions(*listener->second, surroundings, port.security, worker.scope, admission));
    }
  }
  co_await accepting.drained();
  co_await worker.scope.drained();
  authenticator.logins().stop();
  deliveryd.stop();
  co_await store_connection.drained();
}

void Service::reload() {
  const auto reloaded = certificates_->reload();
  if (!reloaded) setting_.log.error("certificate.kept", {{"reason", reloaded.error()}});
}

}  // namespace posthaste::pop3d
