#include "common/net/system_random.h"

#include <sys/random.h>

#include <cerrno>
#include <cstdlib>

namespace posthaste::net {

void SystemRandom::fill(std::span<std::byte> octets) {
  while (!octets.empty()) {
    const ssize_t count = getrandom(octets.data(), octets.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) std::abort();  // without random octets nothing that follows is safe
    octets = octets.subspan(static_cast<std::size_t>(count));
  }
}

}  // namespace posthaste::net
