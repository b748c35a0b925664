#include "imapd/answers/number_text.h"

#include <gtest/gtest.h>

#include "imapd/limits.h"

namespace posthaste::imapd {
namespace {

using imap::NumberRange;
using Style = NumberText::Style;

struct Case {
  const char* name;
  std::vector<NumberRange> ranges;
  Style style;
  std::string text;
};

const Case kCases[] = {
    {"NothingIsNothing", {}, Style::each, ""},
    {"NoRangesAreNothing", {}, Style::ranges, ""},
    {"EachAsInRfc3501", {{2, 2}, {84, 84}, {882, 882}}, Style::each, " 2 84 882"},
    {"EachOfARange", {{2, 4}, {9, 9}}, Style::each, " 2 3 4 9"},
    {"RangesAsInRfc4731", {{2, 2}, {10, 11}}, Style::ranges, "2,10:11"},
    {"InTheOrderGiven", {{9, 10}, {2, 2}}, Style::ranges, "9:10,2"},
    {"UpToTheLargest", {{4294967294, 4294967295}}, Style::each, " 4294967294 4294967295"},
};

TEST(NumberText, PrintsAsTheAnswerHasIt) {
  for (const auto& test : kCases) {
    SCOPED_TRACE(test.name);
    NumberText numbers{test.ranges, test.style};
    std::string text = numbers.next();
    EXPECT_TRUE(numbers.done());
    EXPECT_EQ(text, test.text);
  }
}

TEST(NumberText, ComesInSlices) {
  for (const Style style : {Style::each, Style::ranges}) {
    std::vector<NumberRange> ranges;
    std::string expected;
    for (std::uint32_t i = 1; i <= 200'000; i += 2) {
      ranges.push_back({i, i});
      expected += (style == Style::each ? " " : i == 1 ? "" : ",") + std::to_string(i);
    }
    NumberText numbers{std::move(ranges), style};
    std::string text;
    while (!numbers.done()) {
      const std::string slice = numbers.next();
      EXPECT_LT(slice.size(), kSliceOctets + 32);
      text += slice;
    }
    EXPECT_EQ(text, expected);
  }
}

TEST(NumberText, OneRangeComesInSlicesToo) {
  NumberText numbers{{{1, 1'000'000}}, Style::each};
  std::size_t octets = 0;
  while (!numbers.done()) {
    const std::string slice = numbers.next();
    EXPECT_LT(slice.size(), kSliceOctets + 32);
    octets += slice.size();
  }
  EXPECT_EQ(octets, 1'000'000 + 9 * 1 + 90 * 2 + 900 * 3 + 9'000 * 4 + 90'000 * 5 + 900'000 * 6 + 7U);
}

TEST(RunsInOrder, JoinsNeighboursThatAscend) {
  EXPECT_EQ(runs_in_order({}), std::vector<NumberRange>{});
  EXPECT_EQ(runs_in_order({5, 6, 7, 3, 2, 4294967295, 1}),
            (std::vector<NumberRange>{{5, 7}, {3, 3}, {2, 2}, {4294967295, 4294967295}, {1, 1}}));
}

}  // namespace
}  // namespace posthaste::imapd
