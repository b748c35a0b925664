#include "smtpd/service.h"

#include <unistd.h>

#include <exception>
#include <span>
#include <utility>

#include "common/auth/authenticator.h"
#include "common/auth/open_words.h"
#include "common/config/layout.h"
#include "common/net/system_random.h"
#include "common/wire/store_client.h"
#include "smtpd/context.h"
#include "smtpd/control_session.h"
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

constexpr const char* kControl = "control";
constexpr std::size_t kSecretOctets = 32;

std::string make_secret() {
  std::string secret(kSecretOctets, '\0');
  net::SystemRandom random;
  random.fill(std::as_writable_bytes(std::span{secret}));
  return secret;
}

/// The spool leaves free what the store does.
std::optional<std::uint64_t> reserve_of(const config::Store& store) {
  if (store.disk_reserve_octets == 0) return std::nullopt;
  return store.disk_reserve_octets;
}

net::Task<void> serve_session(std::unique_ptr<net::Transport> transport, Context& context, Role role,
                              daemon::Admission::Place place) {
  Session session{std::move(transport), context, role, std::move(place)};
  co_await session.converse();
}

/// Under implicit TLS nobody would understand the refusal.
void turn_away(net::Transport& transport, const Port& port, daemon::TurnedAway reason, const log::Log& log) {
  const auto& client = transport.peer().address;
  log.info_by_client(client, "client.turned_away",
                     {{"client", client}, {"port", port.name}, {"reason", name_of(reason)}});
  transport.close(port.role == Role::submissions ? "" : smtp::to_wire(reply_for(Refusal::too_many_connections)));
}

net::Task<void> accept_sessions(net::Listener& listener, Context& context, const Port& port,
                                daemon::Admission& admission) {
  for (;;) {
    auto transport = co_await listener.accept();
    if (!transport) co_return;
    auto place = admission.enter(transport->peer().address, context.world.clock.now());
    if (!place) {
      turn_away(*transport, port, place.error(), context.log);
      continue;
    }
    context.scope.spawn(serve_session(std::move(transport), context, port.role, std::move(*place)));
  }
}

net::Task<void> serve_control(std::unique_ptr<net::Transport> transport, Context& context) {
  ControlSession session{std::move(transport), context.dispatcher, context.world.clock,
                         context.scope,        context.log,        getuid()};
  try {
    co_await session.converse();
  } catch (const std::exception& failure) {
    context.log.error("session.failed", {{"socket", "control"}, {"reason", failure.what()}});
  }
}

net::Task<void> accept_control(net::Listener& listener, Context& context) {
  for (;;) {
    auto transport = co_await listener.accept();
    if (!transport) co_return;
    context.scope.spawn(serve_control(std::move(transport), context));
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
  bindings.push_back(
      {kControl, {config::control_socket(config, "smtpd"), 0}, daemon::Binding::Served::by_the_first});
  return bindings;
}

std::expected<std::unique_ptr<daemon::Program>, std::string> Service::make(const daemon::Setting& setting) {
  const auto& paths = setting.config.paths;
  auto directory = auth::Directory::open(paths.directory, auth::Role::reader);
  if (!directory) return std::unexpected(auth::open_words(paths.directory, directory.error()));
  const auto tell = [&log = setting.log](const std::string& reason) {
    log.error("certificate.skipped", {{"reason", reason}});
  };
  auto certificates = daemon::Certificates::load(paths.certificate, paths.private_key, tell);
  if (!certificates) return std::unexpected(certificates.error());
  auto spool = Spool::open(config::spool_folder(setting.config), reserve_of(setting.config.store));
  if (!spool) return std::unexpected(spool.error());
  std::unique_ptr<Service> service{
      new Service{setting, std::move(*directory), std::move(*certificates), std::move(*spool)}};
  if (auto opened = service->open_queue(); !opened) return std::unexpected(opened.error());
  return service;
}

Service::Service(const daemon::Setting& setting, auth::Directory directory,
                 std::unique_ptr<daemon::Certificates> certificates, Spool spool)
    : setting_(setting),
      directory_(std::move(directory)),
      certificates_(std::move(certificates)),
      logins_(auth::login_limits(setting.config.auth), make_secret()),
      clients_(setting.config.clients, daemon::make_key()),
      user_connections_(setting.config.submission.connections_per_user_max),
      spool_(std::move(spool)) {
  for (const auto& port : kPorts) {
    const auto clientele = port.role == Role::mx ? daemon::Clientele::anybody : daemon::Clientele::users;
    admissions_.try_emplace(port.role, clients_, port.standard, setting.config.smtp.connections_max, clientele);
  }
}

std::expected<void, std::string> Service::open_queue() {
  auto outbound = Outbound::open(setting_, directory_);
  if (!outbound) return std::unexpected(outbound.error());
  outbound_ = std::move(*outbound);
  return {};
}

void Service::prepare(const std::vector<daemon::Worker*>& workers) { outbound_->prepare(workers); }

net::Task<void> Service::serve(daemon::Worker& worker) {
  auth::Authenticator authenticator{directory_, logins_, worker.world,
                                    auth::login_rules(setting_.config.auth, auth::Service::smtp)};
  LmtpPool delivery{worker.world, {config::lmtp_socket(setting_.config), 0}, setting_.config.hostname};
  wire::StoreClient store{worker.world, {config::store_socket(setting_.config), 0}, setting_.log};
  RecipientVerifier verifier{worker.world.clock, store};
  Context context{.world = worker.world,
                  .config = setting_.config,
                  .directory = directory_,
                  .authenticator = authenticator,
                  .certificates = *certificates_,
                  .delivery = delivery,
                  .verifier = verifier,
                  .queue = outbound_->queue(),
                  .dispatcher = outbound_->dispatcher(),
                  .memory = memory_,
                  .clients = clients_,
                  .user_connections = user_connections_,
                  .spool = spool_,
                  .scope = worker.scope,
                  .log = setting_.log};
  net::TaskScope connection;
  connection.spawn(store.run());
  connection.spawn(authenticator.logins().run());
  net::TaskScope accepting;
  for (const auto& port : kPorts) {
    const auto [first, last] = worker.listeners.equal_range(port.name);
    for (auto listener = first; listener != last; ++listener) {
      accepting.spawn(accept_sessions(*listener->second, context, port, admissions_.at(port.role)));
    }
  }
  const auto [first, last] = worker.listeners.equal_range(kControl);
  for (auto listener = first; listener != last; ++listener) {
    accepting.spawn(accept_control(*listener->second, context));
  }
  co_await outbound_->serve(worker, delivery, accepting);
  authenticator.logins().stop();
  store.stop();
  co_await connection.drained();
}

void Service::reload() {
  const auto reloaded = certificates_->reload();
  if (!reloaded) setting_.log.error("certificate.kept", {{"reason", reloaded.error()}});
}

}  // namespace posthaste::smtpd
