#include "common/dns/exchange.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "common/base/octets.h"
#include "common/net/stream.h"
#include "common/net/time_limit.h"

namespace posthaste::dns {
namespace {

using Exchanged = std::expected<Response, NoResponse>;

std::uint16_t random_id(net::Random& random) { return static_cast<std::uint16_t>(random.next()); }

/// Letters in a case that the server has to repeat and a forger can't see: a few more bits than the id has
/// (draft-vixie-dnsext-dns0x20; it never became an RFC, but servers copy the question as they got it).
std::string spelled_at_random(std::string name, net::Random& random) {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (i % 64 == 0) bits = random.next();
    if ((bits >> i % 64 & 1U) != 0) name[i] = to_upper(name[i]);
  }
  return name;
}

/// The answer over UDP, or nothing when it has to be fetched over TCP.
net::Task<std::expected<std::optional<Response>, NoResponse>> ask_over_udp(net::World& world, net::TaskScope& scope,
                                                                           net::Endpoint server, std::string query,
                                                                           net::Instant until) {
  const auto opened = world.network.open_datagrams(server);
  if (!opened) co_return std::unexpected(NoResponse{});
  net::Datagrams& datagrams = **opened;
  const net::TaskScope::StopHandler interrupt{scope, [&datagrams] { datagrams.interrupt(); }};
  if (!datagrams.send(query)) co_return std::unexpected(NoResponse{});
  while (world.clock.now() < until) {
    auto octets = co_await datagrams.receive(until - world.clock.now());
    if (!octets) co_return std::unexpected(NoResponse{});
    auto response = parse_response(*octets, query);
    if (response) co_return std::optional<Response>{std::move(*response)};
    if (response.error() != Unusable::not_ours) co_return std::optional<Response>{};
  }
  co_return std::unexpected(NoResponse{});
}

/// RFC 7766 §8: a length of two octets precedes the message.
std::string framed(const std::string& message) {
  std::string frame{static_cast<char>(message.size() >> 8U), static_cast<char>(message.size() & 255U)};
  return frame += message;
}

std::size_t framed_octets(const std::string& length) {
  return static_cast<std::size_t>(static_cast<std::uint8_t>(length[0])) << 8U |
         static_cast<std::uint8_t>(length[1]);
}

net::Task<Exchanged> ask_over_tcp(net::World& world, net::TaskScope& scope, net::Endpoint server, std::string query,
                                  net::Instant until) {
  constexpr std::size_t kLengthOctets = 2;
  const auto patience = until - world.clock.now();
  if (patience.count() <= 0) co_return std::unexpected(NoResponse{});
  auto connected = co_await world.network.connect(server, patience);
  if (!connected) co_return std::unexpected(NoResponse{});
  net::Stream stream{std::move(*connected), patience};
  const net::TaskScope::StopHandler interrupt{scope, [&stream] { stream.interrupt(); }};
  net::TimeLimit limit{world.clock, stream, patience};
  stream.write(framed(query));
  std::string length;
  auto counted = co_await stream.read_exactly(kLengthOctets, length);
  if (!counted) co_return std::unexpected(NoResponse{});
  std::string octets;
  auto read = co_await stream.read_exactly(framed_octets(length), octets);
  if (!read) co_return std::unexpected(NoResponse{});
  auto response = parse_response(octets, query);
  if (!response) co_return Exchanged{ServerFailure{}};
  co_return std::move(*response);
}

}  // namespace

net::Task<Exchanged> ask_server(net::World& world, net::TaskScope& scope, net::Endpoint server, Question question,
                                net::Instant until) {
  const auto query =
      build_query(random_id(world.random), spelled_at_random(question.name, world.random), question.type);
  if (!query) co_return Exchanged{ServerFailure{}};  // an alias of a name that nobody can ask for
  auto by_udp = co_await ask_over_udp(world, scope, server, *query, until);
  if (!by_udp) co_return std::unexpected(NoResponse{});
  if (*by_udp) co_return std::move(**by_udp);
  // Nobody forges what goes over TCP, so the name keeps its usual spelling: some servers answer in lower case
  // always.
  const auto plain_query = build_query(random_id(world.random), question.name, question.type);
  co_return co_await ask_over_tcp(world, scope, server, *plain_query, until);
}

}  // namespace posthaste::dns
