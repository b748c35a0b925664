#include "common/smtp/data_reader.h"

#include <gtest/gtest.h>

namespace posthaste::smtp {
namespace {

struct Case {
  const char* name;
  std::string wire;
  DataProgress whole;  // fed at once
  std::string content;
};

const Case kCases[] = {
    {"AnEmptyMessage", ".\r\n", {DataState::end, 3}, ""},
    {"OneLine", "a\r\n.\r\n", {DataState::end, 6}, "a\r\n"},
    {"WhatFollowsIsTheNextCommand", "a\r\n.\r\nQUIT\r\n", {DataState::end, 6}, "a\r\n"},
    {"StuffingIsTakenOut", "..a\r\n...\r\n..\r\n.\r\n", {DataState::end, 17}, ".a\r\n..\r\n.\r\n"},
    {"ADotBeforeTextIsDeletedEvenIfNotStuffed", ".a\r\n.\r\n", {DataState::end, 7}, "a\r\n"},
    {"DotsInsideALineStay", "a..b.\r\n.\r\n", {DataState::end, 10}, "a..b.\r\n"},
    {"EmptyLines", "\r\n\r\n.\r\n", {DataState::end, 7}, "\r\n\r\n"},
    {"NulPasses", std::string{"a\0b\r\n.\r\n", 8}, {DataState::end, 8}, std::string{"a\0b\r\n", 5}},
    {"EightBitPasses", "\xff\xc3\xa4\r\n.\r\n", {DataState::end, 8}, "\xff\xc3\xa4\r\n"},
    {"ALineOf10000Octets",
     std::string(10000, 'x') + "\r\n.\r\n",
     {DataState::end, 10005},
     std::string(10000, 'x') + "\r\n"},
    {"NoEndYet", "a\r\n", {DataState::more, 3}, "a\r\n"},
    {"NoLineYet", "abc", {DataState::more, 3}, "abc"},
    {"ADotThatMayBeTheEnd", "a\r\n.", {DataState::more, 4}, "a\r\n"},
    {"ADotAndCrThatMayBeTheEnd", "a\r\n.\r", {DataState::more, 5}, "a\r\n"},
    {"ACrThatMayEndALine", "a\r", {DataState::more, 2}, "a"},
    {"ABareLfInALine", "a\nb\r\n", {DataState::bare_lf, 1}, ""},
    {"ABareLfFirst", "\na", {DataState::bare_lf, 0}, ""},
    {"ABareCrInALine", "a\rb\r\n", {DataState::bare_cr, 2}, ""},
    {"TwoCrsBeforeLf", "a\r\r\n", {DataState::bare_cr, 2}, ""},
    {"SmugglingByLfDotLf", "a\r\nb\n.\nMAIL FROM:<>\r\n", {DataState::bare_lf, 4}, ""},
    {"SmugglingByLfDotCrlf", "a\n.\r\nMAIL FROM:<>\r\n", {DataState::bare_lf, 1}, ""},
    {"SmugglingByCrlfDotLf", "a\r\n.\nMAIL FROM:<>\r\n", {DataState::bare_lf, 4}, ""},
    {"SmugglingByCrlfDotCr", "a\r\n.\rMAIL FROM:<>\r\n", {DataState::bare_cr, 5}, ""},
    {"SmugglingByCrDotCr", "a\r.\rMAIL FROM:<>\r\n", {DataState::bare_cr, 2}, ""},
    {"SmugglingByNulAfterTheDot", std::string{"a\r\n.\0\r\nb\n", 9}, {DataState::bare_lf, 8}, ""},
};

bool is_refusal(DataState state) { return state == DataState::bare_cr || state == DataState::bare_lf; }

/// Feeds the pieces one after another until one is not the last word; `consumed` counts from the first.
DataProgress feed_all(DataReader& reader, std::initializer_list<std::string> pieces, std::string& content) {
  DataProgress sum;
  for (const auto& piece : pieces) {
    const auto progress = reader.feed(piece, content);
    sum = {progress.state, sum.consumed + progress.consumed};
    if (progress.state != DataState::more) break;
  }
  return sum;
}

TEST(DataReader, ReadsAWholePiece) {
  for (const auto& test : kCases) {
    DataReader reader{1U << 20};
    std::string content;
    EXPECT_EQ(reader.feed(test.wire, content), test.whole) << test.name;
    if (is_refusal(test.whole.state)) continue;
    EXPECT_EQ(content, test.content) << test.name;
    EXPECT_EQ(reader.octets(), test.content.size()) << test.name;
  }
}

TEST(DataReader, SaysTheSameInEverySplit) {
  for (const auto& test : kCases) {
    if (test.wire.size() > 100) continue;
    for (std::size_t i = 0; i <= test.wire.size(); ++i) {
      for (std::size_t j = i; j <= test.wire.size(); ++j) {
        DataReader reader{1U << 20};
        std::string content;
        const auto progress =
            feed_all(reader, {test.wire.substr(0, i), test.wire.substr(i, j - i), test.wire.substr(j)}, content);
        EXPECT_EQ(progress, test.whole) << test.name << " split at " << i << " and " << j;
        if (is_refusal(test.whole.state)) continue;
        EXPECT_EQ(content, test.content) << test.name << i << " " << j;
      }
    }
  }
}

TEST(DataReader, SeesABareLineEndingAnywhereInLongLines) {
  std::string wire;
  for (int i = 0; i < 6; ++i) wire += std::string(60, 'x') + "\r\n";
  for (std::size_t i = 0; i < wire.size(); ++i) {
    if (wire[i] != 'x') continue;
    for (const char octet : {'\r', '\n'}) {
      std::string bad = wire;
      bad[i] = octet;
      DataReader reader{1U << 20};
      std::string content;
      const auto expected =
          octet == '\r' ? DataProgress{DataState::bare_cr, i + 1} : DataProgress{DataState::bare_lf, i};
      EXPECT_EQ(reader.feed(bad, content), expected) << i;
    }
  }
}

TEST(DataReader, ReadsAMessageThatIsTooLargeToItsEndWithoutKeepingIt) {
  DataReader reader{10};
  std::string content;
  EXPECT_EQ(reader.feed("12345678\r\n", content).state, DataState::more);
  EXPECT_FALSE(reader.too_large());
  EXPECT_EQ(reader.feed(std::string(100000, 'x'), content).state, DataState::more);
  EXPECT_TRUE(reader.too_large());
  EXPECT_EQ(reader.feed("\r\n.\r\nRSET\r\n", content), (DataProgress{DataState::end, 5}));
  EXPECT_EQ(content, "12345678\r\n");
  EXPECT_EQ(reader.octets(), 100012U);
}

TEST(DataReader, StuffingDoesNotCountAgainstTheLimit) {
  DataReader reader{4};
  std::string content;
  EXPECT_EQ(reader.feed("...\r\n.\r\n", content).state, DataState::end);
  EXPECT_FALSE(reader.too_large());
  EXPECT_EQ(content, "..\r\n");
}

TEST(DataReader, StillSeesABareLfInAMessageThatIsTooLarge) {
  DataReader reader{1};
  std::string content;
  EXPECT_EQ(reader.feed("abc\r\nd\n", content).state, DataState::bare_lf);
}

}  // namespace
}  // namespace posthaste::smtp
