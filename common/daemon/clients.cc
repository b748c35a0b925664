#include "common/daemon/clients.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "common/net/system_random.h"

namespace posthaste::daemon {
namespace {

std::uint32_t minutes(net::Instant now) {
  return static_cast<std::uint32_t>(std::chrono::floor<std::chrono::minutes>(now.time_since_epoch()).count()) + 1;
}

}  // namespace

SipKey make_key() {
  SipKey key;
  net::SystemRandom random;
  random.fill(std::as_writable_bytes(std::span{&key, 1}));
  return key;
}

Clients::Clients(const config::Clients& config, const SipKey& key) : config_(config), key_(key) {
  for (const auto& text : config.trusted_networks) {
    if (const auto network = parse_ip_network(text)) trusted_.push_back(*network);
  }
}

Client Clients::identify(std::string_view address) const {
  const auto ip = parse_ip_address(address);
  if (!ip) return {.trusted = true};
  for (const auto& network : trusted_) {
    if (network.contains(*ip)) return {.trusted = true};
  }
  const auto hash = [this](const IpNetwork& network) { return Name{siphash(key_, network.first.view())}; };
  return {.address = hash(household_of(*ip)), .network = hash(neighbourhood_of(*ip))};
}

Name Clients::account(UserId user) const noexcept {
  const auto octets = number(user);
  return Name{siphash(key_, {reinterpret_cast<const char*>(&octets), sizeof octets})};
}

Name Clients::at_port(Name name, std::uint16_t port) const noexcept {
  std::array<char, sizeof name + sizeof port> octets{};
  std::memcpy(octets.data(), &name, sizeof name);
  std::memcpy(octets.data() + sizeof name, &port, sizeof port);
  return Name{siphash(key_, {octets.data(), octets.size()})};
}

std::chrono::milliseconds Clients::note_refusal(const Client& client, net::Instant now) noexcept {
  if (client.trusted || refusals_.note(client.address, now) <= kRefusalsFree) return std::chrono::milliseconds{0};
  return kRefusalDelay;
}

void Clients::note_login(const Client& client, net::Instant now) noexcept {
  if (client.trusted) return;
  for (std::size_t row = 0; row < kCrowdRows; ++row) {
    logins_[row][crowd_cell(client.address, row)].store(minutes(now), std::memory_order_relaxed);
  }
}

bool Clients::is_known(const Client& client, net::Instant now) const noexcept {
  if (client.trusted) return true;
  constexpr std::uint32_t kMinutes = std::chrono::minutes{kAcquaintance}.count();
  const auto lately = [&](std::size_t row) {
    const auto at = logins_[row][crowd_cell(client.address, row)].load(std::memory_order_relaxed);
    return at != 0 && minutes(now) - at < kMinutes;
  };
  for (std::size_t row = 0; row < kCrowdRows; ++row) {
    if (!lately(row)) return false;
  }
  return true;
}

}  // namespace posthaste::daemon
