#include "common/daemon/descriptors.h"

#include <sys/resource.h>

#include <algorithm>

namespace posthaste::daemon {

std::uint64_t descriptors_for(const DescriptorNeeds& needs) {
  return kDescriptorsReserve + needs.beside_clients + needs.connections * needs.for_each;
}

std::optional<std::uint64_t> connections_within(const DescriptorNeeds& needs, std::uint64_t limit) {
  const std::uint64_t kept = kDescriptorsReserve + needs.beside_clients;
  if (limit < kept + needs.for_each) return std::nullopt;
  return std::min(needs.connections, (limit - kept) / needs.for_each);
}

std::uint64_t raise_descriptor_limit(std::uint64_t wanted) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  if (limit.rlim_max < wanted) {
    const rlimit higher{wanted, wanted};
    if (setrlimit(RLIMIT_NOFILE, &higher) == 0) return wanted;  // root, below fs.nr_open
  }
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

}  // namespace posthaste::daemon
