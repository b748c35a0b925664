#include "common/net/task.h"

#include <vector>

namespace posthaste::net {
namespace {

/// The coroutines of one thread that may go on, in the order in which they became ready.
struct Trampoline {
  std::vector<std::coroutine_handle<>> ready;
  std::size_t next = 0;
  bool running = false;
};

}  // namespace

void resume(std::coroutine_handle<> coroutine) {
  thread_local Trampoline trampoline;
  trampoline.ready.push_back(coroutine);
  if (trampoline.running) return;
  trampoline.running = true;
  while (trampoline.next < trampoline.ready.size()) {
    const auto turn = trampoline.ready[trampoline.next++];
    if (trampoline.next == trampoline.ready.size()) {
      trampoline.ready.clear();
      trampoline.next = 0;
    }
    turn.resume();
  }
  trampoline.running = false;
}

}  // namespace posthaste::net
