#include "common/pop3/command.h"

#include <gtest/gtest.h>

namespace posthaste::pop3 {
namespace {

using enum CommandError;

std::unexpected<CommandError> fails(CommandError error) { return std::unexpected(error); }

const std::string kDigest = "c4c9334bac560ecc979e58001b3e22fb";  // RFC 1939 §7

struct Case {
  const char* name;
  std::string line;
  std::expected<Command, CommandError> command;
};

const Case kCases[] = {
    {"User", "USER frated", User{"frated"}},
    {"UserInAnyCase", "uSeR frated", User{"frated"}},
    {"UserWithSpace", "USER fra ted", User{"fra ted"}},
    {"UserInUtf8", "USER \xc3\xa4@example.org", User{"\xc3\xa4@example.org"}},
    {"UserWithSpacesAtTheEnd", "USER frated  ", User{"frated"}},
    {"Pass", "PASS secret", Pass{"secret"}},
    {"PassKeepsItsSpaces", "pass  a b ", Pass{" a b "}},
    {"PassOfASpace", "PASS  ", Pass{" "}},
    {"Apop", "APOP mrose " + kDigest, Apop{"mrose", kDigest}},
    {"AuthAlone", "AUTH", Auth{}},
    {"AuthMechanism", "AUTH plain", Auth{"PLAIN", std::nullopt}},
    {"AuthWithResponse", "AUTH PLAIN dGVzdAB0ZXN0AHRlc3Q=", Auth{"PLAIN", "dGVzdAB0ZXN0AHRlc3Q="}},
    {"AuthWithEmptyResponse", "AUTH EXTERNAL =", Auth{"EXTERNAL", "="}},
    {"AuthWithLongResponse", "AUTH PLAIN " + std::string(12000, 'A'), Auth{"PLAIN", std::string(12000, 'A')}},
    {"Capa", "CAPA", Capa{}},
    {"Stls", "STLS", Stls{}},
    {"Stat", "STAT", Stat{}},
    {"StatWithTabAtTheEnd", "STAT\t", Stat{}},
    {"ListAll", "LIST", List{}},
    {"ListOne", "LIST 2", List{MessageNumber{2}}},
    {"UidlAll", "UIDL ", Uidl{}},
    {"UidlOne", "UIDL 4294967295", Uidl{MessageNumber{4294967295}}},
    {"Retr", "RETR 1", Retr{MessageNumber{1}}},
    {"Top", "TOP 1 10", Top{MessageNumber{1}, 10}},
    {"TopOfTheHeaderAlone", "TOP 1 0", Top{MessageNumber{1}, 0}},
    {"Dele", "DELE 1", Dele{MessageNumber{1}}},
    {"Noop", "NOOP", Noop{}},
    {"Rset", "RSET", Rset{}},
    {"Quit", "quit", Quit{}},
    {"Utf8", "UTF8", Utf8{}},
    {"LangList", "LANG", Lang{}},
    {"LangSpecial", "LANG *", Lang{"*"}},
    {"LangRange", "LANG en-boont", Lang{"en-boont"}},
    {"LineOf255Octets", "USER " + std::string(248, 'u'), User{std::string(248, 'u')}},

    {"Nothing", "", fails(unknown_command)},
    {"SpaceFirst", " QUIT", fails(unknown_command)},
    {"Unknown", "XTND XMIT", fails(unknown_command)},
    {"TooShort", "QUI", fails(unknown_command)},
    {"TooLong", "QUITS", fails(unknown_command)},
    {"TabBetween", "RETR\t1", fails(unknown_command)},
    {"NulInTheKeyword", std::string{"QUIT\0", 5}, fails(unknown_command)},
    {"LineOf256Octets", "USER " + std::string(249, 'u'), fails(line_too_long)},
    {"PassOf256Octets", "PASS " + std::string(249, ' '), fails(line_too_long)},
    {"AuthLineTooLong", "AUTH PLAIN " + std::string(12276, 'A'), fails(line_too_long)},
    {"UserWithoutName", "USER", fails(syntax)},
    {"UserOfSpaces", "USER  ", fails(syntax)},
    {"UserWithNul", std::string{"USER a\0b", 8}, fails(syntax)},
    {"UserInLatin1", "USER \xe4@example.org", fails(not_utf8)},
    {"PassWithoutPassword", "PASS", fails(syntax)},
    {"PassEmpty", "PASS ", fails(syntax)},
    {"PassWithControl", "PASS a\x07", fails(syntax)},
    {"PassInLatin1", "PASS \xe4", fails(not_utf8)},
    {"ApopWithoutDigest", "APOP mrose", fails(syntax)},
    {"ApopWithShortDigest", "APOP mrose " + kDigest.substr(1), fails(syntax)},
    {"ApopWithWrongDigit", "APOP mrose g" + kDigest.substr(1), fails(syntax)},
    {"ApopWithoutName", "APOP " + kDigest, fails(syntax)},
    {"AuthWithThreeWords", "AUTH PLAIN a b", fails(syntax)},
    {"AuthWithWrongMechanism", "AUTH PL/AIN", fails(syntax)},
    {"AuthWithMechanismOf21", "AUTH ABCDEFGHIJKLMNOPQRSTU", fails(syntax)},
    {"CapaWithArgument", "CAPA x", fails(syntax)},
    {"StatWithNumber", "STAT 1", fails(syntax)},
    {"ListZero", "LIST 0", fails(bad_message_number)},
    {"ListNegative", "LIST -1", fails(bad_message_number)},
    {"ListTwo", "LIST 1 2", fails(bad_message_number)},
    {"UidlWord", "UIDL one", fails(bad_message_number)},
    {"RetrWithoutNumber", "RETR", fails(syntax)},
    {"RetrBeyond32Bits", "RETR 4294967296", fails(bad_message_number)},
    {"RetrHexadecimal", "RETR 0x1", fails(bad_message_number)},
    {"RetrWithTwoSpaces", "RETR  1", fails(bad_message_number)},
    {"DeleAll", "DELE *", fails(bad_message_number)},
    {"TopWithoutLines", "TOP 1", fails(syntax)},
    {"TopZero", "TOP 0 1", fails(bad_message_number)},
    {"TopNegativeLines", "TOP 1 -1", fails(syntax)},
    {"TopThreeNumbers", "TOP 1 1 1", fails(syntax)},
    {"Utf8WithArgument", "UTF8 on", fails(syntax)},
    {"LangWithTwo", "LANG en de", fails(syntax)},
    {"LangWithEmptyPart", "LANG en-", fails(syntax)},
    {"LangWithDigitFirst", "LANG 1en", fails(syntax)},
    {"LangWithLongPart", "LANG abcdefghi", fails(syntax)},
};

TEST(Command, LineBecomesACommandOrOneKindOfError) {
  for (const auto& test : kCases) EXPECT_EQ(parse_command(test.line), test.command) << test.name;
}

TEST(Command, WhatIsPrintedParsesToTheSame) {
  for (const auto& test : kCases) {
    if (!test.command) continue;
    EXPECT_EQ(parse_command(to_line(*test.command)), test.command) << test.name;
  }
}

}  // namespace
}  // namespace posthaste::pop3
