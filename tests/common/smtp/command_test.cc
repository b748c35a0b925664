#include "common/smtp/command.h"

#include <gtest/gtest.h>

namespace posthaste::smtp {
namespace {

using enum CommandErrorKind;

std::unexpected<CommandError> fails(CommandErrorKind kind, std::size_t offset) {
  return std::unexpected(CommandError{kind, offset});
}

const ReversePath kAlice = Mailbox{"alice", "example.org"};
const ForwardPath kBob = Mailbox{"bob", "example.com"};

Mail mail_with(auto set) {
  Mail mail{kAlice, {}};
  set(mail.parameters);
  return mail;
}

Rcpt rcpt_with(auto set) {
  Rcpt rcpt{kBob, {}};
  set(rcpt.parameters);
  return rcpt;
}

struct Case {
  const char* name;
  std::string line;
  std::expected<Command, CommandError> command;
};

const Case kCases[] = {
    {"Helo", "HELO mail.example.org", Helo{"mail.example.org"}},
    {"VerbsInAnyCase", "eHlO mail.example.org", Ehlo{"mail.example.org"}},
    {"EhloWithLiteral", "EHLO [192.0.2.1]", Ehlo{"[192.0.2.1]"}},
    {"EhloWithUnderscore", "EHLO MY_PC", Ehlo{"MY_PC"}},
    {"Lhlo", "LHLO localhost", Lhlo{"localhost"}},
    {"EhloWithoutName", "EHLO", fails(syntax, 4)},
    {"EhloWithTwoNames", "EHLO a b", Ehlo{"a b"}},
    {"EhloWithAComment", "EHLO a(b)", Ehlo{"a(b)"}},
    {"EhloOfAPhone", "EHLO Bj\xc3\xb6rn's Phone", Ehlo{"Bj\xc3\xb6rn's Phone"}},
    {"HeloInLatin1", "HELO B\xfcro", Helo{"B\xfcro"}},
    {"EhloWithSpacesAround", "EHLO   mx.example.org\t", Ehlo{"mx.example.org"}},
    {"EhloWithAFinalDot", "EHLO mx.example.org.", Ehlo{"mx.example.org."}},
    {"EhloWithAControl", "EHLO a\x01", fails(syntax, 6)},
    {"EhloTooLong", "EHLO " + std::string(256, 'a'), fails(syntax, 261)},

    {"Mail", "MAIL FROM:<alice@example.org>", Mail{kAlice, {}}},
    {"MailOfANotification", "MAIL FROM:<>", Mail{}},
    {"MailInLowerCase", "mail from:<alice@example.org>", Mail{kAlice, {}}},
    {"MailWithASpaceBeforeThePath", "MAIL FROM: <alice@example.org>", Mail{kAlice, {}}},
    {"MailWithSpacesAtTheEnd", "MAIL FROM:<alice@example.org> \t ", Mail{kAlice, {}}},
    {"MailWithSize", "MAIL FROM:<alice@example.org> SIZE=500000", mail_with([](auto& p) { p.size = 500000; })},
    {"MailWithSeveralParameters", "MAIL FROM:<alice@example.org> size=1  Body=8bitMIME RET=HDRS ENVID=QQ314159",
     mail_with([](auto& p) {
       p.size = 1;
       p.body = Body::eight_bit_mime;
       p.ret = Return::headers;
       p.envid = "QQ314159";
     })},
    {"MailWithBinaryBody", "MAIL FROM:<alice@example.org> BODY=BINARYMIME RET=FULL", mail_with([](auto& p) {
       p.body = Body::binary_mime;
       p.ret = Return::full;
     })},
    {"MailWithEncodedEnvid", "MAIL FROM:<alice@example.org> BODY=7BIT ENVID=a+2Bb+20c", mail_with([](auto& p) {
       p.body = Body::seven_bit;
       p.envid = "a+b c";
     })},
    {"MailWithAuth", "MAIL FROM:<alice@example.org> AUTH=e+3Dmc2@example.com", mail_with([](auto& p) {
       p.auth = Mailbox{"e=mc2", "example.com"};
     })},
    {"MailWithUnknownSubmitter", "MAIL FROM:<alice@example.org> AUTH=<>",
     mail_with([](auto& p) { p.auth = ReversePath{}; })},
    {"MailWithUtf8", "MAIL FROM:<\xc3\xa4@example.org> SMTPUTF8",
     Mail{Mailbox{"\xc3\xa4", "example.org"}, {.smtp_utf8 = true}}},
    {"MailWithBracketInAQuotedString", R"(MAIL FROM:<"a> b\""@example.org> SIZE=1)",
     Mail{Mailbox{R"(a> b")", "example.org"}, {.size = 1}}},
    {"MailWithSourceRoute", "MAIL FROM:<@a.example:alice@example.org>", Mail{kAlice, {}}},

    {"MailWithoutAnything", "MAIL", fails(syntax, 4)},
    {"MailWithoutFrom", "MAIL <alice@example.org>", fails(syntax, 5)},
    {"MailTo", "MAIL TO:<alice@example.org>", fails(syntax, 5)},
    {"MailWithoutPath", "MAIL FROM:", fails(bad_sender_address, 10)},
    {"MailWithoutBrackets", "MAIL FROM:alice@example.org", Mail{kAlice, {}}},
    {"MailWithoutBracketsButParameters", "MAIL FROM:alice@example.org SIZE=1",
     mail_with([](auto& p) { p.size = 1; })},
    {"MailWithoutBracketsButOthers", "MAIL FROM:alice@example.org AUTH=<>",
     mail_with([](auto& p) { p.auth = ReversePath{}; })},
    {"MailWithoutOneBracket", "MAIL FROM:<alice@example.org SIZE=1", fails(bad_sender_address, 28)},
    {"MailWithTwoSpacesBeforeThePath", "MAIL FROM:  <alice@example.org>", Mail{kAlice, {}}},
    {"MailWithSpaceBeforeTheColon", "MAIL FROM :<alice@example.org>", Mail{kAlice, {}}},
    {"MailWithSpacesEverywhere", "MAIL \t FROM : \t <alice@example.org> \t SIZE=1\tBODY=8BITMIME",
     mail_with([](auto& p) {
       p.size = 1;
       p.body = Body::eight_bit_mime;
     })},
    {"MailWithoutColon", "MAIL FROM <alice@example.org>", fails(syntax, 10)},
    {"MailWithParameterAtThePath", "MAIL FROM:<alice@example.org>SIZE=1", fails(syntax, 29)},
    {"MailWithTwoPaths", "MAIL FROM:<alice@example.org> <bob@example.org>", fails(bad_parameter, 30)},
    {"MailWithDotlessEnd", "MAIL FROM:<alice@example..org>", fails(bad_sender_address, 25)},
    {"MailWithUtf8Unannounced", "MAIL FROM:<\xc3\xa4@example.org>", fails(utf8_not_announced, 11)},
    {"MailWithWrongUtf8", "MAIL FROM:<\xe4@example.org> SMTPUTF8", fails(bad_sender_address, 11)},
    {"MailWithUnknownParameter", "MAIL FROM:<alice@example.org> FOO=1", fails(unsupported_parameter, 30)},
    {"MailWithUnknownKeyword", "MAIL FROM:<alice@example.org> SIZE=1 FOO", fails(unsupported_parameter, 37)},
    {"MailWithPrivateParameterFromAStranger", "MAIL FROM:<alice@example.org> XTRACE=a",
     fails(unsupported_parameter, 30)},
    {"MailWithRcptsParameter", "MAIL FROM:<alice@example.org> NOTIFY=NEVER", fails(unsupported_parameter, 30)},
    {"MailWithSizeTwice", "MAIL FROM:<alice@example.org> SIZE=1 size=1", fails(bad_parameter, 37)},
    {"MailWithEmptySize", "MAIL FROM:<alice@example.org> SIZE=", fails(bad_parameter, 30)},
    {"MailWithSizeAlone", "MAIL FROM:<alice@example.org> SIZE", fails(bad_parameter, 30)},
    {"MailWithNegativeSize", "MAIL FROM:<alice@example.org> SIZE=-1", fails(bad_parameter, 30)},
    {"MailWithSizeBeyond64Bits", "MAIL FROM:<alice@example.org> SIZE=99999999999999999999",
     fails(bad_parameter, 30)},
    {"MailWithUnknownBody", "MAIL FROM:<alice@example.org> BODY=9BIT", fails(bad_parameter, 30)},
    {"MailWithUnknownRet", "MAIL FROM:<alice@example.org> RET=ALL", fails(bad_parameter, 30)},
    {"MailWithUtf8AndValue", "MAIL FROM:<alice@example.org> SMTPUTF8=1", fails(bad_parameter, 30)},
    {"MailWithLineBreakInEnvid", "MAIL FROM:<alice@example.org> ENVID=a+0D+0Ab", fails(bad_parameter, 30)},
    {"MailWithEnvidOf101", "MAIL FROM:<alice@example.org> ENVID=" + std::string(101, 'x'),
     fails(bad_parameter, 30)},
    {"MailWithWrongAuth", "MAIL FROM:<alice@example.org> AUTH=alice", fails(bad_parameter, 30)},
    {"MailWithTwoEquals", "MAIL FROM:<alice@example.org> ENVID=a=b", fails(bad_parameter, 30)},
    {"MailWithHyphenFirst", "MAIL FROM:<alice@example.org> -SIZE=1", fails(bad_parameter, 30)},
    {"MailWithTabBetween", "MAIL FROM:<alice@example.org>\tSIZE=1", mail_with([](auto& p) { p.size = 1; })},
    {"MailTooLong", "MAIL FROM:<>" + std::string(2547, ' '), fails(line_too_long, 2560)},

    {"Rcpt", "RCPT TO:<bob@example.com>", Rcpt{kBob, {}}},
    {"RcptWithASpaceBeforeThePath", "rcpt to: <bob@example.com>", Rcpt{kBob, {}}},
    {"RcptToThePostmaster", "RCPT TO:<postMaster>", Rcpt{LocalPostmaster{}, {}}},
    {"RcptNotifyNever", "RCPT TO:<bob@example.com> NOTIFY=NEVER", rcpt_with([](auto& p) { p.notify = Notify{}; })},
    {"RcptNotifyAll", "RCPT TO:<bob@example.com> NOTIFY=SUCCESS,FAILURE,delay", rcpt_with([](auto& p) {
       p.notify = Notify{true, true, true};
     })},
    {"RcptWithOrcpt", "RCPT TO:<bob@example.com> NOTIFY=FAILURE ORCPT=rfc822;Bob+2Bx@Example.COM",
     rcpt_with([](auto& p) {
       p.notify = Notify{.failure = true};
       p.orcpt = OriginalRecipient{"rfc822", "Bob+x@Example.COM"};
     })},
    {"RcptWithUtf8Orcpt", R"(RCPT TO:<bob@example.com> ORCPT=utf-8;\x{E4}@example.org)", rcpt_with([](auto& p) {
       p.orcpt = OriginalRecipient{"utf-8", "\xc3\xa4@example.org"};
     })},

    {"RcptToNobody", "RCPT TO:<>", fails(bad_recipient_address, 9)},
    {"RcptWithoutBrackets", "RCPT TO:bob@example.com", Rcpt{kBob, {}}},
    {"RcptWithoutBracketsButParameters", "rcpt to : bob@example.com NOTIFY=NEVER",
     rcpt_with([](auto& p) { p.notify = Notify{}; })},
    {"RcptFrom", "RCPT FROM:<bob@example.com>", fails(syntax, 5)},
    {"RcptWithoutDomain", "RCPT TO:<bob>", fails(bad_recipient_address, 12)},
    {"RcptWithUtf8Unannounced",
     "RCPT TO:<b\xc3\xb6"
     "b@example.com>",
     fails(utf8_not_announced, 10)},
    {"RcptWithSize", "RCPT TO:<bob@example.com> SIZE=1", fails(unsupported_parameter, 26)},
    {"RcptWithNeverAndMore", "RCPT TO:<bob@example.com> NOTIFY=NEVER,DELAY", fails(bad_parameter, 26)},
    {"RcptWithEmptyEvent", "RCPT TO:<bob@example.com> NOTIFY=DELAY,", fails(bad_parameter, 26)},
    {"RcptNotifyAlone", "RCPT TO:<bob@example.com> NOTIFY", fails(bad_parameter, 26)},
    {"RcptOrcptWithoutType", "RCPT TO:<bob@example.com> ORCPT=bob@example.com", fails(bad_parameter, 26)},
    {"RcptOrcptWithoutAddress", "RCPT TO:<bob@example.com> ORCPT=rfc822;", fails(bad_parameter, 26)},
    {"RcptOrcptWithLineBreak", "RCPT TO:<bob@example.com> ORCPT=rfc822;a+0Ab", fails(bad_parameter, 26)},
    {"RcptOrcptUtf8WithLineBreak", R"(RCPT TO:<bob@example.com> ORCPT=utf-8;a\x{0A}b)", fails(bad_parameter, 26)},
    {"RcptOrcptTooLong", "RCPT TO:<bob@example.com> ORCPT=rfc822;" + std::string(494, 'x'),
     fails(bad_parameter, 26)},

    {"Data", "DATA", Data{}},
    {"DataWithSpacesAtTheEnd", "data  ", Data{}},
    {"DataWithArgument", "DATA now", fails(syntax, 5)},
    {"Bdat", "BDAT 1000", Bdat{1000, false}},
    {"BdatLast", "BDAT 0 last", Bdat{0, true}},
    {"BdatWithSpaces", "BDAT  10 \t LAST ", Bdat{10, true}},
    {"BdatWithoutSize", "BDAT", fails(bad_chunk_size, 4)},
    {"BdatLastAlone", "BDAT LAST", fails(bad_chunk_size, 5)},
    {"BdatNegative", "BDAT -1", fails(bad_chunk_size, 5)},
    {"BdatInHex", "BDAT 0x10 LAST", fails(bad_chunk_size, 5)},
    {"BdatBeyond64Bits", "BDAT 18446744073709551616", fails(bad_chunk_size, 5)},
    {"BdatWithOtherWord", "BDAT 1 FIRST", fails(bad_chunk_size, 5)},
    {"BdatWithTwoSizes", "BDAT 1 2 LAST", fails(bad_chunk_size, 5)},
    {"BdatInALongLine", "BDAT 1" + std::string(600, ' '), fails(bad_chunk_size, 512)},
    {"Rset", "RSET", Rset{}},
    {"RsetWithArgument", "RSET x", fails(syntax, 5)},
    {"Noop", "NOOP", Noop{}},
    {"NoopWithAnything", "NOOP any \x01 thing", Noop{}},
    {"Vrfy", "VRFY Smith", Vrfy{"Smith", false}},
    {"VrfyWithUtf8", "VRFY \xc3\xa4 SMTPUTF8", Vrfy{"\xc3\xa4", true}},
    {"VrfyWithUtf8Unannounced", "VRFY \xc3\xa4", fails(utf8_not_announced, 5)},
    {"VrfyWithWrongUtf8", "VRFY \xe4 SMTPUTF8", fails(syntax, 5)},
    {"VrfyOfNobody", "VRFY", fails(syntax, 4)},
    {"VrfyWithControl", "VRFY a\x01", fails(syntax, 5)},
    {"Expn", "EXPN staff-list", Expn{"staff-list", false}},
    {"Help", "HELP", Help{}},
    {"HelpOnMail", "HELP MAIL", Help{"MAIL"}},
    {"Quit", "QUIT", Quit{}},
    {"QuitWithArgument", "QUIT now", fails(syntax, 5)},
    {"StartTls", "starttls", StartTls{}},
    {"StartTlsWithArgument", "STARTTLS x", fails(syntax, 9)},
    {"AuthAlone", "AUTH CRAM-MD5", Auth{"CRAM-MD5", std::nullopt}},
    {"AuthWithResponse", "AUTH plain AHRpbQB0YW5zdGFhZnRhbnN0YWFm", Auth{"PLAIN", "AHRpbQB0YW5zdGFhZnRhbnN0YWFm"}},
    {"AuthWithEmptyResponse", "AUTH EXTERNAL =", Auth{"EXTERNAL", "="}},
    {"AuthWithLongResponse", "AUTH PLAIN " + std::string(12000, 'A'), Auth{"PLAIN", std::string(12000, 'A')}},
    {"AuthTooLong", "AUTH PLAIN " + std::string(12276, 'A'), fails(line_too_long, 12288)},
    {"AuthWithoutMechanism", "AUTH", fails(syntax, 4)},
    {"AuthWithThreeWords", "AUTH PLAIN a b", fails(syntax, 11)},
    {"AuthWithMechanismOf21", "AUTH ABCDEFGHIJKLMNOPQRSTU", fails(syntax, 5)},
    {"AuthWithSlash", "AUTH PL/AIN", fails(syntax, 5)},

    {"Nothing", "", fails(unknown_command, 0)},
    {"SpacesAlone", "   ", fails(unknown_command, 0)},
    {"SpaceFirst", " QUIT", fails(unknown_command, 0)},
    {"UnknownVerb", "XYZZY plugh", fails(unknown_command, 0)},
    {"HttpRequest", "POST / HTTP/1.1", fails(http_request, 0)},
    {"VerbTooShort", "QUI", fails(unknown_command, 0)},
    {"VerbTooLong", "QUITE", fails(unknown_command, 0)},
    {"VerbAndTab", "MAIL\tFROM:<>", Mail{}},
    {"NulInTheVerb", std::string{"QUIT\0", 5}, fails(unknown_command, 0)},
    {"EightBitVerb", "\xffQUIT", fails(unknown_command, 0)},
    {"LineOf512Octets", "NOOP " + std::string(505, 'x'), Noop{}},
    {"LineOf513Octets", "NOOP " + std::string(506, 'x'), fails(line_too_long, 512)},
};

TEST(Command, LineBecomesACommandOrOneKindOfError) {
  for (const auto& test : kCases) {
    const auto command = parse_command(test.line);
    EXPECT_EQ(command, test.command) << test.name
                                     << (command ? "" : " offset " + std::to_string(command.error().offset));
  }
}

TEST(Command, WhatIsPrintedParsesToTheSame) {
  for (const auto& test : kCases) {
    if (!test.command) continue;
    EXPECT_EQ(parse_command(to_line(*test.command)), test.command) << test.name;
  }
}

TEST(Command, PrintsAsTheRfcsDo) {
  const Mail mail{ReversePath{},
                  {.size = 12, .body = Body::eight_bit_mime, .ret = Return::headers, .envid = "a b"}};
  EXPECT_EQ(to_line(mail), "MAIL FROM:<> SIZE=12 BODY=8BITMIME RET=HDRS ENVID=a+20b");
  const Rcpt rcpt{kBob, {Notify{.success = true, .delay = true}, OriginalRecipient{"rfc822", "b=b@example.com"}}};
  EXPECT_EQ(to_line(rcpt), "RCPT TO:<bob@example.com> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b+3Db@example.com");
  EXPECT_EQ(to_line(Bdat{86, true}), "BDAT 86 LAST");
}

TEST(Command, RecipientsMayHoldUtf8AfterMailWithSmtpUtf8) {
  const CommandOptions options{.recipient_utf8 = Utf8::allowed};
  const Command rcpt = Rcpt{Mailbox{"b\xc3\xb6"
                                    "b",
                                    "example.com"},
                            {.orcpt = OriginalRecipient{"utf-8", "\xc3\xb6@example.com"}}};
  EXPECT_EQ(parse_command("RCPT TO:<b\xc3\xb6"
                          "b@example.com> ORCPT=utf-8;\xc3\xb6@example.com",
                          options),
            rcpt);
  EXPECT_EQ(parse_command("RCPT TO:<b\xf6@example.com>", options), fails(bad_recipient_address, 10));
  EXPECT_EQ(parse_command("RCPT TO:<bob@example.com> ORCPT=rfc822;\xc3\xb6", options), fails(bad_parameter, 26));
}

TEST(Command, PrivateParametersAreTakenFromOurOwnDaemons) {
  const CommandOptions options{.private_parameters = PrivateParameters::allowed};
  const auto line = "MAIL FROM:<> XDELIVERYID=000102030405060708090a0b0c0d0e0f XTRACE=Ab-9_";
  const auto command = parse_command(line, options);
  ASSERT_TRUE(command.has_value());
  const auto& parameters = std::get<Mail>(*command).parameters;
  EXPECT_EQ(parameters.delivery_id, parse_delivery_id("000102030405060708090a0b0c0d0e0f"));
  EXPECT_EQ(parameters.trace_id, "Ab-9_");
  EXPECT_EQ(to_line(*command), line);
  EXPECT_EQ(parse_command("MAIL FROM:<> XDELIVERYID=00", options), fails(bad_parameter, 13));
  EXPECT_EQ(parse_command("MAIL FROM:<> XTRACE=a.b", options), fails(bad_parameter, 13));
  EXPECT_EQ(parse_command("MAIL FROM:<> XTRACE", options), fails(bad_parameter, 13));
  EXPECT_EQ(parse_command("MAIL FROM:<> XOTHER=1", options), fails(unsupported_parameter, 13));
}

}  // namespace
}  // namespace posthaste::smtp
