#include "common/net/network.h"

#include <utility>

namespace posthaste::net {

std::string to_string(const Endpoint& endpoint) {
  if (endpoint.is_unix()) return endpoint.address;
  const std::string host = endpoint.is_ipv6() ? "[" + endpoint.address + "]" : endpoint.address;
  return host + ":" + std::to_string(endpoint.port);
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
