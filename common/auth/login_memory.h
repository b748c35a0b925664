// What logins leave behind in memory: passwords that were right, who came from where, and how often which side was
// wrong.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "common/base/ids.h"
#include "common/net/clock.h"

namespace posthaste::auth {

/// How long a failure slows what follows; each further one begins the time anew.
inline constexpr auto kFailureMemory = std::chrono::minutes{15};
/// How long an account is known where it logged in; each login begins the time anew.
inline constexpr auto kAcquaintanceMemory = std::chrono::hours{24 * 30};
inline constexpr std::size_t kTallyMax = 100'000;       // names that are counted at once
inline constexpr std::size_t kRememberedMax = 100'000;  // users whose password is remembered
/// Logins that may be under way at once without counting as failures: a client that starts opens several
/// connections, and behind one address, a webmail server's or a provider's, there may be many clients.
inline constexpr std::uint32_t kUnderWayOfAccountMax = 10;
inline constexpr std::uint32_t kUnderWayOfAddressMax = 100;

/// How often something happened to a name lately; the longest quiet names are forgotten when there are too many.
class Tally {
 public:
  explicit Tally(std::chrono::seconds memory) : memory_(memory) {}

  [[nodiscard]] std::uint32_t count(const std::string& name, net::Instant now) const;
  void add(const std::string& name, net::Instant now);
  void forget(const std::string& name);

 private:
  struct Entry {
    std::uint32_t count = 0;
    net::Instant last;
    std::list<std::string>::iterator place;
  };
  const std::chrono::seconds memory_;
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
    std::size_t strangers_checks_max = 32;  // by hashing, at once, of those who are not acquainted
  };

  /// `secret` is 32 random octets, made at start and kept nowhere else.
  LoginMemory(Limits limits, std::string secret);

  /// Whether this password was found right for this version of the user's credential, a short time ago.
  [[nodiscard]] bool remembers(UserId id, std::uint64_t version, std::string_view password, net::Instant now) const;
  void remember(UserId id, std::uint64_t version, std::string_view password, net::Instant now);

  /// A login under way: who tries, from where. Counted until it goes, so that tries made at once slow each other as
  /// those made in turn do. Does not outlive the memory.
  class Attempt {
   public:
    Attempt(Attempt&& other) noexcept
        : memory_(std::exchange(other.memory_, nullptr)),
          network_(std::move(other.network_)),
          account_(std::move(other.account_)),
          checks_(std::exchange(other.checks_, false)) {}
    Attempt& operator=(Attempt&&) = delete;
    ~Attempt() { end(); }

    /// It is under way no more.
    void end();

   private:
    friend class LoginMemory;
    Attempt(LoginMemory& memory, std::string network, std::string account)
        : memory_(&memory), network_(std::move(network)), account_(std::move(account)) {}
    /// The account at this network. No address has a NUL.
    [[nodiscard]] std::string pair() const { return network_ + '\0' + account_; }

    LoginMemory* memory_;
    std::string network_;
    std::string account_;
    bool checks_ = false;  // has one of the strangers' places
  };

  /// `peer` is an IP address; `account` the same for each way to write a login.
  [[nodiscard]] Attempt begin(const std::string& peer, const std::string& account);
  /// How long this one must wait for what its address or its account did wrong before. An account that logged in
  /// from this network lately waits for its own failures from there alone: neither an attacker elsewhere nor a
  /// neighbour behind the same address slows it.
  [[nodiscard]] std::chrono::milliseconds delay(const Attempt& attempt, net::Instant now) const;
  /// Takes a place among the checks that hash, until the attempt ends. False when there is none: those who are not
  /// acquainted have some of the queue's places, so that some are left to those who are.
  [[nodiscard]] bool take_check(Attempt& attempt, net::Instant now);
  void note_failure(const Attempt& attempt, net::Instant now);
  /// The account is known here, and slowed no longer. The address is slowed still: who knows one password may be
  /// guessing another. So is the account elsewhere: its owner's logins do not free those who guess.
  void note_success(const Attempt& attempt, net::Instant now);

 private:
  struct Remembered {
    std::uint64_t version = 0;
    std::string digest;
    net::Instant until;
  };
  using Counts = std::unordered_map<std::string, std::uint32_t>;

  [[nodiscard]] std::string digest_of(UserId id, std::uint64_t version, std::string_view password) const;
  [[nodiscard]] std::chrono::milliseconds delay_after(std::uint32_t failures) const;
  static std::uint32_t weight(std::uint32_t failures, std::uint32_t under_way, std::uint32_t under_way_max);
  void end(const Attempt& attempt);

  const Limits limits_;
  const std::string secret_;
  mutable std::mutex mutex_;
  std::unordered_map<std::uint64_t, Remembered> remembered_;
  Tally by_network_{kFailureMemory};
  Tally by_account_{kFailureMemory};
  Tally by_pair_{kFailureMemory};
  Tally acquaintances_{kAcquaintanceMemory};  // pairs
  Counts networks_under_way_;
  Counts accounts_under_way_;
  Counts pairs_under_way_;
  std::size_t strangers_checks_ = 0;
};

/// What failures of an address are counted under: an IPv4 address itself, an IPv6 address' /64, which one host
/// can fill alone.
[[nodiscard]] std::string network_of(const std::string& peer);

}  // namespace posthaste::auth
