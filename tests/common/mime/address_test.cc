// Address lists: the examples of RFC 5322 appendix A, obsolete forms, and what stands in mail instead.
#include "common/mime/address.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace posthaste::mime {
namespace {

Address plain(std::string mailbox, std::string host) { return {{}, {}, std::move(mailbox), std::move(host)}; }
Address named(std::string name, std::string mailbox, std::string host) {
  return {std::move(name), {}, std::move(mailbox), std::move(host)};
}
Address group(std::string name) { return {{}, {}, std::move(name), {}}; }
const Address kGroupEnd{};

struct Case {
  const char* name;
  std::string_view text;
  std::vector<Address> addresses;
};

const Case kCases[] = {
    // RFC 5322 appendix A.1.1
    {"NameAndAddress", " John Doe <jdoe@machine.example>\r\n", {named("John Doe", "jdoe", "machine.example")}},
    // A.1.2
    {"QuotedNameLosesItsQuotes",
     "\"Joe Q. Public\" <john.q.public@example.com>",
     {named("Joe Q. Public", "john.q.public", "example.com")}},
    {"NamesAndBareAddresses",
     "Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>",
     {named("Mary Smith", "mary", "x.test"), plain("jdoe", "example.org"), named("Who?", "one", "y.test")}},
    {"QuotedPairsInAName",
     "<boss@nil.test>, \"Giant; \\\"Big\\\" Box\" <sysservices@example.net>",
     {plain("boss", "nil.test"), named("Giant; \"Big\" Box", "sysservices", "example.net")}},
    // A.1.3
    {"Group",
     "A Group:Ed Jones <joe@where.test>,joe@where.test,John <jdoe@one.test>;",
     {group("A Group"), named("Ed Jones", "joe", "where.test"), plain("joe", "where.test"),
      named("John", "jdoe", "one.test"), kGroupEnd}},
    {"EmptyGroup", "Undisclosed recipients:;", {group("Undisclosed recipients"), kGroupEnd}},
    // A.5
    {"CommentsAndFolds",
     "Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>",
     {named("Pete", "pete", "silly.test")}},
    {"CommentsInAGroup",
     "A Group(Some people)\r\n     :Chris Jones <c@(Chris's host.)public.example>,\r\n"
     "         joe@example.org,\r\n  John <jdoe@one.test> (my dear friend); (the end of the group)\r\n",
     {group("A Group"), named("Chris Jones", "c", "public.example"), plain("joe", "example.org"),
      named("John", "jdoe", "one.test"), kGroupEnd}},
    {"HiddenRecipients",
     "(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;",
     {group("Hidden recipients"), kGroupEnd}},
    // A.6.1
    {"PhraseWithADot",
     "Joe Q. Public <john.q.public@example.com>",
     {named("Joe Q. Public", "john.q.public", "example.com")}},
    {"RouteAndEmptyElements",
     "Mary Smith <@node.test:mary@example.net>, , jdoe@test  . example",
     {{"Mary Smith", "@node.test", "mary", "example.net"}, plain("jdoe", "test.example")}},
    {"LongRoute", "<@a.test,,@b.test:c@d.test>", {{{}, "@a.test,@b.test", "c", "d.test"}}},
    // A.6.3
    {"SpaceAroundDots", "Joe <john . doe (x) . y@example . org>", {named("Joe", "john.doe.y", "example.org")}},
    // RFC 9051 §7.5.2 and practice
    {"CommentIsTheName", "alice@example.org (Alice A.)", {named("Alice A.", "alice", "example.org")}},
    {"NameComesBeforeComment", "Alice <alice@example.org> (home)", {named("Alice", "alice", "example.org")}},
    {"QuotedLocalPart", "\"a b\"@example.org", {plain("a b", "example.org")}},
    {"DomainLiteral", "a@[192.0.2.1]", {plain("a", "[192.0.2.1]")}},
    {"EncodedWordsStay", "=?utf-8?Q?Al?= <a@b>", {named("=?utf-8?Q?Al?=", "a", "b")}},
    {"EightBitOctets", "J\xC3\xB6 <j\xC3\xB6@\xC3\xB6.test>", {named("J\xC3\xB6", "j\xC3\xB6", "\xC3\xB6.test")}},
    {"AddressAsItsOwnName", "a@b.test <a@b.test>", {named("a@b.test", "a", "b.test")}},
    // wrong input
    {"Nothing", "", {}},
    {"OnlyFolds", " \r\n\t\r\n", {}},
    {"OnlyCommas", " , ,, ", {}},
    {"WordWithoutHost", "alice", {plain("alice", "")}},
    {"WordsWithoutHost", "alice, bob", {plain("alice", ""), plain("bob", "")}},
    {"MissingCommaBetweenAngles", "A <a@x> B <b@x>", {named("A", "a", "x"), named("B", "b", "x")}},
    {"MissingClosingAngle", "A <a@x, b@x", {named("A", "a", "x"), plain("b", "x")}},
    {"DoubledAngles", "<<a@x>>", {plain("a", "x")}},
    {"EmptyAngles", "A <>", {named("A", "", "")}},
    {"OnlyAt", "@", {plain("", "")}},
    {"TwoAts", "a@b@c", {plain("a", "b"), plain("", "c")}},
    {"MissingLocalPart", "<@example.org>", {{{}, "@example.org", "", ""}}},
    {"UnclosedQuote", "\"Alice <a@x>", {plain("Alice <a@x>", "")}},
    {"UnclosedComment", "a@x (oh", {named("oh", "a", "x")}},
    {"UnclosedLiteral", "a@[1.2", {plain("a", "[1.2")}},
    {"UnopenedComment", ") a@x", {plain("a", "x")}},
    {"UnclosedGroup", "G: a@x", {group("G"), plain("a", "x"), kGroupEnd}},
    {"GroupInAGroup", "G: H: a@x; b@x", {group("G"), plain("a", "x"), kGroupEnd, plain("b", "x")}},
    {"SemicolonBetweenAddresses", "a@x; b@x", {plain("a", "x"), plain("b", "x")}},
    {"BackslashAtTheEnd", "\"a\\", {plain("a\\", "")}},
    {"GarbageAfterTheAddress", "<a@x y z>, b@x", {plain("a", "x"), plain("b", "x")}},
};

TEST(ParseAddressList, ReadsEachCase) {
  for (const auto& c : kCases) EXPECT_EQ(parse_address_list(c.text), c.addresses) << c.name;
}

TEST(ParseAddressList, KeepsNullOctets) {
  using std::string_literals::operator""s;
  EXPECT_EQ(parse_address_list("a\0b@x"s), std::vector{plain("a\0b"s, "x")});
}

TEST(ParseAddressList, StopsAtItsLimitWithTheGroupClosed) {
  EXPECT_EQ(parse_address_list("a@x, b@x, c@x", 2).size(), 2u);
  EXPECT_EQ(parse_address_list("G: a@x, b@x, c@x;", 3), (std::vector{group("G"), plain("a", "x"), kGroupEnd}));
  EXPECT_EQ(parse_address_list("a@x, G: b@x;", 2), std::vector{plain("a", "x")});
  EXPECT_EQ(parse_address_list("a@x, G: b@x;", 3), (std::vector{plain("a", "x"), group("G"), kGroupEnd}));
  EXPECT_TRUE(parse_address_list("a@x", 0).empty());
}

TEST(ParseAddressList, ReadsAMegabyte) {
  std::string text;
  std::size_t count = 0;
  for (; text.size() < 1'000'000; ++count) text += "Alice Example <alice@example.org>,\r\n ";
  EXPECT_EQ(parse_address_list(text, count).size(), count);
  EXPECT_EQ(parse_address_list(text).size(), kAddressesMax);
  EXPECT_EQ(parse_address_list(std::string(1'000'000, '(')).size(), 0u);
  EXPECT_EQ(parse_address_list(std::string(1'000'000, '<')).size(), 1u);
  EXPECT_EQ(parse_address_list(std::string(1'000'000, ':')).size(), 0u);
}

}  // namespace
}  // namespace posthaste::mime
