// What waits for the store's writer, and which of it goes next.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <unordered_map>

#include "common/base/ids.h"
#include "common/net/clock.h"
#include "common/store/writer.h"

namespace posthaste::store {

struct Waiting {
  Request request;
  Time now;
  std::size_t octets = 0;
  std::move_only_function<void(Outcome)> answer;
};

/// Users take turns, each with what they asked for first. What is larger than a group goes alone, and between two
/// such goes what else waits: so nobody waits for more than one large write of others, however many they ask for.
class WaitingLine {
 public:
  using Waiting = store::Waiting;

  void add(Waiting waiting);
  [[nodiscard]] bool empty() const noexcept { return turns_.empty(); }
  /// Nothing when nothing waits.
  [[nodiscard]] std::deque<Waiting> take_group();

 private:
  [[nodiscard]] Waiting take_first_of(UserId user);

  std::unordered_map<UserId, std::deque<Waiting>> waiting_;  // none of them empty
  std::deque<UserId> turns_;                                 // each of these once, the next first
  bool last_was_large_ = false;
};

}  // namespace posthaste::store
