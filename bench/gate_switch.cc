// Loaded into a daemon under callgrind by bench/gate: begins the counting in the daemon's child, and ends it with a
// profile. callgrind_control cannot do it, which finds no process that was forked. A thread of the child waits for
// someone who opens the FIFO to write, turns the switch, and lets them go on by opening it to read.
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include <valgrind/callgrind.h>

namespace {

void meet(const char* fifo, int flags) {
  const int fd = open(fifo, flags | O_CLOEXEC);
  if (fd < 0) abort();
  close(fd);
}

void* turn(void*) {
  const char* const begin = getenv("POSTHASTE_GATE_BEGIN");
  const char* const end = getenv("POSTHASTE_GATE_END");
  if (begin == nullptr || end == nullptr) abort();
  for (;;) {
    meet(begin, O_RDONLY);
    CALLGRIND_ZERO_STATS;
    CALLGRIND_START_INSTRUMENTATION;
    meet(begin, O_WRONLY);
    meet(end, O_RDONLY);
    CALLGRIND_STOP_INSTRUMENTATION;
    CALLGRIND_DUMP_STATS;
    meet(end, O_WRONLY);
  }
}

void start_thread() {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  pthread_t thread;
  if (pthread_create(&thread, nullptr, turn, nullptr) != 0) abort();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

struct Switch {
  Switch() {
    if (pthread_atfork(nullptr, nullptr, start_thread) != 0) abort();
  }
} the_switch;

}  // namespace
