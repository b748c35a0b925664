// What there is only so much of, shared among those who send.
#pragma once

#include <cassert>
#include <cstddef>
#include <map>
#include <string>

namespace posthaste::relay {

/// So many of something in all. Who holds fewer than are free may take one more: a single sender has at most half
/// of them, a second one half of the rest, and however many have much, something is left for the next.
class Shares {
 public:
  explicit Shares(std::size_t max) : max_(max) {}

  [[nodiscard]] bool has_room(const std::string& sender) const { return held_by(sender) < max_ - taken_; }
  [[nodiscard]] std::size_t held_by(const std::string& sender) const {
    const auto held = held_.find(sender);
    return held == held_.end() ? 0 : held->second;
  }
  [[nodiscard]] std::size_t taken() const noexcept { return taken_; }

  /// Where there is room.
  void take(const std::string& sender) {
    assert(has_room(sender));
    ++held_[sender];
    ++taken_;
  }
  void give_back(const std::string& sender) {
    const auto held = held_.find(sender);
    assert(held != held_.end());
    --taken_;
    if (--held->second == 0) held_.erase(held);
  }

 private:
  const std::size_t max_;
  std::size_t taken_ = 0;
  std::map<std::string, std::size_t> held_;  // none of them 0
};

}  // namespace posthaste::relay
