#include "common/auth/login_memory.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <utility>

#include "common/auth/password.h"
#include "common/base/octets.h"

namespace posthaste::auth {
namespace {

std::string octets_of(std::uint64_t value) {
  std::string octets;
  for (int i = 0; i < 8; ++i, value >>= 8U) octets += static_cast<char>(value & 0xffU);
  return octets;
}

}  // namespace

std::uint32_t Tally::count(const std::string& name, net::Instant now) const {
  const auto entry = entries_.find(name);
  if (entry == entries_.end() || now - entry->second.last >= memory_) return 0;
  return entry->second.count;
}

void Tally::add(const std::string& name, net::Instant now) {
  const auto so_far = count(name, now);
  forget(name);
  if (entries_.size() >= kTallyMax) {
    entries_.erase(quietest_first_.front());
    quietest_first_.pop_front();
  }
  quietest_first_.push_back(name);
  entries_[name] = {so_far + 1, now, std::prev(quietest_first_.end())};
}

void Tally::forget(const std::string& name) {
  const auto entry = entries_.find(name);
  if (entry == entries_.end()) return;
  quietest_first_.erase(entry->second.place);
  entries_.erase(entry);
}

LoginMemory::LoginMemory(Limits limits, std::string secret) : limits_(limits), secret_(std::move(secret)) {}

bool LoginMemory::remembers(UserId id, std::uint64_t version, std::string_view password, net::Instant now) const {
  const auto digest = digest_of(id, version, password);
  const std::scoped_lock lock{mutex_};
  const auto found = remembered_.find(number(id));
  return found != remembered_.end() && found->second.version == version && now < found->second.until &&
         equal_in_constant_time(found->second.digest, digest);
}

void LoginMemory::remember(UserId id, std::uint64_t version, std::string_view password, net::Instant now) {
  if (limits_.remember.count() == 0) return;
  auto digest = digest_of(id, version, password);
  const std::scoped_lock lock{mutex_};
  if (remembered_.size() >= kRememberedMax) {
    std::erase_if(remembered_, [now](const auto& entry) { return entry.second.until <= now; });
  }
  if (remembered_.size() >= kRememberedMax) remembered_.erase(remembered_.begin());
  remembered_[number(id)] = {version, std::move(digest), now + limits_.remember};
}

LoginMemory::Attempt LoginMemory::begin(const std::string& peer, const std::string& account) {
  Attempt attempt{*this, network_of(peer), account};
  const std::scoped_lock lock{mutex_};
  ++networks_under_way_[attempt.network_];
  ++accounts_under_way_[attempt.account_];
  ++pairs_under_way_[attempt.pair()];
  return attempt;
}

void LoginMemory::Attempt::end() {
  if (memory_ != nullptr) std::exchange(memory_, nullptr)->end(*this);
}

void LoginMemory::end(const Attempt& attempt) {
  const auto take_one = [](Counts& counts, const std::string& name) {
    const auto entry = counts.find(name);
    if (--entry->second == 0) counts.erase(entry);
  };
  const std::scoped_lock lock{mutex_};
  take_one(networks_under_way_, attempt.network_);
  take_one(accounts_under_way_, attempt.account_);
  take_one(pairs_under_way_, attempt.pair());
  if (attempt.checks_) --strangers_checks_;
}

bool LoginMemory::take_check(Attempt& attempt, net::Instant now) {
  const auto pair = attempt.pair();
  const std::scoped_lock lock{mutex_};
  if (acquaintances_.count(pair, now) > 0) return true;
  if (strangers_checks_ >= limits_.strangers_checks_max) return false;
  ++strangers_checks_;
  attempt.checks_ = true;
  return true;
}

std::chrono::milliseconds LoginMemory::delay(const Attempt& attempt, net::Instant now) const {
  const auto pair = attempt.pair();
  const std::scoped_lock lock{mutex_};
  if (acquaintances_.count(pair, now) > 0) {
    return delay_after(weight(by_pair_.count(pair, now), pairs_under_way_.at(pair), kUnderWayOfAccountMax));
  }
  const auto of_network = weight(by_network_.count(attempt.network_, now), networks_under_way_.at(attempt.network_),
                                 kUnderWayOfAddressMax);
  const auto of_account = weight(by_account_.count(attempt.account_, now), accounts_under_way_.at(attempt.account_),
                                 kUnderWayOfAccountMax);
  return delay_after(std::max(of_network, of_account));
}

void LoginMemory::note_failure(const Attempt& attempt, net::Instant now) {
  const auto pair = attempt.pair();
  const std::scoped_lock lock{mutex_};
  if (acquaintances_.count(pair, now) > 0) {
    by_pair_.add(pair, now);
    return;
  }
  by_network_.add(attempt.network_, now);
  by_account_.add(attempt.account_, now);
}

void LoginMemory::note_success(const Attempt& attempt, net::Instant now) {
  const auto pair = attempt.pair();
  const std::scoped_lock lock{mutex_};
  by_pair_.forget(pair);
  acquaintances_.add(pair, now);
}

/// Failures, and the other tries under way, which may be failures yet: all of them after a failure, before one only
/// those that are more than a start of clients.
std::uint32_t LoginMemory::weight(std::uint32_t failures, std::uint32_t under_way, std::uint32_t under_way_max) {
  if (failures > 0) return failures + under_way - 1;
  return under_way <= under_way_max ? 0 : under_way - under_way_max;
}

std::string LoginMemory::digest_of(UserId id, std::uint64_t version, std::string_view password) const {
  return hmac(ScramHash::sha256, secret_, octets_of(number(id)) + octets_of(version) + std::string{password});
}

std::chrono::milliseconds LoginMemory::delay_after(std::uint32_t failures) const {
  if (failures == 0) return std::chrono::milliseconds{0};
  constexpr std::uint32_t kDoublingsMax = 20;
  const auto factor = std::int64_t{1} << std::min(failures - 1, kDoublingsMax);
  return std::min(limits_.failure_delay * factor, limits_.failure_delay_max);
}

std::string network_of(const std::string& peer) {
  std::array<char, sizeof(in6_addr)> address{};
  if (inet_pton(AF_INET6, peer.c_str(), address.data()) != 1) return peer;
  constexpr std::string_view kMapped{"\0\0\0\0\0\0\0\0\0\0\xff\xff", 12};  // RFC 4291 §2.5.5.2: IPv4 inside IPv6
  const std::string_view octets{address.data(), address.size()};
  return std::string{octets.starts_with(kMapped) ? octets : octets.substr(0, 8)};
}

}  // namespace posthaste::auth
