#include "common/imap/literal.h"

#include <gtest/gtest.h>

namespace posthaste::imap {
namespace {

struct Case {
  const char* name;
  const char* line;
  Parsed<std::optional<LiteralAnnouncement>> expected;
};

const Case kCases[] = {
    {"SynchronizingLiteralWaitsForUs", "A001 LOGIN {11}", LiteralAnnouncement{11, true, false}},
    {"PlusMeansNoWaiting", "A001 LOGIN {11+}", LiteralAnnouncement{11, false, false}},
    {"TildeMeansAnyOctet", "A APPEND x ~{3}", LiteralAnnouncement{3, true, true}},
    {"TildeAndPlusGoTogether", "A APPEND x ~{3+}", LiteralAnnouncement{3, false, true}},
    {"LiteralMayBeEmpty", "A LOGIN {0}", LiteralAnnouncement{0, true, false}},
    {"SecondLiteralOfACommand", " FRED {7}", LiteralAnnouncement{7, true, false}},
    {"LargestNumber64", "{9223372036854775807}", LiteralAnnouncement{9223372036854775807U, true, false}},
    {"PlainLineAnnouncesNothing", "A NOOP", std::nullopt},
    {"EmptyLineAnnouncesNothing", "", std::nullopt},
    {"BracesInTheMiddleAreText", "A LOGIN {3} x", std::nullopt},
    {"NoNumberIsNoLiteral", "A LOGIN {}", std::nullopt},
    {"PlusAloneIsNoLiteral", "A LOGIN {+}", std::nullopt},
    {"MinusIsNoLiteral", "A LOGIN {3-}", std::nullopt},
    {"SignIsNoLiteral", "A LOGIN {-3}", std::nullopt},
    {"SpaceIsNoLiteral", "A LOGIN { 3}", std::nullopt},
    {"NoOpeningBrace", "A LOGIN 3}", std::nullopt},
    {"SpaceAfterItIsNoLiteral", "A LOGIN {3} ", std::nullopt},
    {"BeyondNumber64", "A {9223372036854775808}", std::unexpected(SyntaxError{SyntaxErrorKind::too_long, 2})},
    {"Beyond64Bits", "A {99999999999999999999}", std::unexpected(SyntaxError{SyntaxErrorKind::too_long, 2})},
};

TEST(Literal, IsAnnouncedAtTheEndOfALine) {
  for (const auto& test : kCases) EXPECT_EQ(literal_announcement(test.line), test.expected) << test.name;
}

}  // namespace
}  // namespace posthaste::imap
