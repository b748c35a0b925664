// Writes FETCH responses as a mailbox's first synchronisation asks for them: messages per second.
// Corpus: one line with FLAGS, UID, MODSEQ, INTERNALDATE and RFC822.SIZE; and one with a stored ENVELOPE beside it.
#include <benchmark/benchmark.h>

#include "common/imap/envelope.h"
#include "common/imap/writer.h"

namespace posthaste::imap {
namespace {

void write_hot_items(ResponseWriter& writer, std::uint32_t uid, const Flags& flags, const DateTime& date) {
  writer.raw("* ");
  writer.number(uid);
  writer.raw(" FETCH (FLAGS ");
  writer.flags(flags);
  writer.raw(" UID ");
  writer.number(uid);
  writer.raw(" MODSEQ (");
  writer.number(20'010'715'194'032'001);
  writer.raw(") INTERNALDATE ");
  writer.date_time(date);
  writer.raw(" RFC822.SIZE ");
  writer.number(10'240);
}

void fetch_response(benchmark::State& state) {
  const Flags flags{{SystemFlag::seen, SystemFlag::answered}, {"$Forwarded"}};
  const DateTime date{std::chrono::sys_seconds{std::chrono::seconds{837'596'665}}, std::chrono::hours{-7}};
  std::string out;
  std::uint32_t uid = 0;
  for (auto _ : state) {
    if (out.size() > 65'536) out.clear();
    ResponseWriter writer(out);
    write_hot_items(writer, ++uid, flags, date);
    writer.raw(")\r\n");
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(fetch_response);

void fetch_response_with_envelope(benchmark::State& state) {
  const std::string_view header =
      "Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\r\nFrom: Terry Gray <gray@cac.washington.edu>\r\n"
      "Subject: IMAP4rev2 WG mtg summary and minutes\r\nTo: imap@cac.washington.edu\r\n"
      "cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>\r\n"
      "Message-Id: <B27397-0100000@cac.washington.edu>\r\n\r\n";
  std::string envelope;
  append_envelope(envelope, mime::parse_envelope(header));
  std::string out;
  std::uint32_t uid = 0;
  for (auto _ : state) {
    if (out.size() > 65'536) out.clear();
    ResponseWriter writer(out);
    write_hot_items(writer, ++uid, {}, {});
    writer.raw(" ENVELOPE ");
    writer.raw(envelope);
    writer.raw(")\r\n");
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(fetch_response_with_envelope);

}  // namespace
}  // namespace posthaste::imap
