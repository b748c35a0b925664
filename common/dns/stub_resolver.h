// The resolver of one worker: asks recursive servers over the network, and remembers what they said.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/dns/cache.h"
#include "common/dns/message.h"
#include "common/dns/resolver.h"
#include "common/net/event.h"
#include "common/net/scope.h"
#include "common/net/world.h"

namespace posthaste::dns {

/// A stub resolver (RFC 1034 §5.3.1): the servers do the recursion, and the validation of DNSSEC.
class StubResolver final : public Resolver {
 public:
  struct Options {
    std::vector<net::Endpoint> servers{};         // the first one that works is asked first
    std::chrono::milliseconds try_timeout{2000};  // a server's time to answer once
    std::size_t tries_per_server = 3;
    std::chrono::milliseconds deadline{10'000};  // of a question, with all tries and aliases
    std::size_t cache_max_octets = 4UL * 1024 * 1024;
    std::size_t in_flight_max = 256;  // questions, each with a socket; more of them wait
  };

  /// When `scope` is stopped, the questions in flight and all later ones end with timed_out, unless the answer is
  /// known. Both outlive the resolver.
  StubResolver(net::World& world, net::TaskScope& scope, Options options);

  /// The same question asked again while the first is in flight waits for the same answer.
  net::Task<std::expected<Answer, Failure>> query(std::string name, Type type) override;

 private:
  /// A question that is being asked, and those who wait for its answer.
  struct Flight {
    std::optional<Result> result;
    net::Event landed;
  };
  struct Outcome {
    Result result;
    std::chrono::seconds ttl;
  };

  net::Task<Result> fly(Question question);
  net::Task<void> enter();
  void leave();
  net::Task<Outcome> follow(Question question, net::Instant deadline);
  net::Task<std::expected<Response, Failure>> ask(Question question, net::Instant deadline);
  [[nodiscard]] std::vector<std::size_t> servers_in_order() const;
  void remember(const Question& question, const Outcome& outcome);

  net::World& world_;
  net::TaskScope& scope_;
  const Options options_;
  Cache cache_;
  std::map<Question, std::shared_ptr<Flight>> flights_;
  std::size_t first_server_ = 0;  // the last one that answered
  std::size_t in_flight_ = 0;
  std::size_t waiting_ = 0;
  net::Event place_free_;
};

}  // namespace posthaste::dns
