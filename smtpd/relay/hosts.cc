#include "smtpd/relay/hosts.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/base/octets.h"
#include "common/net/scope.h"
#include "common/smtp/path.h"

namespace posthaste::relay {
namespace {

/// A permutation of which each is as likely as any other (Fisher and Yates).
void shuffle(HostGroup& group, net::Random& random) {
  for (std::size_t left = group.size(); left > 1; --left) {
    std::swap(group[left - 1], group[random.next() % left]);
  }
}

void cut(std::vector<HostGroup>& groups, std::size_t hosts_max) {
  for (auto& group : groups) {
    if (group.size() > hosts_max) group.resize(hosts_max);
    hosts_max -= group.size();
  }
  std::erase_if(groups, [](const HostGroup& group) { return group.empty(); });
}

struct Question {
  std::string host;
  dns::Type type;
  std::vector<std::string> addresses{};
  std::optional<dns::Failure> failure{};
};

net::Task<void> ask(dns::Resolver& resolver, Question& question) {
  auto answer = co_await resolver.query(question.host, question.type);
  if (!answer) {
    question.failure = answer.error();
    co_return;
  }
  for (const auto& record : answer->records) {
    if (const auto* address = std::get_if<dns::Address>(&record)) question.addresses.push_back(address->text);
  }
}

/// The failures after which another try may find what is there.
bool is_trouble(dns::Failure failure) {
  return failure == dns::Failure::server_failure || failure == dns::Failure::timed_out;
}

}  // namespace

bool OwnHost::has_name(std::string_view name) const noexcept {
  return std::ranges::any_of(names, [&](const auto& own) { return iequals(own, name); });
}

bool OwnHost::has_address(const net::Endpoint& endpoint) const noexcept {
  return std::ranges::find(addresses, endpoint) != addresses.end();
}

std::vector<HostGroup> in_order(std::vector<dns::Mx> records, const OwnHost& own, net::Random& random) {
  std::erase_if(records, [](const dns::Mx& mx) { return mx.exchange.empty(); });  // no null MX when not alone
  std::ranges::stable_sort(records, {}, &dns::Mx::preference);
  const auto us = std::ranges::find_if(records, [&](const dns::Mx& mx) { return own.has_name(mx.exchange); });
  if (us != records.end()) {
    const auto preference = us->preference;
    std::erase_if(records, [preference](const dns::Mx& mx) { return mx.preference >= preference; });
  }
  std::vector<HostGroup> groups;
  std::vector<std::string> seen;
  std::optional<std::uint16_t> preference;
  for (auto& mx : records) {
    if (std::ranges::find(seen, mx.exchange) != seen.end()) continue;
    seen.push_back(mx.exchange);
    if (preference != mx.preference) groups.emplace_back();
    preference = mx.preference;
    groups.back().push_back(std::move(mx.exchange));
  }
  for (auto& group : groups) shuffle(group, random);
  cut(groups, kHostsMax);
  return groups;
}

bool is_null_mx(const std::vector<dns::Mx>& records) noexcept {
  return records.size() == 1 && records.front().exchange.empty();
}

std::optional<std::string> literal_address(std::string_view domain) {
  if (!smtp::is_address_literal(domain)) return std::nullopt;
  auto inside = domain.substr(1, domain.size() - 2);
  constexpr std::string_view kTag = "IPv6:";
  if (istarts_with(inside, kTag)) inside.remove_prefix(kTag.size());
  return std::string{inside};
}

bool is_ip_address(std::string_view host) {
  const std::string literal = "[" + std::string{host.contains(':') ? "IPv6:" : ""} + std::string{host} + "]";
  return smtp::is_address_literal(literal);
}

net::Task<std::expected<std::vector<HostGroup>, Verdict>> find_hosts(dns::Resolver& resolver, net::Random& random,
                                                                     std::string domain, OwnHost own) {
  auto answer = co_await resolver.query(domain, dns::Type::mx);
  if (!answer) {
    switch (answer.error()) {
      case dns::Failure::no_such_name:
      case dns::Failure::bad_name: co_return std::unexpected(no_such_domain(domain));
      case dns::Failure::server_failure:
      case dns::Failure::timed_out: co_return std::unexpected(dns_trouble(domain, answer.error()));
      case dns::Failure::no_data: break;
    }
    if (own.has_name(domain)) co_return std::unexpected(loops_back(domain));
    HostGroup itself{domain};  // the implicit MX (RFC 5321 §5.1)
    std::vector<HostGroup> groups;
    groups.push_back(std::move(itself));
    co_return groups;
  }
  std::vector<dns::Mx> records;
  for (const auto& record : answer->records) {
    if (const auto* mx = std::get_if<dns::Mx>(&record)) records.push_back(*mx);
  }
  if (is_null_mx(records)) co_return std::unexpected(accepts_no_mail(domain));
  const auto is_us = [&own](const dns::Mx& mx) { return own.has_name(mx.exchange); };
  const bool we_are_one = std::ranges::any_of(records, is_us);
  auto groups = in_order(std::move(records), own, random);
  if (groups.empty()) co_return std::unexpected(we_are_one ? loops_back(domain) : no_usable_host(domain));
  co_return groups;
}

net::Task<GroupAddresses> find_addresses(dns::Resolver& resolver, HostGroup group, std::uint16_t port,
                                         Family first) {
  const auto first_type = first == Family::ipv6 ? dns::Type::aaaa : dns::Type::a;
  const auto second_type = first == Family::ipv6 ? dns::Type::a : dns::Type::aaaa;
  std::vector<Question> questions;
  for (const auto& host : group) {
    questions.push_back({host, first_type});
    questions.push_back({host, second_type});
  }
  net::TaskScope scope;
  for (auto& question : questions) scope.spawn(ask(resolver, question));
  co_await scope.drained();
  GroupAddresses addresses;
  for (const auto& question : questions) {
    for (const auto& address : question.addresses) addresses.found.push_back({question.host, {address, port}});
    if (question.failure && is_trouble(*question.failure)) {
      addresses.unsure = true;
      addresses.failure = *question.failure;
    }
  }
  co_return addresses;
}

}  // namespace posthaste::relay
