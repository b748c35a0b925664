#include "common/base/dot_stuffing.h"

#include <gtest/gtest.h>

namespace posthaste {
namespace {

struct Case {
  const char* name;
  std::string message;
  std::string wire;
};

const Case kCases[] = {
    {"AnEmptyMessageIsTheDotAlone", "", ".\r\n"},
    {"WholeLinesPass", "a\r\nb\r\n", "a\r\nb\r\n.\r\n"},
    {"ALeadingDotIsDoubled", ".a\r\n", "..a\r\n.\r\n"},
    {"ADotInEachLineIsDoubled", "a\r\n.\r\n..\r\n.b\r\n", "a\r\n..\r\n...\r\n..b\r\n.\r\n"},
    {"ADotInsideALineIsNot", "a.b.\r\n", "a.b.\r\n.\r\n"},
    {"AMissingLastCrlfIsAdded", "a", "a\r\n.\r\n"},
    {"AMissingLastCrlfIsAddedAfterADot", "a\r\n.", "a\r\n..\r\n.\r\n"},
    {"ABareLfBecomesCrlf", "a\nb\n", "a\r\nb\r\n.\r\n"},
    {"ABareCrBecomesCrlf", "a\rb\r", "a\r\nb\r\n.\r\n"},
    {"ADotAfterABareLfIsDoubled", "a\n.\nQUIT\r\n", "a\r\n..\r\nQUIT\r\n.\r\n"},
    {"ADotAfterABareCrIsDoubled", "a\r.\rb\r\n", "a\r\n..\r\nb\r\n.\r\n"},
    {"TwoCrsAndALfAreTwoLines", "a\r\r\nb", "a\r\n\r\nb\r\n.\r\n"},
    {"AnLfAndACrAreTwoLines", "a\n\rb", "a\r\n\r\nb\r\n.\r\n"},
    {"ALfBeforeAHeldCrIsNotLost", "a\nb\r", "a\r\nb\r\n.\r\n"},
    {"NulPasses", std::string{"a\0b\r\n", 5}, std::string{"a\0b\r\n.\r\n", 8}},
};

TEST(DotStuffing, IsTheSameInEverySplit) {
  for (const auto& test : kCases) {
    EXPECT_EQ(dot_stuffed(test.message), test.wire) << test.name;
    for (std::size_t i = 0; i <= test.message.size(); ++i) {
      for (std::size_t j = i; j <= test.message.size(); ++j) {
        DotStuffer stuffer;
        std::string wire;
        stuffer.feed(test.message.substr(0, i), wire);
        stuffer.feed(test.message.substr(i, j - i), wire);
        stuffer.feed(test.message.substr(j), wire);
        stuffer.finish(wire);
        EXPECT_EQ(wire, test.wire) << test.name << " split at " << i << " and " << j;
      }
    }
  }
}

TEST(DotStuffing, StartsAnewAfterTheEnd) {
  DotStuffer stuffer;
  std::string wire;
  stuffer.feed("a\r", wire);
  stuffer.finish(wire);
  stuffer.feed(".b\r\n", wire);
  stuffer.finish(wire);
  EXPECT_EQ(wire, "a\r\n.\r\n..b\r\n.\r\n");
}

}  // namespace
}  // namespace posthaste
