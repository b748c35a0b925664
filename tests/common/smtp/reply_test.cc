#include "common/smtp/reply.h"

#include <gtest/gtest.h>

#include "common/smtp/ehlo.h"

namespace posthaste::smtp {
namespace {

/// The reply that these lines, without CRLF, are.
std::optional<Reply> read(const std::vector<std::string>& text) {
  std::vector<ReplyLine> lines;
  for (const auto& line : text) {
    auto parsed = parse_reply_line(line);
    if (!parsed) return std::nullopt;
    lines.push_back(*parsed);
  }
  return join_reply(lines);
}

TEST(Reply, IsWrittenWithTheEnhancedCodeOnEachLine) {
  Reply reply{550, {5, 1, 1}, "No such mailbox here"};
  EXPECT_EQ(to_wire(reply), "550 5.1.1 No such mailbox here\r\n");
  reply.lines.emplace_back("Ask the postmaster");
  EXPECT_EQ(to_wire(reply), "550-5.1.1 No such mailbox here\r\n550 5.1.1 Ask the postmaster\r\n");
  EXPECT_EQ(to_wire(Reply{354, "Go ahead"}), "354 Go ahead\r\n");
}

TEST(Reply, KeepsOneLinePerLineWhateverThePeerBroughtIn) {
  EXPECT_EQ(to_wire(Reply{550, "a\r\n250 b\x7f\xc3\xa4"}), "550 a??250 b?\xc3\xa4\r\n");
  EXPECT_EQ(to_wire(Reply{550, {5, 1, 1}, std::string(600, 'x')}), "550 5.1.1 " + std::string(500, 'x') + "\r\n");
}

TEST(Reply, LineIsACodeAndText) {
  EXPECT_EQ(parse_reply_line("250"), (ReplyLine{250, true, ""}));
  EXPECT_EQ(parse_reply_line("250 OK"), (ReplyLine{250, true, "OK"}));
  EXPECT_EQ(parse_reply_line("250-SIZE 1"), (ReplyLine{250, false, "SIZE 1"}));
  EXPECT_EQ(parse_reply_line("571 "), (ReplyLine{571, true, ""}));
  for (const auto* line : {"", "abc", "150 a", "650 a", "050", " 250", "-250", "OK 250"}) {
    EXPECT_EQ(parse_reply_line(line), std::unexpected(ParseError(ParseErrorKind::syntax, 0))) << line;
  }
}

TEST(Reply, LineOfASloppyHostIsTakenByItsFirstDigit) {
  const std::pair<const char*, ReplyLine> kLines[] = {{"250OK", {250, true, "OK"}},
                                                      {"250\tOK", {250, true, "OK"}},
                                                      {"250_a", {250, true, "_a"}},
                                                      {"250: queued", {250, true, ": queued"}},
                                                      {"2500 OK", {250, true, "0 OK"}},
                                                      {"250.", {250, true, "."}},
                                                      {"2", {200, true, "2"}},
                                                      {"25", {200, true, "25"}},
                                                      {"2.0.0 OK", {200, true, "2.0.0 OK"}},
                                                      {"4 later", {400, true, "4 later"}},
                                                      {"5-no", {500, true, "5-no"}},
                                                      {"550-", {550, false, ""}}};
  for (const auto& [line, expected] : kLines) EXPECT_EQ(parse_reply_line(line), expected) << line;
}

TEST(Reply, LinesAreJoinedAndTheEnhancedCodeTakenOut) {
  const auto reply = read({"250-2.1.5 first", "250-2.1.5", "250-second", "250 2.0.0 third"});
  Reply expected{250, {2, 1, 5}, "first"};
  expected.lines.insert(expected.lines.end(), {"", "second", "2.0.0 third"});
  EXPECT_EQ(reply, expected);
  EXPECT_EQ(read({"550 5.1.1"}), Reply(550, {5, 1, 1}, ""));
  EXPECT_EQ(read({"421 4.3.2"}), Reply(421, {4, 3, 2}, ""));
}

TEST(Reply, WhatIsNoEnhancedCodeStaysText) {
  for (const auto* text : {"2.1.0 disagrees", "5.1 short", "5.1.1.1 long", "5.1.1234 wide", "5.1.1-text",
                           "5..1 hole", ".1.1 hole", "x5.1.1 later", "5.1. end", ""}) {
    EXPECT_EQ(read({std::string{"550 "} + text}), Reply(550, text)) << text;
  }
}

TEST(Reply, LastLineDecidesWhenCodesDiffer) {
  Reply taken{250, "queued"};
  taken.lines.insert(taken.lines.begin(), "5.7.1 checked");
  EXPECT_EQ(read({"550-5.7.1 checked", "250 queued"}), taken);
  Reply refused{550, {5, 7, 1}, "spam"};
  refused.lines.insert(refused.lines.begin(), "2.0.0 fine so far");
  EXPECT_EQ(read({"250-2.0.0 fine so far", "550 5.7.1 spam"}), refused);
}

TEST(Reply, LinesThatDoNotBelongTogetherAreNoReply) {
  EXPECT_EQ(join_reply({}), std::nullopt);
  EXPECT_EQ(read({"250-a"}), std::nullopt);
  EXPECT_EQ(read({"250 a", "250 b"}), std::nullopt);
}

TEST(Reply, FirstDigitTellsTheClass) {
  EXPECT_EQ(reply_class(250), ReplyClass::completion);
  EXPECT_EQ(reply_class(354), ReplyClass::intermediate);
  EXPECT_EQ(reply_class(421), ReplyClass::transient);
  EXPECT_EQ(reply_class(554), ReplyClass::permanent);
  EXPECT_TRUE(is_positive(Reply{354, ""}) && !is_positive(Reply{450, ""}) && !is_positive(Reply{550, ""}));
  EXPECT_TRUE(is_transient(Reply{450, ""}) && !is_transient(Reply{250, ""}) && !is_transient(Reply{550, ""}));
  EXPECT_TRUE(is_permanent(Reply{550, ""}) && !is_permanent(Reply{250, ""}) && !is_permanent(Reply{450, ""}));
}

TEST(Ehlo, ReadsEveryKeywordThatWeKnow) {
  const auto reply = read({"250-mail.example.org greets you", "250-PIPELINING", "250-size 52428800", "250-8BITMIME",
                           "250-CHUNKING", "250-BINARYMIME", "250-StartTLS", "250-DSN", "250-SMTPUTF8",
                           "250-ENHANCEDSTATUSCODES", "250-AUTH plain LOGIN", "250-XDELIVERYID", "250 X-OTHER 1"});
  ASSERT_TRUE(reply.has_value());
  const Extensions expected{.pipelining = true,
                            .eight_bit_mime = true,
                            .chunking = true,
                            .binary_mime = true,
                            .start_tls = true,
                            .dsn = true,
                            .smtp_utf8 = true,
                            .enhanced_status_codes = true,
                            .size = true,
                            .size_max_octets = 52428800,
                            .auth_mechanisms = {"PLAIN", "LOGIN"},
                            .private_parameters = true};
  EXPECT_EQ(parse_ehlo(*reply), expected);
}

TEST(Ehlo, PassesOverWhatItDoesNotKnow) {
  EXPECT_EQ(parse_ehlo(*read({"250 PIPELINING"})), Extensions{});  // the greeting is no keyword
  EXPECT_EQ(parse_ehlo(*read({"250-a", "250-PIPELININGS", "250-8BIT", "250-", "250  DSN"})), Extensions{});
}

TEST(Ehlo, SizeWithoutANumberSetsNoLimit) {
  for (const auto* line : {"250 SIZE", "250 SIZE 0", "250 SIZE x", "250 SIZE 99999999999999999999"}) {
    EXPECT_EQ(parse_ehlo(*read({"250-a", line})), Extensions{.size = true}) << line;
  }
}

TEST(Ehlo, OldAuthWithEqualsIsAuth) {
  EXPECT_EQ(parse_ehlo(*read({"250-a", "250 AUTH=LOGIN  PLAIN"})),
            (Extensions{.auth_mechanisms = {"LOGIN", "PLAIN"}}));
  EXPECT_EQ(parse_ehlo(*read({"250-a", "250 AUTH"})), Extensions{});
}

}  // namespace
}  // namespace posthaste::smtp
