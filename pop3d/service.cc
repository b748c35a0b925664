#include "pop3d/service.h"

#include <utility>

#include "common/auth/authenticator.h"
#include "common/auth/open_words.h"
#include "common/config/layout.h"
#include "common/session/certificates.h"
#include "common/session/logins.h"
#include "common/store/damage_log.h"
#include "common/store/open_words.h"
#include "common/wire/store_client.h"
#include "pop3d/limits.h"
#include "pop3d/replies.h"
#include "pop3d/session.h"

namespace posthaste::pop3d {
namespace {

constexpr session::Port kPorts[] = {
    {"pop3", config::kPop3Port, session::Security::starttls, daemon::Clientele::users},
    {"pop3s", config::kPop3sPort, session::Security::implicit_tls, daemon::Clientele::users},
};

net::Task<void> serve_session(std::unique_ptr<net::Transport> transport, const Surroundings& surroundings,
                              session::Security security, net::TaskScope& scope, daemon::Admission::Place place) {
  Session session{surroundings, std::move(transport), security, std::move(place)};
  co_await session.converse(scope);
}

}  // namespace

std::vector<daemon::Binding> Service::bindings(const config::Config& config) {
  return session::bindings(config, kPorts);
}

std::expected<std::unique_ptr<daemon::Program>, std::string> Service::make(const daemon::Setting& setting) {
  const auto& paths = setting.config.paths;
  auto directory = auth::Directory::open(paths.directory, auth::Role::reader);
  if (!directory) return std::unexpected(auth::open_words(paths.directory, directory.error()));
  auto store = store::Store::open(paths.store, setting.config.store.map_octets);
  if (!store) return std::unexpected(store::open_words(store.error()));
  store::log_damage(**store, setting.log);
  auto certificates = session::open_certificates(setting);
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
      logins_(auth::login_limits(setting.config.auth), session::make_secret()),
      clients_(setting.config.clients, daemon::make_key()),
      doors_(kPorts, clients_, setting.config.pop3.connections_max),
      last_logins_(setting.config.pop3.login_delay),
      output_memory_(kOutputMemoryOctets) {}

net::Task<void> Service::serve(daemon::Worker& worker) {
  auth::Authenticator authenticator{directory_, logins_, worker.world,
                                    auth::login_rules(setting_.config.auth, auth::Service::pop3)};
  wire::StoreClient deliveryd{worker.world, {config::store_socket(setting_.config), 0}, setting_.log};
  const Surroundings surroundings{worker.world,   setting_.config, *store_,      deliveryd,      authenticator,
                                  *certificates_, locks_,          last_logins_, output_memory_, setting_.log};
  net::TaskScope store_connection;
  store_connection.spawn(deliveryd.run());
  store_connection.spawn(authenticator.logins().run());
  net::TaskScope accepting;
  auto begin = [&worker, &surroundings](const session::Port& port, std::unique_ptr<net::Transport> transport,
                                        daemon::Admission::Place place) {
    return serve_session(std::move(transport), surroundings, port.security, worker.scope, std::move(place));
  };
  doors_.open(worker, accepting, setting_.log, pop3::to_wire(reply_for(Refusal::too_many_connections)), begin);
  co_await accepting.drained();
  co_await worker.scope.drained();
  authenticator.logins().stop();
  deliveryd.stop();
  co_await store_connection.drained();
}

bool Service::reload() { return session::reload(*certificates_, setting_.log); }

void Service::tell_expiries() { session::tell_expiries(*certificates_, setting_.log, wall_clock()); }

}  // namespace posthaste::pop3d
