// DNS packets (RFC 1035 §4): a question to octets, and what a server's octets say to it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <variant>

#include "common/dns/resolver.h"

namespace posthaste::dns {

/// What we take in one UDP packet: an IPv6 packet of the least MTU, 1280, holds it, so it is never fragmented on
/// its way (RFC 6891 §6.2.5 asks for no more than that).
inline constexpr std::uint16_t kUdpMaxOctets = 1232;

/// The packet that asks a recursive server for `type` at `name`, which keeps its spelling. It has the AD bit set,
/// to hear in the answer's whether DNSSEC proves it (RFC 6840 §5.7); DO would bring the proofs as well, which we
/// have no use for. Errors: bad_name.
[[nodiscard]] std::expected<std::string, Failure> build_query(std::uint16_t id, std::string_view name, Type type);

struct Found {
  Answer answer;
  std::chrono::seconds ttl;  // the least of all records and aliases used
  bool operator==(const Found&) const = default;
};

/// The name is an alias, and the packet does not have what it stands for.
struct Alias {
  std::string target;
  bool authenticated;
  std::chrono::seconds ttl;
  bool operator==(const Alias&) const = default;
};

struct Nothing {
  Failure failure;           // no_such_name or no_data
  std::chrono::seconds ttl;  // RFC 2308 §5; 0 without an SOA
  bool operator==(const Nothing&) const = default;
};

/// The server could not tell, would not, or made no sense; another one may.
struct ServerFailure {
  bool operator==(const ServerFailure&) const = default;
};

using Response = std::variant<Found, Alias, Nothing, ServerFailure>;

enum class Unusable {
  not_ours,    // an answer to something else, or forged: the right one may still come (RFC 5452 §9.1)
  misspelled,  // ours, but the letters of the name changed case: forged by one who can't see them, or a server's
               // habit
  truncated    // the whole answer has to be fetched over TCP (RFC 7766 §5)
};

/// What `octets` say to the question in `query`, which build_query() has made. Aliases are followed within the
/// packet.
[[nodiscard]] std::expected<Response, Unusable> parse_response(std::string_view octets, std::string_view query);

}  // namespace posthaste::dns
