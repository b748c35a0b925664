#include "smtpd/relay/client.h"

#include <algorithm>
#include <utility>

#include "common/base/base64.h"
#include "common/base/octets.h"
#include "common/net/time_limit.h"
#include "common/smtp/command.h"
#include "smtpd/relay/reply_reader.h"
#include "smtpd/relay/transaction.h"

namespace posthaste::relay {
namespace {

constexpr int kServiceClosing = 421;  // RFC 5321 §3.8

OpenFailure refused(Verdict verdict) { return {OpenFailure::Kind::refused, std::move(verdict)}; }

bool is_loopback(const net::Endpoint& endpoint) {
  return endpoint.is_unix() || endpoint.address.starts_with("127.") || endpoint.address == "::1";
}

std::string plain_response(const Access& access) {
  std::string message;
  message.append(1, '\0').append(access.user).append(1, '\0').append(access.password);
  return base64_encode(message);
}

}  // namespace

const net::TlsClient* VerifyingTls::get() {
  if (client_) return &*client_;
  auto client = net::TlsClient::verifying(trusted_path_);
  if (!client) {
    log_.error("relay.certificates.unreadable", {{"reason", client.error()}});
    return nullptr;
  }
  return &client_.emplace(std::move(*client));
}

Access access_of(const Destination& destination) {
  const auto* fixed = std::get_if<FixedHost>(&destination.target);
  if (fixed == nullptr) return {};
  return {fixed->protocol, fixed->tls, fixed->user, fixed->password};
}

Client::Client(const ClientContext& context, std::unique_ptr<net::Transport> transport, HostAddress address,
               Access access)
    : context_(context),
      stream_(std::move(transport), kCommandTimeout),
      stop_handler_(context.stop, [this] { stream_.interrupt(); }),
      address_(std::move(address)),
      access_(std::move(access)),
      recipients_max_(context.recipients_max) {}

net::Task<std::expected<std::unique_ptr<Client>, OpenFailure>> Client::open(const ClientContext& context,
                                                                            HostAddress address, Access access) {
  auto transport = co_await context.world.network.connect(address.endpoint, kConnectTimeout);
  if (!transport) {
    const bool no_way = address.endpoint.is_ipv6() && transport.error() == net::ConnectError::unreachable;
    const auto kind = transport.error() == net::ConnectError::refused ? OpenFailure::Kind::no_listener
                                                                      : OpenFailure::Kind::silent;
    OpenFailure failure{kind, no_connection(address.endpoint, transport.error()), no_way};
    co_return std::unexpected(std::move(failure));
  }
  std::unique_ptr<Client> client{new Client(context, std::move(*transport), std::move(address), std::move(access))};
  auto begun = co_await client->begin();
  if (!begun) co_return std::unexpected(std::move(begun.error()));
  co_return std::move(client);
}

net::Task<Client::Done> Client::begin() {
  if (access_.tls == Tls::implicit) {
    auto secured = co_await shake_hands();
    if (!secured) co_return secured;
  }
  auto greeted = co_await greet();
  if (!greeted) co_return greeted;
  auto said = co_await say_hello();
  if (!said) co_return said;
  auto started = co_await start_tls();
  if (!started) co_return started;
  co_return co_await log_in();
}

/// Sends `command`, which may be empty, and reads the reply to it. 421 is a refusal, whatever was asked.
net::Task<std::expected<smtp::Reply, OpenFailure>> Client::ask(std::string command, std::string_view stage) {
  stream_.write(command);
  auto reply = co_await read_reply(stream_, context_.world.clock, kCommandTimeout);
  if (!reply) {
    const bool silent = reply.error() == ReplyError::timed_out;
    OpenFailure failure{silent ? OpenFailure::Kind::silent : OpenFailure::Kind::refused,
                        lost(address_.endpoint, reply.error(), stage)};
    co_return std::unexpected(std::move(failure));
  }
  if (reply->code == kServiceClosing) co_return std::unexpected(refused(deferred_by_host(std::move(*reply))));
  co_return std::move(*reply);
}

net::Task<Client::Done> Client::greet() {
  auto greeting = co_await ask("", "the greeting");
  if (!greeting) co_return std::unexpected(std::move(greeting.error()));
  // 554 says that there is no mail service here (RFC 5321 §3.1): of this host, and perhaps of today.
  if (greeting->code / 100 != 2) co_return std::unexpected(refused(deferred_by_host(std::move(*greeting))));
  co_return Done{};
}

net::Task<Client::Done> Client::say_hello() {
  const bool lmtp = access_.protocol == FixedHost::Protocol::lmtp;
  const std::string verb = lmtp ? "LHLO " : "EHLO ";
  auto answer = co_await ask(verb + context_.hostname + "\r\n", lmtp ? "the reply to LHLO" : "the reply to EHLO");
  if (!answer) co_return std::unexpected(std::move(answer.error()));
  extensions_ = {};
  if (answer->code / 100 == 2) {
    extensions_ = smtp::parse_ehlo(*answer);
    co_return Done{};
  }
  if (lmtp || !smtp::is_permanent(*answer)) co_return std::unexpected(refused(refused_by_host(std::move(*answer))));
  answer = co_await ask("HELO " + context_.hostname + "\r\n", "the reply to HELO");  // RFC 5321 §3.2
  if (!answer) co_return std::unexpected(std::move(answer.error()));
  if (answer->code / 100 != 2) co_return std::unexpected(refused(refused_by_host(std::move(*answer))));
  co_return Done{};
}

net::Task<Client::Done> Client::start_tls() {
  const bool wanted = access_.tls == Tls::opportunistic || access_.tls == Tls::required;
  if (!wanted) co_return Done{};
  const bool required = access_.tls == Tls::required;
  if (!extensions_.start_tls) {
    if (required) co_return std::unexpected(refused(tls_not_offered(address_.endpoint)));
    co_return Done{};
  }
  auto ready = co_await ask("STARTTLS\r\n", "the reply to STARTTLS");
  if (!ready) co_return std::unexpected(std::move(ready.error()));
  if (ready->code / 100 != 2) {  // 454: TLS is not available now (RFC 3207 §4)
    if (required) co_return std::unexpected(refused(deferred_by_host(std::move(*ready))));
    co_return Done{};
  }
  auto secured = co_await shake_hands();
  if (!secured) co_return secured;
  co_return co_await say_hello();  // what was said in the clear is forgotten (RFC 3207 §4.2)
}

net::Task<Client::Done> Client::shake_hands() {
  const bool opportunistic = access_.tls == Tls::opportunistic;
  const auto* tls = opportunistic ? &context_.opportunistic_tls : context_.verifying_tls.get();
  if (tls == nullptr) {
    const std::string reason = "this system's trusted certificates cannot be read";
    co_return std::unexpected(refused(tls_failed(address_.endpoint, reason)));
  }
  stream_.set_timeout(kTlsTimeout);
  auto secured = co_await net::connect_tls(stream_, *tls, address_.host, context_.world.clock, kTlsTimeout);
  if (secured) co_return Done{};
  const bool may_do_without = opportunistic && secured.error() != net::StreamError::interrupted;
  const auto kind = may_do_without ? OpenFailure::Kind::tls_failed : OpenFailure::Kind::refused;
  const bool has_reason = secured.error() == net::StreamError::tls_failed && stream_.tls() != nullptr;
  const std::string reason =
      has_reason ? stream_.tls()->failure() : std::string{"the connection ended within the TLS handshake"};
  OpenFailure failure{kind, tls_failed(address_.endpoint, reason)};
  co_return std::unexpected(std::move(failure));
}

std::optional<Verdict> Client::reason_against_login() const {
  if (stream_.tls() == nullptr && !is_loopback(address_.endpoint)) return login_in_the_clear(address_.endpoint);
  const auto& offered = extensions_.auth_mechanisms;
  const bool known =
      std::ranges::find(offered, "PLAIN") != offered.end() || std::ranges::find(offered, "LOGIN") != offered.end();
  return known ? std::nullopt : std::optional{login_not_offered(address_.endpoint)};
}

/// AUTH PLAIN, or LOGIN where that is all (RFC 4954 §4). Each step without its data on the command line: that has
/// room for what a long password needs. A refusal is no fault of the message, which waits for the operator.
net::Task<Client::Done> Client::log_in() {
  if (access_.user.empty()) co_return Done{};
  auto against = reason_against_login();
  if (against) co_return std::unexpected(refused(std::move(*against)));
  const auto& offered = extensions_.auth_mechanisms;
  std::vector<std::string> steps;
  if (std::ranges::find(offered, "PLAIN") != offered.end()) {
    steps = {"AUTH PLAIN", plain_response(access_)};
  } else {
    steps = {"AUTH LOGIN", base64_encode(access_.user), base64_encode(access_.password)};
  }
  for (const auto& step : steps) {
    const int expected = &step == &steps.back() ? 2 : 3;
    auto answer = co_await ask(step + "\r\n", "the reply to AUTH");
    if (!answer) co_return std::unexpected(std::move(answer.error()));
    if (answer->code / 100 == expected) continue;
    co_return std::unexpected(refused(deferred_by_host(std::move(*answer))));
  }
  co_return Done{};
}

net::Task<std::vector<Answer>> Client::transact(const Message& message, std::span<const Recipient> recipients,
                                                LazyTraits& traits, SevenBitForm& seven_bit) {
  ++transactions_;
  Transaction transaction{*this, message, recipients, traits, seven_bit};
  co_return co_await transaction.run();
}

std::string Client::tls_version() const {
  return stream_.tls() == nullptr ? std::string{} : std::string{stream_.tls()->version()};
}

net::Task<void> Client::idle(std::chrono::milliseconds time) {
  // The stream's own timeout begins anew with each octet that is no input yet, as of a record of TLS.
  constexpr std::chrono::seconds kGrace{1};
  net::TimeLimit limit{context_.world.clock, stream_, time + kGrace};
  stream_.set_timeout(time);
  auto seen = co_await stream_.wait();
  const bool quiet =
      seen ? *seen == net::Readiness::woken
           : seen.error() == net::StreamError::timed_out || seen.error() == net::StreamError::interrupted;
  if (!quiet || stream_.has_input() || limit.has_passed()) broken_ = true;
}

net::Task<void> Client::quit() {
  if (broken_) co_return;
  broken_ = true;
  stream_.set_timeout(kQuitTimeout);
  stream_.write("QUIT\r\n");
  auto flushed = co_await stream_.flush();
  if (!flushed || context_.stop.stopping()) co_return;
  auto reply = co_await read_reply(stream_, context_.world.clock, kQuitTimeout);
  static_cast<void>(reply);  // whatever it says: we go
}

}  // namespace posthaste::relay
