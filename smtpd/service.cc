#include "smtpd/service.h"

#include <span>
#include <utility>

#include "common/auth/authenticator.h"
#include "common/config/layout.h"
#include "common/net/system_random.h"
#include "common/wire/store_client.h"
#include "smtpd/context.h"
#include "smtpd/lmtp_pool.h"
#include "smtpd/recipient_verifier.h"
#include "smtpd/replies.h"
#include "smtpd/session.h"

namespace posthaste::smtpd {
namespace {

struct Port {
  const char* name;
  std::uint16_t standard;
  Role role;
};
constexpr Port kPorts[] = {
    {"smtp", config::kSmtpPort, Role::mx},
    {"submission", config::kSubmissionPort, Role::submission},
    {"submissions", config::kSubmissionsPort, Role::submissions},
};

constexpr std::size_t kSecretOctets = 32;

std::string make_secret() {
  std::string secret(kSecretOctets, '\0');
  net::SystemRandom random;
  random.fill(std::as_writable_bytes(std::span{secret}));
  return secret;
}

auth::LoginMemory::Limits limits_of(const config::Auth& auth) {
  return {
      .remember = auth.remember, .failure_delay = auth.failure_delay, .failure_delay_max = auth.failure_delay_max};
}

/// The spool leaves free what the store does.
std::optional<std::uint64_t> reserve_of(const config::Store& store) {
  if (store.disk_reserve_octets == 0) return std::nullopt;
  return store.disk_reserve_octets;
}

net::Task<void> serve_session(std::unique_ptr<net::Transport> transport, Context& context, Role role,
                              daemon::Admission::Place /*place*/) {
  Session session{std::move(transport), context, role};
  co_await session.converse();
}

/// Under implicit TLS nobody would understand the refusal.
void turn_away(net::Transport& transport, Role role) {
  transport.close(role == Role::submissions ? "" : smtp::to_wire(reply_for(Refusal::too_many_connections)));
}

net::Task<void> accept_sessions(net::Listener& listener, Context& context, Role role,
                                daemon::Admission& admission) {
  for (;;) {
    auto transport = co_await listener.accept();
    if (!transport) co_return;
    auto place = admission.enter();
    if (!place) {
      turn_away(*transport, role);
      continue;
    }
    context.scope.spawn(serve_session(std::move(transport), context, role, std::move(*place)));
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
  if (!directory) return std::unexpected("cannot open the directory in " + paths.directory.string());
  const auto tell = [&log = setting.log](const std::string& reason) {
    log.error("smtp.certificate.skipped", {{"reason", reason}});
  };
  auto certificates = daemon::Certificates::load(paths.certificate, paths.private_key, tell);
  if (!certificates) return std::unexpected(certificates.error());
  auto spool = Spool::open(config::spool_folder(setting.config), reserve_of(setting.config.store));
  if (!spool) return std::unexpected(spool.error());
  return std::unique_ptr<daemon::Program>{
      new Service{setting, std::move(*directory), std::move(*certificates), std::move(*spool)}};
}

Service::Service(const daemon::Setting& setting, auth::Directory directory,
                 std::unique_ptr<daemon::Certificates> certificates, Spool spool)
    : setting_(setting),
      directory_(std::move(directory)),
      certificates_(std::move(certificates)),
      logins_(limits_of(setting.config.auth), make_secret()),
      admission_(setting.config.smtp.connections_max),
      spool_(std::move(spool)) {}

net::Task<void> Service::serve(daemon::Worker& worker) {
  auth::Authenticator authenticator{directory_, logins_, worker.world};
  LmtpPool delivery{worker.world, {config::lmtp_socket(setting_.config), 0}, setting_.config.hostname};
  wire::StoreClient store{worker.world, {config::store_socket(setting_.config), 0}, setting_.log};
  RecipientVerifier verifier{worker.world.clock, store};
  Context context{worker.world, setting_.config, directory_, authenticator, *certificates_, delivery,
                  verifier,     memory_,         spool_,     worker.scope,  setting_.log};
  net::TaskScope connection;
  connection.spawn(store.run());
  net::TaskScope accepting;
  for (const auto& port : kPorts) {
    const auto [first, last] = worker.listeners.equal_range(port.name);
    for (auto listener = first; listener != last; ++listener) {
      accepting.spawn(accept_sessions(*listener->second, context, port.role, admission_));
    }
  }
  co_await accepting.drained();
  co_await worker.scope.drained();
  store.stop();
  co_await connection.drained();
}

void Service::reload() {
  const auto reloaded = certificates_->reload();
  if (!reloaded) setting_.log.error("smtp.certificate.failed", {{"reason", reloaded.error()}});
}

}  // namespace posthaste::smtpd
