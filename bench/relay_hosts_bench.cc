// Chooses among a domain's MX records: choices a second.
// Corpus: 2 records of two preferences, as most domains have; 4 of one preference; 40, half of them twice; and 10
// of which we are the fifth.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <vector>

#include "common/net/sim_world.h"
#include "smtpd/relay/hosts.h"

namespace posthaste::relay {
namespace {

std::vector<dns::Mx> records(int count, int preferences, int names) {
  std::vector<dns::Mx> records;
  for (int i = 0; i < count; ++i) {
    records.push_back({static_cast<std::uint16_t>(10 * (i % preferences)),
                       "mx" + std::to_string(i % names) + ".mail.example.net"});
  }
  return records;
}

void mx_choice(benchmark::State& state, const std::vector<dns::Mx>& records) {
  net::SimWorld sim{1};
  const OwnHost own{{"mx4.mail.example.net"}, {}};
  for (auto _ : state) benchmark::DoNotOptimize(in_order(records, own, sim.world().random));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(mx_choice, of_2, records(2, 2, 2));
BENCHMARK_CAPTURE(mx_choice, of_4_equals, records(4, 1, 4));
BENCHMARK_CAPTURE(mx_choice, of_40_with_doubles, records(40, 5, 20));
BENCHMARK_CAPTURE(mx_choice, of_10_and_we_are_the_fifth, records(10, 10, 10));

}  // namespace
}  // namespace posthaste::relay
