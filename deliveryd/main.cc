// deliveryd: takes mail by LMTP, and is the mailbox store's only writer.
#include <malloc.h>

#include "common/daemon/program.h"
#include "deliveryd/service.h"

namespace {

constexpr int kMappedFromOctets = 1 << 20;  // larger pieces of memory go back to the system at once
constexpr int kFreeOctetsKept = 8 << 20;    // by a thread, of what it has freed

/// What the store's writer needs for one group it needs again for the next. By itself malloc keeps it or gives it
/// back according to the largest piece that was ever freed; and when it was given back, the next group has a page
/// fault for every 4 KB.
void keep_freed_memory() {
  mallopt(M_MMAP_THRESHOLD, kMappedFromOctets);
  mallopt(M_TRIM_THRESHOLD, kFreeOctetsKept);
}

}  // namespace

int main(int argc, char** argv) {
  using posthaste::config::Config;
  using posthaste::deliveryd::Service;
  keep_freed_memory();
  return posthaste::daemon::run(argc, argv,
                                {"deliveryd",
                                 posthaste::deliveryd::bindings,
                                 Service::open,
                                 {[](Config& config) -> std::uint32_t& { return config.smtp.connections_max; }, 1,
                                  posthaste::daemon::nothing_beside_clients},
                                 "posthaste store check"});
}
