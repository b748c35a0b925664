#include "smtpd/service.h"

#include <unistd.h>

#include <exception>
#include <utility>

#include "common/auth/authenticator.h"
#include "common/auth/open_words.h"
#include "common/base/clock.h"
#include "common/config/layout.h"
#include "common/session/certificates.h"
#include "common/session/logins.h"
#include "common/wire/store_client.h"
#include "smtpd/context.h"
#include "smtpd/control_session.h"
#include "smtpd/lmtp_pool.h"
#include "smtpd/recipient_verifier.h"
#include "smtpd/replies.h"
#include "smtpd/session.h"

namespace posthaste::smtpd {
namespace {

constexpr session::Port kPorts[] = {
    {"smtp", config::kSmtpPort, session::Security::starttls, daemon::Clientele::anybody},
    {"submission", config::kSubmissionPort, session::Security::starttls, daemon::Clientele::users},
    {"submissions", config::kSubmissionsPort, session::Security::implicit_tls, daemon::Clientele::users},
};

Role role_at(const session::Port& port) noexcept {
  if (port.clientele == daemon::Clientele::anybody) return Role::mx;
  return port.security == session::Security::implicit_tls ? Role::submissions : Role::submission;
}

constexpr const char* kControl = "control";

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
  auto bindings = session::bindings(config, kPorts);
  bindings.push_back(
      {kControl, {config::control_socket(config, "smtpd"), 0}, daemon::Binding::Served::by_the_first});
  return bindings;
}

std::expected<std::unique_ptr<daemon::Program>, std::string> Service::make(const daemon::Setting& setting) {
  const auto& paths = setting.config.paths;
  auto directory = auth::Directory::open(paths.directory, auth::Role::reader);
  if (!directory) return std::unexpected(auth::open_words(paths.directory, directory.error()));
  auto certificates = session::open_certificates(setting);
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
      logins_(auth::login_limits(setting.config.auth), session::make_secret()),
      clients_(setting.config.clients, daemon::make_key()),
      doors_(kPorts, clients_, setting.config.smtp.connections_max),
      user_connections_(setting.config.submission.connections_per_user_max),
      spool_(std::move(spool)) {}

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
  auto begin = [&context](const session::Port& port, std::unique_ptr<net::Transport> transport,
                          daemon::Admission::Place place) {
    return serve_session(std::move(transport), context, role_at(port), std::move(place));
  };
  doors_.open(worker, accepting, setting_.log, smtp::to_wire(reply_for(Refusal::too_many_connections)), begin);
  const auto [first, last] = worker.listeners.equal_range(kControl);
  for (auto listener = first; listener != last; ++listener) {
    accepting.spawn(accept_control(*listener->second, context));
  }
  co_await outbound_->serve(worker, delivery, accepting);
  authenticator.logins().stop();
  store.stop();
  co_await connection.drained();
}

std::vector<daemon::WatchedDisk> Service::disks() const {
  return {{"queue", setting_.config.paths.queue}, {"spool", config::spool_folder(setting_.config)}};
}

bool Service::reload() { return session::reload(*certificates_, setting_.log); }

void Service::tell_expiries() { session::tell_expiries(*certificates_, setting_.log, wall_clock()); }

}  // namespace posthaste::smtpd
