// A resolver with its zones in memory, for tests and the simulated world.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/dns/resolver.h"
#include "common/net/world.h"

namespace posthaste::dns {

/// Answers as a validating, recursive server would that knows what was added here and nothing else.
class SimResolver final : public Resolver {
 public:
  /// Each answer takes between no time and `delay_max`. `world` outlives it.
  explicit SimResolver(net::World& world, std::chrono::milliseconds delay_max = {})
      : world_(world), delay_max_(delay_max) {}

  net::Task<std::expected<Answer, Failure>> query(std::string name, Type type) override;

  void add(const std::string& name, Type type, Record record);
  /// `name` is an alias of `target`, for every type.
  void add_alias(const std::string& name, const std::string& target);
  /// Takes away all that was said about `name`.
  void remove(const std::string& name);

  /// From now on questions about `name` end so, whatever records it has; or no longer.
  void fail(const std::string& name, Failure failure);
  void recover(const std::string& name);

  /// Answers that come from `name` have AD set.
  void authenticate(const std::string& name);

  /// How many questions were asked so far.
  [[nodiscard]] std::size_t queries() const noexcept { return queries_; }

 private:
  [[nodiscard]] std::expected<Answer, Failure> look_up(std::string name, Type type) const;
  /// Of the name itself, or of one below it: then it is an empty non-terminal (RFC 8020 §2).
  [[nodiscard]] bool exists(const std::string& name) const;

  net::World& world_;
  std::chrono::milliseconds delay_max_;
  std::map<std::pair<std::string, Type>, std::vector<Record>> records_;
  std::map<std::string, std::string> aliases_;
  std::map<std::string, Failure> failures_;
  std::set<std::string> authenticated_;
  std::size_t queries_ = 0;
};

}  // namespace posthaste::dns
