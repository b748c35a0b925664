#include "common/auth/address.h"

#include <gtest/gtest.h>

namespace posthaste::auth {
namespace {

constexpr auto kSyntax = ParseErrorKind::syntax;
constexpr auto kTooLong = ParseErrorKind::too_long;
using Parsed = std::expected<Address, ParseError>;

struct Case {
  const char* name;
  std::string text;
  Parsed expected;
};

Parsed wrong(ParseErrorKind kind, std::size_t offset) { return std::unexpected(ParseError{kind, offset}); }

const std::string kSixty(60, 'a');

const Case kCases[] = {
    {"BothPartsAreFolded", "Alice.B@Example.ORG", Address{"alice.b", "example.org"}},
    {"MarksOfAtextMayStand", "a!#$%&'*+-/=?^_`{|}~@example.org", Address{"a!#$%&'*+-/=?^_`{|}~", "example.org"}},
    {"Utf8MayStandInBothParts", "j\xc3\xb6rg@b\xc3\xbc.example", Address{"j\xc3\xb6rg", "b\xc3\xbc.example"}},
    {"ALabelsAreTheLettersThatTheyStandFor", "bob@XN--BCHER-KVA.example",
     Address{"bob",
             "b\xc3\xbc"
             "cher.example"}},
    {"ALabelThatIsNone", "bob@xn--0.example", Address{"bob", "xn--0.example"}},
    {"OneLabelIsADomain", "root@localhost", Address{"root", "localhost"}},
    {"LocalPartOf64Octets", kSixty + "bbbb@example.org", Address{kSixty + "bbbb", "example.org"}},
    {"LocalPartOf65Octets", kSixty + "bbbbb@example.org", wrong(kTooLong, 64)},
    {"EmptyText", "", wrong(kSyntax, 0)},
    {"NoLocalPart", "@example.org", wrong(kSyntax, 0)},
    {"NoAt", "alice", wrong(kSyntax, 5)},
    {"NoDomain", "alice@", wrong(kSyntax, 6)},
    {"LeadingDot", ".alice@example.org", wrong(kSyntax, 0)},
    {"TrailingDot", "alice.@example.org", wrong(kSyntax, 6)},
    {"TwoDots", "al..ice@example.org", wrong(kSyntax, 3)},
    {"Space", "al ice@example.org", wrong(kSyntax, 2)},
    {"QuotedLocalPart", "\"alice\"@example.org", wrong(kSyntax, 0)},
    {"SecondAt", "alice@bob@example.org", wrong(kSyntax, 9)},
    {"AddressLiteral", "alice@[192.0.2.1]", wrong(kSyntax, 6)},
    {"Nul", std::string{"al\0ice@example.org", 18}, wrong(kSyntax, 2)},
    {"LineEnding", "alice@example.org\r\n", wrong(kSyntax, 17)},
    {"LeadingHyphenInALabel", "alice@-a.example", wrong(kSyntax, 6)},
    {"TrailingHyphenInALabel", "alice@a-.example", wrong(kSyntax, 7)},
    {"EmptyLabel", "alice@a..example", wrong(kSyntax, 8)},
    {"DotAtTheEnd", "alice@example.org.", wrong(kSyntax, 18)},
    {"Underscore", "alice@a_b.example", wrong(kSyntax, 7)},
    {"LabelOf64Octets", "alice@" + kSixty + "bbbb.example", wrong(kTooLong, 69)},
    {"LocalPartIsNotUtf8", "\xff@example.org", wrong(kSyntax, 0)},
};

TEST(Address, IsADotStringAtADomain) {
  for (const auto& test : kCases) {
    const auto parsed = parse_address(test.text);
    ASSERT_EQ(parsed.has_value(), test.expected.has_value()) << test.name;
    if (parsed) {
      EXPECT_EQ(*parsed, *test.expected) << test.name;
    } else {
      EXPECT_EQ(parsed.error(), test.expected.error()) << test.name << " at " << parsed.error().offset;
    }
  }
}

TEST(Address, DomainOf255OctetsIsTheLongest) {
  const std::string label(62, 'a');
  const auto four = label + "." + label + "." + label + "." + label;  // 251
  EXPECT_TRUE(parse_domain(four + ".abc"));
  const auto longer = parse_domain(four + ".abcd");
  ASSERT_FALSE(longer);
  EXPECT_EQ(longer.error(), (ParseError{kTooLong, 255}));
}

TEST(Address, CatchAllIsForAliasesAlone) {
  const auto catch_all = parse_alias_address("@Example.org");
  ASSERT_TRUE(catch_all);
  EXPECT_EQ(*catch_all, (Address{"", "example.org"}));
  EXPECT_FALSE(parse_alias_address("@"));
  EXPECT_FALSE(parse_alias_address("@-"));
  EXPECT_TRUE(parse_alias_address("alice@example.org"));
}

TEST(Address, DetailBeginsAtTheFirstDelimiterBehindTheUser) {
  struct Split {
    std::string_view text;
    std::string_view user;
    std::optional<std::string_view> detail;
  };
  for (const auto& split :
       {Split{"alice", "alice", std::nullopt}, Split{"alice+lists", "alice", "lists"},
        Split{"alice+a+b", "alice", "a+b"}, Split{"alice+", "alice", ""}, Split{"+alice", "+alice", std::nullopt},
        Split{"+a+b", "+a", "b"}, Split{"", "", std::nullopt}}) {
    const auto parts = split_subaddress(split.text, '+');
    EXPECT_EQ(parts.user, split.user) << split.text;
    EXPECT_EQ(parts.detail, split.detail) << split.text;
  }
  EXPECT_EQ(split_subaddress("alice+a", std::nullopt).user, "alice+a");
  EXPECT_EQ(split_subaddress("alice+a", '-').user, "alice+a");
}

}  // namespace
}  // namespace posthaste::auth
