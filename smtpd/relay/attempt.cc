#include "smtpd/relay/attempt.h"

#include <algorithm>
#include <utility>

#include "common/base/idna.h"

namespace posthaste::relay {
namespace {

constexpr std::chrono::milliseconds kIpv6Pause = std::chrono::minutes{10};  // after it was unreachable

/// That no host was reached: RFC 3463 §3.5, X.4.1 and X.4.3.
bool is_absence(const Outcome& outcome) {
  constexpr smtp::EnhancedCode kNoAnswerFromHost{4, 4, 1};
  constexpr smtp::EnhancedCode kDirectoryServerFailure{4, 4, 3};
  const auto& code = outcome.reply.enhanced_code;
  return outcome.host.empty() && (code == kNoAnswerFromHost || code == kDirectoryServerFailure);
}

/// Which of two provisional outcomes tells more. A host that may take the message later beats one that never will;
/// a conversation that broke beats none; and what a host says beats what we make of its silence.
int weight(const Outcome& outcome) {
  if (outcome.result == Result::not_tried) return -1;
  if (outcome.result == Result::failed) return 0;
  if (is_absence(outcome)) return 1;
  return outcome.host.empty() ? 2 : 3;
}

void keep_weightier(Outcome& so_far, Outcome outcome) {
  if (weight(outcome) >= weight(so_far)) so_far = std::move(outcome);
}

Outcome own_outcome(std::uint32_t index, const Verdict& verdict) {
  return {index, verdict.result, verdict.reply, {}, {}};
}

std::string text_of(const smtp::Reply& reply) {
  std::string text;
  for (const auto& line : reply.lines) text.append(text.empty() ? "" : " ").append(line);
  return text;
}

std::string code_of(const smtp::Reply& reply) {
  const auto code = std::to_string(reply.code);
  return reply.enhanced_code ? code + " " + smtp::to_string(*reply.enhanced_code) : code;
}

}  // namespace

Attempt::Attempt(const Shared& shared, Destination destination, Message message, std::vector<Recipient> recipients)
    : shared_(shared),
      destination_(std::move(destination)),
      message_(std::move(message)),
      access_(access_of(destination_)),
      traits_(message_),
      seven_bit_(shared.world, shared.log, shared.conversion_room, message_) {
  for (auto& recipient : recipients) {
    auto outcome = own_outcome(recipient.index, not_tried());
    pending_.push_back({std::move(recipient), std::move(outcome)});
  }
}

net::Task<void> Attempt::run() {
  const auto name = to_string(destination_);
  shared_.log.debug("relay.attempt", {{"trace", message_.trace_id},
                                      {"destination", name},
                                      {"recipients", pending_.size()},
                                      {"octets", message_.content.octets()}});
  for (auto& pending : pending_) pending.so_far = own_outcome(pending.recipient.index, not_tried());
  asked_.reset();
  addresses_tried_ = 0;
  connected_ = connection_failed_ = false;
  co_await try_idle_connections();
  if (over()) co_return;
  if (const auto* domain = std::get_if<std::string>(&destination_.target)) {
    co_await try_domain(*domain);
  } else {
    co_await try_fixed_host(std::get<FixedHost>(destination_.target));
  }
}

std::vector<Outcome> Attempt::end() {
  if (shared_.clients.stop.stopping()) note(stopping(), nullptr);
  for (auto& pending : std::exchange(pending_, {})) {
    auto outcome = std::move(pending.so_far);
    end(pending, std::move(outcome));
  }
  return std::move(outcomes_);
}

Experience Attempt::experience() const noexcept {
  if (connected_) return Experience::took_mail;
  return connection_failed_ ? Experience::no_connection : Experience::neither;
}

bool Attempt::over() const noexcept { return pending_.empty() || shared_.clients.stop.stopping(); }

net::Task<void> Attempt::try_idle_connections() {
  while (!over()) {
    auto client = co_await shared_.pool.take(destination_);
    if (!client) co_return;
    const auto endpoint = client->address().endpoint;
    const bool answered = co_await use(std::move(client));
    if (!answered) continue;  // it was closed before: no fault of the host's
    asked_ = endpoint;
    co_return;
  }
}

net::Task<void> Attempt::try_domain(std::string name) {
  const auto a_labels = to_a_labels(name);
  if (!a_labels) co_return note(no_such_domain(name), nullptr);
  const std::string& domain = *a_labels;
  if (auto literal = literal_address(domain)) {
    std::vector<HostAddress> addresses{{*literal, {*literal, shared_.smtp_port}}};
    if (shared_.own.has_address(addresses.front().endpoint)) co_return note(loops_back(domain), nullptr);
    co_return co_await try_addresses(std::move(addresses));
  }
  auto groups = co_await find_hosts(shared_.resolver, shared_.world.random, domain, shared_.own);
  if (!groups) co_return note(groups.error(), nullptr);
  std::optional<dns::Failure> trouble;
  bool any_address = false;
  bool loops = false;
  for (const auto& group : *groups) {
    auto addresses = co_await find_addresses(shared_.resolver, group, shared_.smtp_port, first_family());
    if (addresses.unsure) trouble = addresses.failure;
    loops = std::ranges::any_of(addresses.found,
                                [&](const auto& each) { return shared_.own.has_address(each.endpoint); });
    if (loops) break;  // our equals and all that follow are out of the question too (RFC 5321 §5.1)
    any_address = any_address || !addresses.found.empty();
    co_await try_addresses(std::move(addresses.found));
    if (over()) co_return;
  }
  if (trouble)
    co_return note(dns_trouble(domain, *trouble), nullptr);  // a host that we do not know of may be better
  if (any_address) co_return;
  if (loops) co_return note(loops_back(domain), nullptr);
  const bool implicit = groups->size() == 1 && groups->front().size() == 1 && groups->front().front() == domain;
  note(implicit ? no_such_domain(domain) : no_usable_host(domain), nullptr);
}

net::Task<void> Attempt::try_fixed_host(FixedHost fixed) {
  const net::Endpoint endpoint{fixed.host, fixed.port};
  if (endpoint.is_unix() || is_ip_address(fixed.host)) {
    std::vector<HostAddress> addresses{{fixed.host, endpoint}};
    co_return co_await try_addresses(std::move(addresses));
  }
  HostGroup group{fixed.host};
  auto addresses = co_await find_addresses(shared_.resolver, std::move(group), fixed.port, first_family());
  if (addresses.found.empty()) {
    co_return note(addresses.unsure ? dns_trouble(fixed.host, addresses.failure) : unknown_fixed_host(fixed.host),
                   nullptr);
  }
  co_await try_addresses(std::move(addresses.found));
}

net::Task<void> Attempt::try_addresses(std::vector<HostAddress> addresses) {
  for (const auto& address : addresses) {
    if (over() || addresses_tried_ == kAddressesMax) co_return;
    ++addresses_tried_;
    co_await try_address(address);
  }
}

net::Task<void> Attempt::try_address(HostAddress address) {
  if (address.endpoint == asked_) co_return;
  if (auto reason = shared_.dead_hosts.reason_against(address.endpoint, shared_.world.clock.now())) {
    co_return note(*reason, &address);
  }
  auto client = co_await connect(address);
  if (!client) co_return;
  shared_.dead_hosts.lives(address.endpoint);
  const auto tls = client->tls_version();
  shared_.log.debug("relay.connected", {{"trace", message_.trace_id},
                                        {"host", address.host},
                                        {"address", net::to_string(address.endpoint)},
                                        {"tls", tls}});
  co_await use(std::move(client));
}

/// Once more in the clear when TLS was only an opportunity and has failed (RFC 7435 §3).
net::Task<std::unique_ptr<Client>> Attempt::connect(HostAddress address) {
  auto client = co_await Client::open(shared_.clients, address, access_);
  if (!client && client.error().kind == OpenFailure::Kind::tls_failed) {
    failed_to_open(address, client.error());
    Access clear = access_;
    clear.tls = Tls::none;
    client = co_await Client::open(shared_.clients, address, std::move(clear));
  }
  if (client) co_return std::move(*client);
  failed_to_open(address, client.error());
  co_return nullptr;
}

void Attempt::failed_to_open(const HostAddress& address, const OpenFailure& failure) {
  const auto now = shared_.world.clock.now();
  connection_failed_ = true;
  // A route leads nowhere else, and who restarts its host does not want to wait for us to notice.
  const bool is_route = std::holds_alternative<FixedHost>(destination_.target);
  const bool quick = failure.kind == OpenFailure::Kind::no_listener;
  if (failure.kind == OpenFailure::Kind::silent || (quick && !is_route)) {
    shared_.dead_hosts.died(address.endpoint, quick ? Death::quick : Death::slow, failure.verdict, now);
  }
  if (failure.ipv6_unreachable) shared_.ipv6_again = now + kIpv6Pause;
  note(failure.verdict, &address);
  shared_.log.info("relay.host.failed", {{"trace", message_.trace_id},
                                         {"host", address.host},
                                         {"address", net::to_string(address.endpoint)},
                                         {"code", code_of(failure.verdict.reply)},
                                         {"text", text_of(failure.verdict.reply)}});
}

Family Attempt::first_family() const {
  return shared_.world.clock.now() < shared_.ipv6_again ? Family::ipv4 : shared_.first_family;
}

net::Task<bool> Attempt::use(std::unique_ptr<Client> client) {
  std::vector<Pending> elsewhere;
  while (!pending_.empty() && client->usable()) {
    const auto count = static_cast<std::ptrdiff_t>(std::min(pending_.size(), client->recipients_max()));
    std::vector<Pending> batch(std::make_move_iterator(pending_.begin()),
                               std::make_move_iterator(pending_.begin() + count));
    pending_.erase(pending_.begin(), pending_.begin() + count);
    std::vector<Recipient> recipients;
    for (const auto& pending : batch) recipients.push_back(pending.recipient);
    auto answers = co_await client->transact(message_, recipients, traits_, seven_bit_);
    settle(*client, std::move(batch), std::move(answers), elsewhere);
  }
  const bool answered = client->answered();
  connected_ = connected_ || answered;
  note(ended_before(client->address().endpoint), &client->address());  // of whoever is left has not been named
  std::ranges::move(elsewhere, std::back_inserter(pending_));
  if (client->timed_out()) {
    const auto& endpoint = client->address().endpoint;
    const auto reason = lost(endpoint, ReplyError::timed_out, "a reply");
    shared_.dead_hosts.died(endpoint, Death::slow, reason, shared_.world.clock.now());
  }
  if (!client->usable()) co_return answered;
  if (client->transactions() < shared_.messages_per_connection_max) {
    shared_.pool.put(destination_, std::move(client));
  } else {
    shared_.pool.dismiss(std::move(client));
  }
  co_return true;
}

void Attempt::settle(const Client& client, std::vector<Pending> batch, std::vector<Answer> answers,
                     std::vector<Pending>& elsewhere) {
  for (std::size_t i = 0; i < batch.size(); ++i) {
    auto outcome = outcome_of(batch[i].recipient, answers[i].verdict, client);
    if (answers[i].next == Answer::Next::none) {
      end(batch[i], std::move(outcome));
      continue;
    }
    keep_weightier(batch[i].so_far, std::move(outcome));
    auto& whereto = answers[i].next == Answer::Next::again ? pending_ : elsewhere;
    whereto.push_back(std::move(batch[i]));
  }
}

Outcome Attempt::outcome_of(const Recipient& recipient, const Verdict& verdict, const Client& client) const {
  Outcome outcome{recipient.index, verdict.result, verdict.reply, {}, client.address().endpoint.address};
  if (verdict.said_by_host) outcome.host = client.address().host;
  outcome.asked = client.address().host;
  const bool taken = verdict.result == Result::relayed || verdict.result == Result::delivered;
  outcome.dsn_passed_on = taken && client.extensions().dsn;
  outcome.tls = client.tls_version();
  return outcome;
}

void Attempt::note(const Verdict& verdict, const HostAddress* address) {
  for (auto& pending : pending_) {
    auto outcome = own_outcome(pending.recipient.index, verdict);
    if (address != nullptr) outcome.address = address->endpoint.address;
    if (address != nullptr) outcome.asked = address->host;
    if (address != nullptr && verdict.said_by_host) outcome.host = address->host;
    keep_weightier(pending.so_far, std::move(outcome));
  }
}

void Attempt::end(const Pending& pending, Outcome outcome) {
  const auto recipient = smtp::to_string(pending.recipient.mailbox);
  shared_.log.info("relay.reply", {{"trace", message_.trace_id},
                                   {"recipient", recipient},
                                   {"result", name_of(outcome.result)},
                                   {"host", outcome.asked},
                                   {"address", outcome.address},
                                   {"tls", outcome.tls},
                                   {"code", code_of(outcome.reply)},
                                   {"text", text_of(outcome.reply)}});
  outcomes_.push_back(std::move(outcome));
}

}  // namespace posthaste::relay
