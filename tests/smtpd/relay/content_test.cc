// What a message's octets ask of a host.
#include "smtpd/relay/content.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace posthaste::relay {
namespace {

using namespace std::string_view_literals;

struct Case {
  const char* name;
  std::string_view message;
  ContentTraits traits;
};

const Case kCases[] = {
    {"PlainText", "Subject: a\r\n\r\ntext\r\n"sv, {}},
    {"NothingAtAll", ""sv, {}},
    {"NoLineEndingAtTheEnd", "a: b\r\n\r\ntext"sv, {}},
    {"EightBitBody", "a: b\r\n\r\n\xc3\xa4\r\n"sv, {.eight_bit = true}},
    {"EightBitHeader", "a: \xc3\xa4\r\n\r\ntext\r\n"sv, {.eight_bit = true, .header_eight_bit = true}},
    {"EightBitHeaderWithoutABody", "a: \xc3\xa4\r\n"sv, {.eight_bit = true, .header_eight_bit = true}},
    {"NoHeaderAtAll", "\r\n\xc3\xa4\r\n"sv, {.eight_bit = true}},
    {"BareLf", "a: b\r\n\r\nx\ny\r\n"sv, {.binary = true}},
    {"BareLfAtTheStart", "\na: b\r\n"sv, {.binary = true}},
    {"BareCr", "a: b\r\n\r\nx\ry\r\n"sv, {.binary = true}},
    {"BareCrAtTheEnd", "a: b\r\n\r\nx\r"sv, {.binary = true}},
    {"TwoCrs", "a: b\r\n\r\nx\r\r\n"sv, {.binary = true}},
    {"Nul", "a: b\r\n\r\nx\0y\r\n"sv, {.binary = true}},
};

TEST(Traits, AreTheSameInEverySplit) {
  for (const auto& test : kCases) {
    for (std::size_t cut = 0; cut <= test.message.size(); ++cut) {
      const std::vector<std::string_view> pieces{test.message.substr(0, cut), {}, test.message.substr(cut)};
      EXPECT_EQ(traits_of(pieces), test.traits) << test.name << " cut at " << cut;
    }
  }
}

}  // namespace
}  // namespace posthaste::relay
