#include "common/dns/sim_resolver.h"

#include <algorithm>

#include "common/base/octets.h"
#include "common/dns/name.h"

namespace posthaste::dns {

net::Task<std::expected<Answer, Failure>> SimResolver::query(std::string name, Type type) {
  ++queries_;
  if (delay_max_.count() > 0) {
    const auto most = static_cast<std::uint64_t>(delay_max_.count());
    co_await world_.clock.sleep(std::chrono::milliseconds{world_.random.next() % (most + 1)});
  }
  co_return look_up(canonical(name), type);
}

std::expected<Answer, Failure> SimResolver::look_up(std::string name, Type type) const {
  Answer answer;
  answer.authenticated = true;
  for (std::size_t i = 0; i <= kAliasesMax; ++i) {
    if (const auto failure = failures_.find(name); failure != failures_.end()) {
      return std::unexpected(failure->second);
    }
    answer.authenticated = answer.authenticated && authenticated_.contains(name);
    if (const auto alias = aliases_.find(name); alias != aliases_.end() && type != Type::cname) {
      name = alias->second;
      continue;
    }
    if (const auto records = records_.find({name, type}); records != records_.end()) {
      answer.canonical_name = name;
      answer.records = records->second;
      return answer;
    }
    return std::unexpected(exists(name) ? Failure::no_data : Failure::no_such_name);
  }
  return std::unexpected(Failure::server_failure);
}

bool SimResolver::exists(const std::string& name) const {
  const auto is_at_or_below = [&](const std::string& other) {
    return other == name || other.ends_with("." + name);
  };
  return std::ranges::any_of(records_, [&](const auto& entry) { return is_at_or_below(entry.first.first); }) ||
         std::ranges::any_of(aliases_, [&](const auto& entry) { return is_at_or_below(entry.first); });
}

void SimResolver::add(const std::string& name, Type type, Record record) {
  records_[{canonical(name), type}].push_back(std::move(record));
}

void SimResolver::add_alias(const std::string& name, const std::string& target) {
  aliases_[canonical(name)] = canonical(target);
  records_[{canonical(name), Type::cname}] = {Cname{canonical(target)}};
}

void SimResolver::remove(const std::string& name) {
  const std::string gone = canonical(name);
  std::erase_if(records_, [&](const auto& entry) { return entry.first.first == gone; });
  aliases_.erase(gone);
  failures_.erase(gone);
  authenticated_.erase(gone);
}

void SimResolver::fail(const std::string& name, Failure failure) { failures_[canonical(name)] = failure; }

void SimResolver::recover(const std::string& name) { failures_.erase(canonical(name)); }

void SimResolver::authenticate(const std::string& name) { authenticated_.insert(canonical(name)); }

}  // namespace posthaste::dns
