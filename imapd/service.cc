#include "imapd/service.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "common/auth/open_words.h"
#include "common/base/clock.h"
#include "common/config/layout.h"
#include "common/session/certificates.h"
#include "common/session/logins.h"
#include "common/store/damage_log.h"
#include "common/store/open_words.h"
#include "common/wire/store_client.h"
#include "imapd/limits.h"

namespace posthaste::imapd {
namespace {

constexpr session::Port kPorts[] = {
    {"imap", config::kImapPort, session::Security::starttls, daemon::Clientele::users},
    {"imaps", config::kImapsPort, session::Security::implicit_tls, daemon::Clientele::users},
};

net::Task<void> converse(std::unique_ptr<net::Transport> transport, session::Security security,
                         net::TaskScope& scope, const Surroundings& surroundings, daemon::Admission::Place place) {
  Session session{surroundings, std::move(transport), security, std::move(place)};
  co_await session.converse(scope);
}

}  // namespace

std::vector<daemon::Binding> bindings(const config::Config& config) { return session::bindings(config, kPorts); }

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
    : config_(setting.config),
      log_(setting.log),
      directory_(std::move(directory)),
      store_(std::move(store)),
      certificates_(std::move(certificates)),
      login_memory_(auth::login_limits(config_.auth), session::make_secret()),
      clients_(config_.clients, daemon::make_key()),
      doors_(kPorts, clients_, config_.imap.connections_max),
      user_connections_(config_.imap.connections_per_user_max),
      recent_messages_(std::chrono::floor<std::chrono::seconds>(wall_clock())),
      append_memory_(kAppendMemoryOctets,
                     std::max(kAppendMemoryOctets / kUserMemoryPart, config_.smtp.message_max_octets)),
      fair_shares_(daemon::threads_per_user(config_.workers.io_threads), &patient_io_),
      patient_io_(daemon::patient_threads(config_.workers.io_threads, std::thread::hardware_concurrency()),
                  net::ThreadPool::kWaitingMax, net::Urgency::patient) {}

bool Service::reload() { return session::reload(*certificates_, log_); }

void Service::tell_expiries() { session::tell_expiries(*certificates_, log_, wall_clock()); }

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
  std::string refusal;
  append_reply(refusal, "*", reply_for(Refusal::many_connections));
  auto begin = [&worker, &surroundings](const session::Port& port, std::unique_ptr<net::Transport> transport,
                                        daemon::Admission::Place place) {
    return converse(std::move(transport), port.security, worker.scope, surroundings, std::move(place));
  };
  doors_.open(worker, worker.scope, log_, refusal, begin);
  co_await worker.scope.drained();
  authenticator.logins().stop();
  client.stop();
  co_await connection.drained();
}

}  // namespace posthaste::imapd
