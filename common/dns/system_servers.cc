#include "common/dns/system_servers.h"

#include <fstream>
#include <iterator>
#include <string>

#include "common/base/octets.h"
#include "common/dns/resolver.h"

namespace posthaste::dns {
namespace {

constexpr std::size_t kServersMax = 3;  // MAXNS of resolv.conf(5)

/// Up to the next space, or all of it.
std::string_view word_of(std::string_view text) { return text.substr(0, text.find_first_of(" \t\r")); }

bool is_address(std::string_view text) {
  const std::string_view without_zone = text.substr(0, text.find('%'));  // "fe80::1%eth0", RFC 4007 §11
  return reverse_name(without_zone).has_value();
}

}  // namespace

std::vector<net::Endpoint> parse_resolv_conf(std::string_view text) {
  std::vector<net::Endpoint> servers;
  while (!text.empty() && servers.size() < kServersMax) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (word_of(line) != "nameserver") continue;
    const std::string_view address = word_of(trim(line.substr(word_of(line).size())));
    if (is_address(address)) servers.push_back({std::string{address}, kDnsPort});
  }
  return servers;
}

std::vector<net::Endpoint> system_servers() {
  std::ifstream file{"/etc/resolv.conf"};
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  auto servers = parse_resolv_conf(text);
  if (servers.empty()) servers.push_back({"127.0.0.1", kDnsPort});
  return servers;
}

}  // namespace posthaste::dns
