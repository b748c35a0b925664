#include "common/imap/flags.h"

#include <gtest/gtest.h>

namespace posthaste::imap {
namespace {

TEST(FlagList, IsRead) {
  struct Case {
    const char* name;
    const char* text;
    Flags expected;
  };
  const Case kCases[] = {
      {"Empty", "()", {}},
      {"OneSystemFlag", "(\\Seen)", {{SystemFlag::seen}, {}}},
      {"CaseDoesNotMatter", "(\\sEEN \\DELETED)", {{SystemFlag::seen, SystemFlag::deleted}, {}}},
      {"KeywordsKeepTheirCase", "($Forwarded NonJunk)", {{}, {"$Forwarded", "NonJunk"}}},
      {"SystemFlagsAndKeywords",
       "(\\Answered $MDNSent \\Flagged \\Draft)",
       {{SystemFlag::answered, SystemFlag::flagged, SystemFlag::draft}, {"$MDNSent"}}},
      {"KeywordsDifferByMoreThanCase", "($Junk $JUNK $junk)", {{}, {"$Junk"}}},
      {"RecentIsDropped", "(\\Seen \\Recent)", {{SystemFlag::seen}, {}}},
      {"RecentAlone", "(\\recent)", {}},
      {"SpacesInsideAreForgiven", "( \\Seen  \\Draft )", {{SystemFlag::seen, SystemFlag::draft}, {}}},
      {"KeywordNamedLikeASystemFlag", "(Seen)", {{}, {"Seen"}}},
  };
  for (const auto& test : kCases) EXPECT_EQ(parse_flag_list(test.text), test.expected) << test.name;
}

TEST(FlagList, ErrorsNameTheOctet) {
  struct Case {
    const char* text;
    std::size_t offset;
  };
  const Case kCases[] = {
      {"", 0},           {"\\Seen", 0},     {"(", 1},           {"(\\Seen", 6},
      {"(\\)", 2},       {"(\\*)", 2},      {"(\\Unknown)", 1}, {"(\\Seen\\Draft)", 6},
      {"(\\Seen) ", 7},  {"(\"Seen\")", 1}, {"(a(b))", 2},      {"(a])", 2},
      {"(\xc3\xbc)", 1}, {"(a\r\n)", 2},    {"(a%)", 2},
  };
  for (const auto& test : kCases) {
    const auto flags = parse_flag_list(test.text);
    ASSERT_FALSE(flags) << test.text;
    EXPECT_EQ(flags.error(), (SyntaxError{SyntaxErrorKind::syntax, test.offset})) << test.text;
  }
}

TEST(FlagList, HasLimits) {
  const std::string long_keyword(kKeywordMaxOctets + 1, 'k');
  EXPECT_TRUE(parse_flag_list("(" + long_keyword.substr(1) + ")"));
  const auto too_long = parse_flag_list("(" + long_keyword + ")");
  ASSERT_FALSE(too_long);
  EXPECT_EQ(too_long.error(), (SyntaxError{SyntaxErrorKind::too_long, 1}));

  std::string many = "(a";
  for (std::size_t i = 0; i < kFlagListMax; ++i) many += " a";
  const auto too_many = parse_flag_list(many + ")");
  ASSERT_FALSE(too_many);
  EXPECT_EQ(too_many.error().kind, SyntaxErrorKind::too_long);
}

TEST(Flags, PrintSystemFlagsFirst) {
  EXPECT_EQ(to_string(Flags{}), "()");
  EXPECT_EQ(to_string(Flags{{SystemFlag::seen, SystemFlag::answered}, {"$Forwarded", "x"}}),
            "(\\Answered \\Seen $Forwarded x)");
  EXPECT_EQ(to_string(Flags{{}, {"x"}}), "(x)");
}

TEST(SystemFlags, AreASet) {
  SystemFlags flags{SystemFlag::seen};
  flags.insert(SystemFlag::draft);
  flags.erase(SystemFlag::seen);
  flags.erase(SystemFlag::deleted);
  EXPECT_EQ(flags, SystemFlags{SystemFlag::draft});
  EXPECT_FALSE(flags.contains(SystemFlag::seen));
  EXPECT_FALSE(flags.empty());
}

}  // namespace
}  // namespace posthaste::imap
