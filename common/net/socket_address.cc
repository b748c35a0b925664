#include "common/net/socket_address.h"

#include <arpa/inet.h>
#include <sys/un.h>
#include <uv.h>

#include <array>
#include <cstring>

namespace posthaste::net {

std::optional<SocketAddress> socket_address(const Endpoint& endpoint) {
  SocketAddress address;
  if (endpoint.is_unix()) {
    sockaddr_un path{};
    path.sun_family = AF_UNIX;
    if (endpoint.address.size() >= sizeof path.sun_path) return std::nullopt;
    std::memcpy(path.sun_path, endpoint.address.c_str(), endpoint.address.size() + 1);
    std::memcpy(&address.storage, &path, sizeof path);
    address.length = sizeof path;
  } else if (endpoint.is_ipv6()) {
    sockaddr_in6 ip{};
    if (uv_ip6_addr(endpoint.address.c_str(), endpoint.port, &ip) != 0) return std::nullopt;
    std::memcpy(&address.storage, &ip, sizeof ip);
    address.length = sizeof ip;
  } else {
    sockaddr_in ip{};
    if (uv_ip4_addr(endpoint.address.c_str(), endpoint.port, &ip) != 0) return std::nullopt;
    std::memcpy(&address.storage, &ip, sizeof ip);
    address.length = sizeof ip;
  }
  return address;
}

Endpoint endpoint_of(const sockaddr_storage& storage) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (storage.ss_family == AF_INET) {
    sockaddr_in ip{};
    std::memcpy(&ip, &storage, sizeof ip);
    uv_ip4_name(&ip, text.data(), text.size());
    return {text.data(), ntohs(ip.sin_port)};
  }
  if (storage.ss_family == AF_INET6) {
    sockaddr_in6 ip{};
    std::memcpy(&ip, &storage, sizeof ip);
    if (IN6_IS_ADDR_V4MAPPED(&ip.sin6_addr)) {
      inet_ntop(AF_INET, &ip.sin6_addr.s6_addr[12], text.data(), text.size());
    } else {
      uv_ip6_name(&ip, text.data(), text.size());
    }
    return {text.data(), ntohs(ip.sin6_port)};
  }
  return {"/", 0};
}

Endpoint local_endpoint(int descriptor) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  getsockname(descriptor, reinterpret_cast<sockaddr*>(&storage), &length);
  return endpoint_of(storage);
}

}  // namespace posthaste::net
