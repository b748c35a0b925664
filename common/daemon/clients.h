// Who a daemon's clients are when places and patience are shared out, and what is known of them.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

#include "common/base/ids.h"
#include "common/base/ip_network.h"
#include "common/base/siphash.h"
#include "common/config/config.h"
#include "common/daemon/crowd.h"
#include "common/net/clock.h"

namespace posthaste::daemon {

/// Refusals that a client may collect at once before the answers become slow, and how soon one is forgiven.
inline constexpr std::uint32_t kRefusalsFree = 100;
inline constexpr auto kRefusalForgivenEvery = std::chrono::seconds{1};
/// How long each further refusal is held back.
inline constexpr auto kRefusalDelay = std::chrono::seconds{5};

/// How long an address is known after somebody logged in from it.
inline constexpr auto kAcquaintance = std::chrono::hours{24 * 30};

/// A new one for each daemon.
[[nodiscard]] SipKey make_key();

/// One address at one moment.
struct Client {
  bool trusted = false;  // in `trusted_networks`, or on a Unix socket: no share of its own
  Name address{};        // of an IPv4 address or an IPv6 /64
  Name network{};        // of the /24 or /48 around it
};

/// One for each daemon, shared by its workers: any thread may call. All of it is lost at restart.
class Clients {
 public:
  /// `key` is random, and nobody else's.
  Clients(const config::Clients& config, const SipKey& key);

  /// `address` as net::Endpoint has it.
  [[nodiscard]] Client identify(std::string_view address) const;
  [[nodiscard]] Name account(UserId user) const noexcept;
  /// `name` on `port`, where its places are counted apart from those on other ports.
  [[nodiscard]] Name at_port(Name name, std::uint16_t port) const noexcept;

  /// How long the answer to something refused is held back: not at all until there were many lately.
  [[nodiscard]] std::chrono::milliseconds note_refusal(const Client& client, net::Instant now) noexcept;

  /// Somebody has logged in from there.
  void note_login(const Client& client, net::Instant now) noexcept;
  /// Whether somebody did lately. An acquaintance is not kept out by a crowd of strangers.
  [[nodiscard]] bool is_known(const Client& client, net::Instant now) const noexcept;

  [[nodiscard]] const config::Clients& config() const noexcept { return config_; }
  [[nodiscard]] Crowd& connections() noexcept { return connections_; }

 private:
  const config::Clients config_;
  std::vector<IpNetwork> trusted_;
  SipKey key_;
  Crowd connections_;
  Rates refusals_{kRefusalForgivenEvery};
  std::array<std::array<std::atomic<std::uint32_t>, kCrowdCells>, kCrowdRows> logins_{};  // in minutes; 0: none
};

}  // namespace posthaste::daemon
