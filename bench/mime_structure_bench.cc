// Parsing of headers and of the tree of parts. Corpus, made here: a header of 2.3 KB as a list's mail has it (40
// fields, 12 of them Received); a message of two alternatives, 8 KB; one with an attachment of 10 MB in base64
// lines of 76 octets; one of 10 MB of plain text; a digest of 1,000 small messages.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>

#include "common/mime/address.h"
#include "common/mime/envelope.h"
#include "common/mime/header.h"
#include "common/mime/structure.h"

namespace posthaste::mime {
namespace {

std::string list_header() {
  std::string header;
  for (int hop = 0; hop < 12; ++hop) {
    header +=
        "Received: from mx1.example.org (mx1.example.org [192.0.2.1])\r\n"
        "\tby mx2.example.com with ESMTPS id 0123456789; Mon, 1 Jan 2024 10:00:00 +0000\r\n";
  }
  for (int field = 0; field < 20; ++field) header += "X-Header: a value of forty octets or about that\r\n";
  header +=
      "Date: Mon, 1 Jan 2024 10:00:00 +0100\r\n"
      "From: \"Alice Example\" <alice@example.org>\r\n"
      "To: list@example.com, Bob Example <bob@example.net>, =?utf-8?Q?J=C3=B6?= <joe@example.org>\r\n"
      "Cc: carol@example.org (Carol)\r\n"
      "Subject: Re: =?utf-8?B?R3LDvMOfZQ==?= and more\r\n"
      "Message-ID: <1@example.org>\r\n"
      "In-Reply-To: <0@example.org>\r\n"
      "MIME-Version: 1.0\r\n";
  return header;
}

std::string lines(std::size_t octets) {
  std::string text;
  while (text.size() < octets) text.append(76, 'x').append("\r\n");
  return text;
}

std::string multipart(std::string_view subtype, std::initializer_list<std::string> parts) {
  const std::string boundary = "----=_Part_0123456789.0123456789";
  std::string message = list_header();
  message += "Content-Type: multipart/" + std::string(subtype) + "; boundary=\"" + boundary + "\"\r\n\r\n";
  for (const std::string& part : parts) message += "--" + boundary + "\r\n" + part + "\r\n";
  return message + "--" + boundary + "--\r\n";
}

std::string alternatives() {
  return multipart("alternative", {"Content-Type: text/plain; charset=utf-8\r\n\r\n" + lines(2000),
                                   "Content-Type: text/html; charset=utf-8\r\n"
                                   "Content-Transfer-Encoding: quoted-printable\r\n\r\n" +
                                       lines(4000)});
}

std::string attachment() {
  return multipart("mixed", {"Content-Type: text/plain\r\n\r\n" + lines(1000),
                             "Content-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n"
                             "Content-Disposition: attachment; filename=a.pdf\r\n\r\n" +
                                 lines(10'000'000)});
}

std::string digest() {
  std::string message = "Content-Type: multipart/digest; boundary=b\r\n\r\n";
  for (int i = 0; i < 1000; ++i) {
    message +=
        "--b\r\n\r\nFrom: Alice <alice@example.org>\r\nTo: list@example.org\r\nSubject: s\r\n\r\n" + lines(500);
  }
  return message + "--b--\r\n";
}

void count_octets(benchmark::State& state, const std::string& corpus) {
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * corpus.size()));
}

void header_fields_of_a_list_mail(benchmark::State& state) {
  const std::string header = list_header();
  for (auto _ : state) {
    for (const Field& field : Fields(header)) benchmark::DoNotOptimize(field);
  }
  count_octets(state, header);
}
BENCHMARK(header_fields_of_a_list_mail);

void envelope_of_a_list_mail(benchmark::State& state) {
  const std::string header = list_header();
  for (auto _ : state) benchmark::DoNotOptimize(parse_envelope(header));
  count_octets(state, header);
}
BENCHMARK(envelope_of_a_list_mail);

void addresses(benchmark::State& state) {
  std::string list;
  for (int i = 0; i < 1000; ++i) list += "\"Alice B. Example\" <alice@example.org>,\r\n ";
  for (auto _ : state) benchmark::DoNotOptimize(parse_address_list(list));
  count_octets(state, list);
}
BENCHMARK(addresses);

void structure(benchmark::State& state, const std::string& message) {
  for (auto _ : state) benchmark::DoNotOptimize(parse_structure(message));
  count_octets(state, message);
}
BENCHMARK_CAPTURE(structure, alternatives_8_kb, alternatives());
BENCHMARK_CAPTURE(structure, attachment_10_mb, attachment());
BENCHMARK_CAPTURE(structure, plain_text_10_mb, list_header() + "\r\n" + lines(10'000'000));
BENCHMARK_CAPTURE(structure, digest_of_1000, digest());

}  // namespace
}  // namespace posthaste::mime
