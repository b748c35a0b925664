#include "common/net/network.h"

#include <utility>

#include "common/base/octets.h"

namespace posthaste::net {

std::string to_string(const Endpoint& endpoint) {
  if (endpoint.is_unix()) return endpoint.address;
  const std::string host = endpoint.is_ipv6() ? "[" + endpoint.address + "]" : endpoint.address;
  return host + ":" + std::to_string(endpoint.port);
}

Endpoint parse_endpoint(std::string_view text, std::uint16_t usual_port) {
  const std::size_t colon = text.rfind(':');
  const bool bracketed = text.starts_with('[');
  const bool with_port = colon != std::string_view::npos && (bracketed || text.find(':') == colon);
  if (!with_port) return {std::string{text}, usual_port};
  const auto port = parse_decimal(text.substr(colon + 1)).value_or(usual_port);
  const auto address = bracketed ? text.substr(1, colon - 2) : text.substr(0, colon);
  return {std::string{address}, static_cast<std::uint16_t>(port)};
}

std::string_view name_of(StreamError error) noexcept {
  switch (error) {
    case StreamError::closed: return "closed";
    case StreamError::timed_out: return "timed_out";
    case StreamError::interrupted: return "interrupted";
    case StreamError::too_long: return "too_long";
    case StreamError::bare_line_ending: return "bare_line_ending";
    case StreamError::tls_failed: return "tls_failed";
    case StreamError::plaintext_after_tls: return "plaintext_after_tls";
  }
  std::unreachable();
}

std::string_view name_of(ConnectError error) noexcept {
  switch (error) {
    case ConnectError::refused: return "refused";
    case ConnectError::unreachable: return "unreachable";
    case ConnectError::timed_out: return "timed_out";
    case ConnectError::failed: return "failed";
  }
  std::unreachable();
}

}  // namespace posthaste::net
