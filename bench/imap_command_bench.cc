// Parses commands as clients send them: commands and octets per second.
// Corpus: the UID FETCH of a header list, a UID STORE, a SEARCH of several keys, and an APPEND of 100 KB.
#include <benchmark/benchmark.h>

#include "common/imap/command.h"

namespace posthaste::imap {
namespace {

void parse(benchmark::State& state, const std::string& octets) {
  if (!parse_command(octets)) state.SkipWithError("the command is refused");
  for (auto _ : state) benchmark::DoNotOptimize(parse_command(octets));
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(octets.size()));
}

BENCHMARK_CAPTURE(parse, uid_fetch,
                  "a17 UID FETCH 1:500 (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (From To Cc Bcc "
                  "Subject Date Message-ID Priority X-Priority References Newsgroups In-Reply-To Content-Type)])");
BENCHMARK_CAPTURE(parse, uid_store, "a18 UID STORE 4827313:4828442,4828450 +FLAGS.SILENT (\\Seen $Forwarded)");
BENCHMARK_CAPTURE(parse, search,
                  "a19 UID SEARCH RETURN (MIN MAX COUNT) CHARSET UTF-8 OR FROM alice SUBJECT \"weekly report\" "
                  "SINCE 1-Feb-2024 NOT DELETED");
BENCHMARK_CAPTURE(parse, append_100_kilobytes, "a20 APPEND Sent (\\Seen) {102400}\r\n" + std::string(102'400, 'x'));

}  // namespace
}  // namespace posthaste::imap
