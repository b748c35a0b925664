// What was answered, for as long as it may be remembered.
#pragma once

#include <cstddef>
#include <expected>
#include <list>
#include <map>
#include <string>

#include "common/dns/resolver.h"
#include "common/net/clock.h"

namespace posthaste::dns {

using Result = std::expected<Answer, Failure>;

/// A canonical name and a type.
struct Question {
  std::string name;
  Type type;
  auto operator<=>(const Question&) const = default;
};

/// Holds at most so many octets, as far as they can be told; what was not used for longest goes first.
class Cache {
 public:
  explicit Cache(std::size_t max_octets) noexcept : max_octets_(max_octets) {}

  /// Null when it is not known, or no longer. Lives until the next call.
  [[nodiscard]] const Result* find(const Question& question, net::Instant now);
  void put(const Question& question, Result result, net::Instant expires);

  [[nodiscard]] std::size_t octets() const noexcept { return octets_; }

 private:
  struct Entry {
    Question question;
    Result result;
    net::Instant expires;
    std::size_t octets;
  };
  using Place = std::list<Entry>::iterator;

  void remove(Place place);

  const std::size_t max_octets_;
  std::size_t octets_ = 0;
  std::list<Entry> entries_;  // the last used first
  std::map<Question, Place> places_;
};

}  // namespace posthaste::dns
