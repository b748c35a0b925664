// Routes: where mail goes that does not follow the MX records of its domain.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace posthaste::auth {

inline constexpr std::string_view kDefaultRoute = "*";  // the target of the route for all that has none of its own

/// The next hop for the mail to one target.
struct Route {
  enum class Protocol : std::uint8_t { smtp, lmtp };
  enum class Tls : std::uint8_t {
    opportunistic,  // STARTTLS when it is offered
    required,       // STARTTLS with a certificate that fits the host, or no mail
    none,
    implicit,  // from the first octet (RFC 8314 §3.3)
  };

  std::string target;  // "user@example.org", "example.org", or kDefaultRoute
  Protocol protocol = Protocol::smtp;
  std::string host;        // a name, an IP address without brackets, or for LMTP a Unix socket's absolute path
  std::uint16_t port = 0;  // 0 for a Unix socket
  Tls tls = Tls::opportunistic;
  std::string user;      // for AUTH; empty: none
  std::string password;  // as it is; the directory's files are the installation's alone

  [[nodiscard]] bool is_unix() const noexcept { return host.starts_with('/'); }
  bool operator==(const Route&) const = default;
};

enum class RouteUrlError {
  scheme,       // none of smtp://, smtps://, lmtp://
  host,         // neither a domain name nor an IP address (IPv6 in brackets), or none
  port,         // not 1 to 65535, or none where none is standard: LMTP over TCP
  user,         // empty, badly percent-encoded, with a control character, or for LMTP
  password,     // "user:password@": it would stand in the shell's history
  socket_path,  // a Unix socket's path that is too long or holds a control character
  tls,          // not required, opportunistic or none, or asked for where the scheme has decided
  query,        // something other than ?tls=
};

/// Reads "smtp://[user@]host[:port][?tls=required|opportunistic|none]", "smtps://[user@]host[:port]",
/// "lmtp://host:port[?tls=...]" or "lmtp:///path/to/socket", without target and password. A port that is not given
/// is 25, with a user 587, for smtps 465. TLS that is not given is opportunistic, with a user required, over a Unix
/// socket none. The user may hold an "@", and percent-encoded octets.
[[nodiscard]] std::expected<Route, RouteUrlError> parse_route_url(std::string_view url);

/// The URL that parse_route_url() reads as this route, everything written out; the password is not in it.
[[nodiscard]] std::string to_url(const Route& route);

}  // namespace posthaste::auth
