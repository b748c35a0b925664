// ENVELOPE as delivery makes it, from a header to what FETCH answers: envelopes and octets of header a second.
// Corpus: the header of RFC 9051's example; one to 50 people with names; one whose names are encoded words and
// 8-bit.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>

#include "common/imap/envelope.h"

namespace posthaste::imap {
namespace {

std::string header_to(int people, const std::string& name) {
  std::string header =
      "Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\r\nFrom: Terry Gray <gray@cac.washington.edu>\r\n"
      "Subject: IMAP4rev2 WG mtg summary and minutes\r\nTo: ";
  for (int i = 0; i < people; ++i) {
    header += (i == 0 ? "" : ",\r\n ") + name + " <person" + std::to_string(i) + "@example.org>";
  }
  return header +
         "\r\ncc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>\r\n"
         "Message-Id: <B27397-0100000@cac.washington.edu>\r\n\r\n";
}

void envelope(benchmark::State& state, const std::string& header) {
  std::string out;
  for (auto _ : state) {
    out.clear();
    append_envelope(out, mime::parse_envelope(header));
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(header.size()));
}
BENCHMARK_CAPTURE(envelope, of_rfc_9051, header_to(1, "The list"));
BENCHMARK_CAPTURE(envelope, to_50_people, header_to(50, "\"Example, Alice B.\""));
BENCHMARK_CAPTURE(envelope, of_encoded_words, header_to(10, "=?utf-8?Q?J=C3=B6rg_M=C3=BCller?="));
BENCHMARK_CAPTURE(envelope, of_8_bit_names, header_to(10, "\"J\xC3\xB6rg M\xC3\xBCller\""));

}  // namespace
}  // namespace posthaste::imap
