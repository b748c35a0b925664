// What logins leave behind in memory: passwords that were right, and how often which side was wrong.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "common/base/ids.h"
#include "common/net/clock.h"

namespace posthaste::auth {

/// How long a failure slows what follows; each further one begins the time anew.
inline constexpr auto kFailureMemory = std::chrono::minutes{15};
inline constexpr std::size_t kFailuresMax = 100'000;    // addresses, and accounts, that are counted at once
inline constexpr std::size_t kRememberedMax = 100'000;  // users whose password is remembered

/// Failures by a name, of which the longest quiet ones are forgotten when there are too many.
class FailureTable {
 public:
  [[nodiscard]] std::uint32_t count(const std::string& name, net::Instant now) const;
  void add(const std::string& name, net::Instant now);
  void forget(const std::string& name);

 private:
  struct Entry {
    std::uint32_t count = 0;
    net::Instant last;
    std::list<std::string>::iterator place;
  };
  std::unordered_map<std::string, Entry> entries_;
  std::list<std::string> quietest_first_;
};

/// One for each daemon, shared by its workers: any thread may call.
class LoginMemory {
 public:
  struct Limits {
    std::chrono::milliseconds remember{};
    std::chrono::milliseconds failure_delay{};
    std::chrono::milliseconds failure_delay_max{};
  };

  /// `secret` is 32 random octets, made at start and kept nowhere else.
  LoginMemory(Limits limits, std::string secret);

  /// Whether this password was found right for this version of the user's credential, a short time ago.
  [[nodiscard]] bool remembers(UserId id, std::uint64_t version, std::string_view password, net::Instant now) const;
  void remember(UserId id, std::uint64_t version, std::string_view password, net::Instant now);

  /// How long a login must wait for what `peer`, an IP address, or `login` did wrong before.
  [[nodiscard]] std::chrono::milliseconds delay(const std::string& peer, const std::string& login,
                                                net::Instant now) const;
  void note_failure(const std::string& peer, const std::string& login, net::Instant now);
  /// The account is slowed no longer. The address still is: who knows one password may be guessing another.
  void note_success(const std::string& login);

 private:
  struct Remembered {
    std::uint64_t version = 0;
    std::string digest;
    net::Instant until;
  };
  [[nodiscard]] std::string digest_of(UserId id, std::uint64_t version, std::string_view password) const;
  [[nodiscard]] std::chrono::milliseconds delay_after(std::uint32_t failures) const;

  const Limits limits_;
  const std::string secret_;
  mutable std::mutex mutex_;
  std::unordered_map<std::uint64_t, Remembered> remembered_;
  FailureTable by_address_;
  FailureTable by_account_;
};

/// What failures of an address are counted under: an IPv4 address itself, an IPv6 address' /64, which one host
/// can fill alone.
[[nodiscard]] std::string network_of(const std::string& peer);

}  // namespace posthaste::auth
