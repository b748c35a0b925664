#include "common/dns/stub_resolver.h"

#include <algorithm>
#include <cassert>
#include <utility>
#include <variant>

#include "common/dns/exchange.h"
#include "common/dns/name.h"

namespace posthaste::dns {
namespace {

using std::chrono::seconds;

constexpr seconds kTtlMin{1};  // a burst of the same question is one, whatever the TTL
constexpr seconds kTtlMax = std::chrono::days{1};
constexpr seconds kNegativeTtlMax = std::chrono::minutes{15};  // a domain that was just set up can soon be mailed
constexpr seconds kFailureTtl{5};                              // RFC 9520 §3.2 asks for at least one

seconds time_to_remember(const Result& result, seconds ttl) {
  if (result) return std::clamp(ttl, kTtlMin, kTtlMax);
  const bool is_negative = result.error() == Failure::no_such_name || result.error() == Failure::no_data;
  return is_negative ? std::clamp(ttl, kTtlMin, kNegativeTtlMax) : kFailureTtl;
}

}  // namespace

StubResolver::StubResolver(net::World& world, net::TaskScope& scope, Options options)
    : world_(world), scope_(scope), options_(std::move(options)), cache_(options_.cache_max_octets) {
  assert(!options_.servers.empty() && options_.in_flight_max > 0);
}

net::Task<Result> StubResolver::query(std::string name, Type type) {
  const Question question{canonical(name), type};
  if (const auto* known = cache_.find(question, world_.clock.now())) co_return *known;
  if (const auto same = flights_.find(question); same != flights_.end()) {
    const auto flight = same->second;
    while (!flight->result) co_await flight->landed.wait();
    co_return *flight->result;
  }
  if (!build_query(0, question.name, type)) co_return std::unexpected(Failure::bad_name);
  co_return co_await fly(question);
}

net::Task<Result> StubResolver::fly(Question question) {
  const auto flight = std::make_shared<Flight>();
  flights_.emplace(question, flight);
  const auto deadline = world_.clock.now() + options_.deadline;
  co_await enter();
  const Outcome outcome = co_await follow(question, deadline);
  leave();
  remember(question, outcome);
  flights_.erase(question);
  flight->result = outcome.result;
  flight->landed.notify_all();
  co_return outcome.result;
}

net::Task<void> StubResolver::enter() {
  if (in_flight_ < options_.in_flight_max) {
    ++in_flight_;
    co_return;
  }
  ++waiting_;
  co_await place_free_.wait();  // leave() hands its place over
}

void StubResolver::leave() {
  if (waiting_ == 0) {
    --in_flight_;
    return;
  }
  --waiting_;
  place_free_.notify_one();
}

net::Task<StubResolver::Outcome> StubResolver::follow(Question question, net::Instant deadline) {
  bool authenticated = true;
  seconds ttl = kTtlMax;
  for (std::size_t followed = 0; followed <= kAliasesMax; ++followed) {
    auto response = co_await ask(question, deadline);
    if (!response) co_return Outcome{std::unexpected(response.error()), {}};
    if (auto* found = std::get_if<Found>(&*response)) {
      found->answer.authenticated = found->answer.authenticated && authenticated;
      co_return Outcome{std::move(found->answer), std::min(ttl, found->ttl)};
    }
    if (const auto* nothing = std::get_if<Nothing>(&*response)) {
      co_return Outcome{std::unexpected(nothing->failure), std::min(ttl, nothing->ttl)};
    }
    auto& alias = std::get<Alias>(*response);
    authenticated = authenticated && alias.authenticated;
    ttl = std::min(ttl, alias.ttl);
    question.name = std::move(alias.target);
  }
  co_return Outcome{std::unexpected(Failure::server_failure), {}};
}

/// Never a ServerFailure, which is server_failure once all servers agree on it.
net::Task<std::expected<Response, Failure>> StubResolver::ask(Question question, net::Instant deadline) {
  std::vector<std::size_t> untold = servers_in_order();
  for (std::size_t round = 0; round < options_.tries_per_server && !untold.empty(); ++round) {
    const auto to_ask = untold;
    for (const std::size_t server : to_ask) {
      const auto now = world_.clock.now();
      if (now >= deadline || scope_.stopping()) co_return std::unexpected(Failure::timed_out);
      auto response = co_await ask_server(world_, scope_, options_.servers[server], question,
                                          std::min(deadline, now + options_.try_timeout));
      if (!response) continue;
      if (std::holds_alternative<ServerFailure>(*response)) {
        std::erase(untold, server);
        continue;
      }
      first_server_ = server;
      co_return std::move(*response);
    }
  }
  const bool nobody_spoke = untold.size() == options_.servers.size();
  co_return std::unexpected(nobody_spoke ? Failure::timed_out : Failure::server_failure);
}

std::vector<std::size_t> StubResolver::servers_in_order() const {
  std::vector<std::size_t> servers;
  for (std::size_t i = 0; i < options_.servers.size(); ++i) {
    servers.push_back((first_server_ + i) % options_.servers.size());
  }
  return servers;
}

void StubResolver::remember(const Question& question, const Outcome& outcome) {
  cache_.put(question, outcome.result, world_.clock.now() + time_to_remember(outcome.result, outcome.ttl));
}

}  // namespace posthaste::dns
