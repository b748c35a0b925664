// What it costs to summarize a message grows no faster than the message.
#include "../growth.h"

#include <memory>
#include <string>

#include "deliveryd/summary.h"

namespace posthaste::deliveryd {
namespace {

std::string repeated(std::string_view text, std::size_t times) {
  std::string all;
  all.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

/// A message of about so many octets.
struct Row {
  const char* name;
  std::string (*make)(std::size_t octets);
};

std::ostream& operator<<(std::ostream& out, const Row& row) { return out << row.name; }

const Row kRows[] = {
    {"SmallParts",
     [](std::size_t n) {
       return "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + repeated("--b\r\n\r\n.\r\n", n / 10);
     }},
    {"NestedMessages",
     [](std::size_t n) { return repeated("Subject: a\r\nContent-Type: message/rfc822\r\n\r\n", n / 44); }},
    {"NestedMultiparts",
     [](std::size_t n) { return repeated("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n", n / 50); }},
    {"ManyFields", [](std::size_t n) { return repeated("To: a\r\n", n / 7) + "\r\ntext\r\n"; }},
    {"OneLongField",
     [](std::size_t n) { return "Subject:" + repeated(" =?utf-8?q?=C3=A9?=\r\n", n / 21) + "\r\n"; }},
    {"ManyAddresses", [](std::size_t n) { return "To: " + repeated("\"a\\\"\" <a@b>, ", n / 14) + "a@b\r\n\r\n"; }},
    {"ManyParameters",
     [](std::size_t n) {
       return "Content-Type: text/plain" + repeated("; a=\"\\b\"", n / 8) + "\r\n\r\ntext\r\n";
     }},
    {"NoField", [](std::size_t n) { return repeated("x\r\n", n / 3); }},
};

class SummaryGrowth : public testing::TestWithParam<Row> {};

TEST_P(SummaryGrowth, IsInProportionToTheMessage) {
  const Row& row = GetParam();
  expect_n_log_n({row.name, 32'768, [&row](std::size_t octets) {
                    return [message = row.make(octets)] { (void)summarize(message); };
                  }});
}

INSTANTIATE_TEST_SUITE_P(Deliveryd, SummaryGrowth, testing::ValuesIn(kRows),
                         [](const auto& test) { return std::string{test.param.name}; });

}  // namespace
}  // namespace posthaste::deliveryd
