#include "common/auth/route.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <optional>
#include <utility>

#include "common/auth/address.h"
#include "common/base/octets.h"

namespace posthaste::auth {
namespace {

constexpr std::size_t kUserMaxOctets = 255;
constexpr std::size_t kSocketPathMaxOctets = 107;  // sun_path with its NUL, unix(7)

constexpr std::uint16_t kSmtpPort = 25;
constexpr std::uint16_t kSubmissionPort = 587;   // RFC 6409
constexpr std::uint16_t kSubmissionsPort = 465;  // RFC 8314 §3.3

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\x7f'; }
bool has_control(std::string_view text) { return std::ranges::any_of(text, is_control); }
bool is_unreserved(char c) { return is_alnum(c) || std::string_view{"-._~"}.find(c) != std::string_view::npos; }

bool is_ip_address(int family, std::string_view text) {
  std::array<std::byte, 16> address{};
  if (text.find('\0') != std::string_view::npos) return false;  // where inet_pton() would see the end
  return inet_pton(family, std::string{text}.c_str(), address.data()) == 1;
}

/// What stands before `separator`, and what stands behind it if there is one.
struct Halves {
  std::string_view before;
  std::optional<std::string_view> behind;
};

Halves cut(std::string_view text, std::string_view separator) {
  const auto at = text.find(separator);
  if (at == std::string_view::npos) return {text, std::nullopt};
  return {text.substr(0, at), text.substr(at + separator.size())};
}

/// Percent-encoding undone (RFC 3986 §2.1).
std::optional<std::string> percent_decoded(std::string_view text) {
  std::string octets;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      octets += text[at];
      continue;
    }
    const auto digits = text.substr(at + 1, 2);
    if (digits.size() != 2 || !std::ranges::all_of(digits, is_hex)) return std::nullopt;
    unsigned octet = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), octet, 16);
    octets += static_cast<char>(octet);
    at += 2;
  }
  return octets;
}

std::string percent_encoded(std::string_view octets) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string text;
  for (const char c : octets) {
    if (is_unreserved(c)) {
      text += c;
    } else {
      const auto octet = static_cast<unsigned char>(c);
      text += {'%', kDigits[octet >> 4U], kDigits[octet & 15U]};
    }
  }
  return text;
}

std::expected<std::string, RouteUrlError> parse_user(std::string_view text) {
  if (text.find(':') != std::string_view::npos) return std::unexpected(RouteUrlError::password);
  auto user = percent_decoded(text);
  if (!user || user->empty() || user->size() > kUserMaxOctets || has_control(*user)) {
    return std::unexpected(RouteUrlError::user);
  }
  return std::move(*user);
}

/// A name that ends in a number is a mistyped IPv4 address: no top-level domain is one (RFC 3696 §2).
std::expected<std::string, RouteUrlError> parse_host(std::string_view text) {
  if (text.starts_with('[')) {
    const auto address = text.ends_with(']') ? text.substr(1, text.size() - 2) : std::string_view{};
    if (!is_ip_address(AF_INET6, address)) return std::unexpected(RouteUrlError::host);
    return lower(address);
  }
  if (is_ip_address(AF_INET, text)) return std::string{text};
  const auto last_label = text.substr(text.rfind('.') + 1);  // the whole without a dot: npos + 1 is 0
  auto name = parse_domain(text);
  if (!name || std::ranges::all_of(last_label, is_digit)) return std::unexpected(RouteUrlError::host);
  return std::move(*name);
}

std::expected<std::uint16_t, RouteUrlError> parse_port(std::string_view text) {
  const auto port = parse_decimal(text);
  if (!port || *port == 0 || *port > 65'535) return std::unexpected(RouteUrlError::port);
  return static_cast<std::uint16_t>(*port);
}

/// "host", "host:port", "[IPv6]" or "[IPv6]:port" into the route; without a port it stays 0.
std::expected<void, RouteUrlError> read_host_and_port(Route& route, std::string_view text) {
  const auto close = text.starts_with('[') ? text.find(']') : 0;
  if (close == std::string_view::npos) return std::unexpected(RouteUrlError::host);
  const auto colon = text.find(':', close);
  auto host = parse_host(text.substr(0, colon));
  if (!host) return std::unexpected(host.error());
  route.host = std::move(*host);
  if (colon == std::string_view::npos) return {};
  const auto port = parse_port(text.substr(colon + 1));
  if (!port) return std::unexpected(port.error());
  route.port = *port;
  return {};
}

/// "[user@]host[:port]" into the route. The user may be an address itself, so the last "@" ends it.
std::expected<void, RouteUrlError> read_authority(Route& route, std::string_view text) {
  if (const auto at = text.rfind('@'); at != std::string_view::npos) {
    auto user = parse_user(text.substr(0, at));
    if (!user) return std::unexpected(user.error());
    route.user = std::move(*user);
    text.remove_prefix(at + 1);
  }
  return read_host_and_port(route, text);
}

std::expected<Route::Tls, RouteUrlError> parse_tls(std::string_view query) {
  if (!istarts_with(query, "tls=")) return std::unexpected(RouteUrlError::query);
  const auto value = query.substr(4);
  if (iequals(value, "required")) return Route::Tls::required;
  if (iequals(value, "opportunistic")) return Route::Tls::opportunistic;
  if (iequals(value, "none")) return Route::Tls::none;
  return std::unexpected(RouteUrlError::tls);
}

std::expected<Route, RouteUrlError> socket_route(std::string_view path, bool has_query) {
  if (has_query) return std::unexpected(RouteUrlError::tls);
  if (path.size() < 2 || path.size() > kSocketPathMaxOctets || has_control(path)) {
    return std::unexpected(RouteUrlError::socket_path);
  }
  Route route;
  route.protocol = Route::Protocol::lmtp;
  route.host = path;
  route.tls = Route::Tls::none;
  return route;
}

std::string_view name_of(Route::Tls tls) {
  switch (tls) {
    case Route::Tls::opportunistic: return "opportunistic";
    case Route::Tls::required: return "required";
    case Route::Tls::none: return "none";
    case Route::Tls::implicit: return "implicit";
  }
  std::unreachable();
}

}  // namespace

std::expected<Route, RouteUrlError> parse_route_url(std::string_view url) {
  const auto [scheme, behind] = cut(url, "://");
  if (!behind) return std::unexpected(RouteUrlError::scheme);
  const bool implicit = iequals(scheme, "smtps");
  const bool lmtp = iequals(scheme, "lmtp");
  if (!implicit && !lmtp && !iequals(scheme, "smtp")) return std::unexpected(RouteUrlError::scheme);
  auto [authority, query] = cut(*behind, "?");
  if (lmtp && authority.starts_with('/')) return socket_route(authority, query.has_value());
  if (authority.ends_with('/')) authority.remove_suffix(1);

  Route route;
  route.protocol = lmtp ? Route::Protocol::lmtp : Route::Protocol::smtp;
  const auto read = read_authority(route, authority);
  if (!read) return std::unexpected(read.error());
  const bool with_user = !route.user.empty();
  if (lmtp && with_user) return std::unexpected(RouteUrlError::user);
  if (lmtp && route.port == 0) return std::unexpected(RouteUrlError::port);
  if (route.port == 0) route.port = implicit ? kSubmissionsPort : with_user ? kSubmissionPort : kSmtpPort;

  route.tls = implicit ? Route::Tls::implicit : with_user ? Route::Tls::required : Route::Tls::opportunistic;
  if (!query) return route;
  if (implicit) return std::unexpected(RouteUrlError::tls);
  const auto tls = parse_tls(*query);
  if (!tls) return std::unexpected(tls.error());
  route.tls = *tls;
  return route;
}

std::string to_url(const Route& route) {
  if (route.is_unix()) return "lmtp://" + route.host;
  std::string url = route.protocol == Route::Protocol::lmtp ? "lmtp://"
                    : route.tls == Route::Tls::implicit     ? "smtps://"
                                                            : "smtp://";
  if (!route.user.empty()) url += percent_encoded(route.user) + "@";
  const bool ipv6 = route.host.find(':') != std::string::npos;
  url += ipv6 ? "[" + route.host + "]" : route.host;
  url += ":" + std::to_string(route.port);
  if (route.tls != Route::Tls::implicit) url.append("?tls=").append(name_of(route.tls));
  return url;
}

}  // namespace posthaste::auth
