#include "common/smtp/path.h"

#include <gtest/gtest.h>

namespace posthaste::smtp {
namespace {

constexpr auto kSyntax = ParseErrorKind::syntax;
constexpr auto kTooLong = ParseErrorKind::too_long;

std::unexpected<ParseError> fails(std::size_t offset, ParseErrorKind kind = kSyntax) {
  return std::unexpected(ParseError{kind, offset});
}

const std::string kLocalPart255(255, 'l');
const std::string kLabel63(63, 'd');
const std::string kDomain255 = kLabel63 + "." + kLabel63 + "." + kLabel63 + "." + kLabel63;

struct Case {
  const char* name;
  std::string text;
  std::expected<ReversePath, ParseError> path;
};

const Case kCases[] = {
    {"NullReversePathNamesNoMailbox", "<>", ReversePath{}},
    {"AMailbox", "<userx@y.foo.org>", Mailbox{"userx", "y.foo.org"}},
    {"CaseIsKept", "<Alice@Example.ORG>", Mailbox{"Alice", "Example.ORG"}},
    {"EveryAtextMayStandInAnAtom", "<!#$%&'*+-/=?^_`{|}~9@example.org>",
     Mailbox{"!#$%&'*+-/=?^_`{|}~9", "example.org"}},
    {"DotsSeparateAtoms", "<a.b.c@example.org>", Mailbox{"a.b.c", "example.org"}},
    {"ADomainOfOneLabel", "<a@localhost>", Mailbox{"a", "localhost"}},
    {"LabelsMayStartWithADigit", "<a@3com.example>", Mailbox{"a", "3com.example"}},
    {"QuotedLocalPartMayHoldASpace", R"(<"a b"@example.org>)", Mailbox{"a b", "example.org"}},
    {"QuotedLocalPartMayHoldBrackets", R"(<"<a>@b"@example.org>)", Mailbox{"<a>@b", "example.org"}},
    {"QuotedPairStandsForItsOctet", R"(<"Joe\,Smith\"\\"@example.org>)", Mailbox{R"(Joe,Smith"\)", "example.org"}},
    {"QuotedLocalPartMayBeEmpty", R"(<""@example.org>)", Mailbox{"", "example.org"}},
    {"Ipv4Literal", "<a@[123.255.37.2]>", Mailbox{"a", "[123.255.37.2]"}},
    {"Ipv6Literal", "<a@[IPv6:2001:db8::1]>", Mailbox{"a", "[IPv6:2001:db8::1]"}},
    {"Ipv6LiteralWithIpv4Tail", "<a@[ipv6:::ffff:192.0.2.1]>", Mailbox{"a", "[ipv6:::ffff:192.0.2.1]"}},
    {"SourceRouteIsForgotten", "<@hosta.int,@jkl.org:userc@d.bar.org>", Mailbox{"userc", "d.bar.org"}},
    {"LocalPartOf255Octets", "<" + kLocalPart255 + "@example.org>", Mailbox{kLocalPart255, "example.org"}},
    {"Srs", "<SRS1=abcd=forwarder.example==wxyz=AB=elsewhere.example=a.very.long.name.of.somebody@our.example>",
     Mailbox{"SRS1=abcd=forwarder.example==wxyz=AB=elsewhere.example=a.very.long.name.of.somebody", "our.example"}},
    {"NoBrackets", "a@example.org", Mailbox{"a", "example.org"}},
    {"DotFirst", "<.a@example.org>", Mailbox{".a", "example.org"}},
    {"DotLast", "<a.@example.org>", Mailbox{"a.", "example.org"}},
    {"TwoDots", "<a..b@example.org>", Mailbox{"a..b", "example.org"}},
    {"DotsAlone", "<...@example.org>", Mailbox{"...", "example.org"}},
    {"DomainDotLast", "<a@example.org.>", Mailbox{"a", "example.org"}},
    {"DomainDotLastWithoutBrackets", "a@example.org.", Mailbox{"a", "example.org"}},
    {"DomainUnderscore", "<a@my_host.example>", Mailbox{"a", "my_host.example"}},
    {"DomainUnderscoreFirst", "<a@_my.host_.example>", Mailbox{"a", "_my.host_.example"}},
    {"LabelStartsWithHyphen", "<a@-x.example>", Mailbox{"a", "-x.example"}},
    {"LabelEndsWithHyphen", "<a@x-.example>", Mailbox{"a", "x-.example"}},
    {"LabelOf63Octets", "<a@" + kLabel63 + ".org>", Mailbox{"a", kLabel63 + ".org"}},
    {"PathOf513Octets", "<" + kLocalPart255 + "@" + kDomain255 + ">", Mailbox{kLocalPart255, kDomain255}},

    {"Nothing", "", fails(0)},
    {"MissingBracketIsRefusedAtTheEnd", "<a@example.org", fails(14)},
    {"MissingFirstBracket", "a@example.org>", fails(14)},
    {"BracketAlone", "<", fails(1)},
    {"TextAfterThePath", "<a@example.org>x", fails(15)},
    {"SpaceBeforeThePath", " <a@example.org>", fails(0)},
    {"SpaceInside", "<a @example.org>", fails(2)},
    {"SpaceAtTheEnd", "<a@example.org >", fails(14)},
    {"NoLocalPart", "<@example.org>", fails(13)},
    {"NoDomain", "<a@>", fails(3)},
    {"NoAt", "<alice>", fails(6)},
    {"TwoAts", "<a@b@example.org>", fails(4)},
    {"DomainDotFirst", "<a@.example.org>", fails(3)},
    {"DomainTwoDotsLast", "<a@example.org..>", fails(15)},
    {"DomainDotAlone", "<a@.>", fails(3)},
    {"DomainTwoDots", "<a@example..org>", fails(11)},
    {"QuoteLeftOpen", R"(<"a@example.org>)", fails(16)},
    {"BackslashAtTheEnd", R"(<"a\)", fails(4)},
    {"QuoteInsideAnAtom", R"(<a"b"@example.org>)", fails(2)},
    {"NulInAnAtom", std::string{"<a\0@example.org>", 16}, fails(2)},
    {"NulInAQuotedString", std::string{"<\"a\0\"@example.org>", 18}, fails(3)},
    {"TabInAQuotedString", "<\"a\t\"@example.org>", fails(3)},
    {"CrInAQuotedPair", "<\"a\\\r\"@example.org>", fails(4)},
    {"EightBitInTheLocalPart", "<\xc3\xa4@example.org>", fails(1)},
    {"EightBitInTheDomain", "<a@\xc3\xa4.example>", fails(3)},
    {"LiteralLeftOpen", "<a@[192.0.2.1>", fails(3)},
    {"LiteralOfThreeNumbers", "<a@[192.0.2]>", fails(3)},
    {"LiteralBeyond255", "<a@[192.0.2.256]>", fails(3)},
    {"LiteralWithLeadingZero", "<a@[192.0.2.01]>", fails(3)},
    {"Ipv6LiteralWithoutTag", "<a@[2001:db8::1]>", fails(3)},
    {"Ipv6LiteralOfNineGroups", "<a@[IPv6:1:2:3:4:5:6:7:8:9]>", fails(3)},
    {"Ipv6LiteralWithTwoGaps", "<a@[IPv6:1::2::3]>", fails(3)},
    {"Ipv6LiteralWithZone", "<a@[IPv6:fe80::1%eth0]>", fails(3)},
    {"UnknownLiteralTag", "<a@[x400:abc]>", fails(3)},
    {"TextAfterTheLiteral", "<a@[192.0.2.1]x>", fails(14)},
    {"SourceRouteWithoutMailbox", "<@a.example:>", fails(12)},
    {"SourceRouteWithoutColon", "<@a.example,@b.example>", fails(22)},
    {"SourceRouteWithEmptyPart", "<@a.example,,@b.example:c@d.example>", fails(12)},
    {"PostmasterIsNoSender", "<Postmaster>", fails(11)},
    {"LocalPartOf256Octets", "<" + kLocalPart255 + "l@example.org>", fails(256, kTooLong)},
    {"LabelOf64Octets", "<a@" + kLabel63 + "d.org>", fails(66)},
    {"PathOf515Octets", "<@" + kDomain255 + ":" + std::string(254, 'l') + "@b>", fails(514, kTooLong)},
};

TEST(Path, ReversePathFollowsTheGrammar) {
  for (const auto& test : kCases) {
    const auto path = parse_reverse_path(test.text);
    EXPECT_EQ(path, test.path) << test.name << " offset " << (path ? 0 : path.error().offset);
  }
}

TEST(Path, WhatIsPrintedParsesToTheSame) {
  for (const auto& test : kCases) {
    if (!test.path) continue;
    EXPECT_EQ(parse_reverse_path(to_string(*test.path)), test.path) << test.name;
  }
}

TEST(Path, PrintsTheMinimumOfQuoting) {
  EXPECT_EQ(to_string(ReversePath{}), "<>");
  EXPECT_EQ(to_string(Mailbox{"a.b", "example.org"}), "a.b@example.org");
  EXPECT_EQ(to_string(*parse_mailbox(R"("\a\ b"@example.org)")), R"("a b"@example.org)");
  EXPECT_EQ(to_string(Mailbox{"", "example.org"}), R"(""@example.org)");
  EXPECT_EQ(to_string(Mailbox{R"(a"\)", "example.org"}), R"("a\"\\"@example.org)");
}

TEST(Path, PassesOnWhatCameAsItCame) {
  for (const auto* path : {"<a.b@example.org>", R"(<"a.b"@example.org>)", "<a..b@example.org>",
                           R"(<"a..b"@example.org>)", "<.a.@my_host.example>", R"(<"a b"@example.org>)"}) {
    EXPECT_EQ(to_string(*parse_reverse_path(path)), path);
  }
}

TEST(Path, ForwardPathHasNoNullAndKnowsThePostmaster) {
  EXPECT_EQ(parse_forward_path("<bob@example.org>"), (ForwardPath{Mailbox{"bob", "example.org"}}));
  EXPECT_EQ(parse_forward_path("<POSTmaster>"), ForwardPath{LocalPostmaster{}});
  EXPECT_EQ(parse_forward_path("<postmaster@example.org>"), (ForwardPath{Mailbox{"postmaster", "example.org"}}));
  EXPECT_EQ(parse_forward_path("<>"), fails(1));
  EXPECT_EQ(parse_forward_path("Postmaster"), fails(10));
  EXPECT_EQ(parse_forward_path("<postmasters>"), fails(12));
  EXPECT_EQ(mailbox_of(LocalPostmaster{}, "example.org"), (Mailbox{"postmaster", "example.org"}));
  EXPECT_EQ(mailbox_of(Mailbox{"a", "b.example"}, "example.org"), (Mailbox{"a", "b.example"}));
  EXPECT_EQ(to_string(ForwardPath{LocalPostmaster{}}), "<Postmaster>");
}

TEST(Path, MailboxHasNoBracketsAndItsOwnLimits) {
  EXPECT_EQ(parse_mailbox("a@example.org"), (Mailbox{"a", "example.org"}));
  EXPECT_EQ(parse_mailbox("<a@example.org>"), fails(0));
  EXPECT_EQ(parse_mailbox("a@example.org "), fails(13));
  EXPECT_EQ(parse_mailbox("a@" + kDomain255), (Mailbox{"a", kDomain255}));
  EXPECT_EQ(parse_mailbox("a@d" + kDomain255.substr(1) + ".e"), fails(257, kTooLong));
}

TEST(Path, Utf8StandsWhereItIsAllowedAndWellFormed) {
  const auto parse = [](std::string_view text) { return parse_mailbox(text, Utf8::allowed); };
  EXPECT_EQ(parse("\xc3\xa4.b@\xc3\xb6-x.example"), (Mailbox{"\xc3\xa4.b", "\xc3\xb6-x.example"}));
  EXPECT_EQ(parse("\"\xe2\x82\xac x\"@example.org"), (Mailbox{"\xe2\x82\xac x", "example.org"}));
  EXPECT_EQ(to_string(Mailbox{"\xc3\xa4", "example.org"}), "\xc3\xa4@example.org");
  EXPECT_EQ(parse("a\xc3@example.org"), fails(1));
  EXPECT_EQ(parse("a\x80@example.org"), fails(1));
  EXPECT_EQ(parse("a\xc0\xaf@example.org"), fails(1));
  EXPECT_EQ(parse("a@\xed\xa0\x80.example"), fails(2));
  EXPECT_EQ(parse("\"\\\xc3\xa4\"@example.org"), fails(2));
}

TEST(Path, LiteralHoldsAnAddress) {
  EXPECT_EQ(address_in_literal("[192.0.2.1]"), "192.0.2.1");
  EXPECT_EQ(address_in_literal("[ipv6:2001:DB8:0::1]"), "2001:db8::1");
  for (const auto* none :
       {"", "192.0.2.1", "[192.0.2.1", "[2001:db8::1]", "[IPv6:192.0.2.1]", "[IPv6:]", "example.org"}) {
    EXPECT_EQ(address_in_literal(none), std::nullopt) << none;
  }
}

TEST(Path, DomainIsLettersDigitsAndHyphens) {
  for (const auto* right : {"a", "example.org", "xn--nxasmq6b.example", "1.2.3.4", "a-b.c--d"}) {
    EXPECT_TRUE(is_domain(right)) << right;
  }
  for (const auto* wrong : {"", ".", "a.", ".a", "a..b", "-a", "a-", "a.-b", "a_b", "a b", "[192.0.2.1]", "a\n",
                            "\xc3\xa4.example", "a/b", "a:b", "*.example.org"}) {
    EXPECT_FALSE(is_domain(wrong)) << wrong;
  }
  EXPECT_TRUE(is_domain(kDomain255));
  EXPECT_FALSE(is_domain(kDomain255 + ".d"));
  EXPECT_TRUE(is_domain("\xc3\xa4.example", Utf8::allowed));
}

}  // namespace
}  // namespace posthaste::smtp
