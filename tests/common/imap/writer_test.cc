#include "common/imap/writer.h"

#include <gtest/gtest.h>

namespace posthaste::imap {
namespace {

template <typename Write>
std::string written(Write write, MailboxEncoding encoding = MailboxEncoding::modified_utf7) {
  std::string out;
  ResponseWriter writer(out, encoding);
  write(writer);
  return out;
}

TEST(ResponseWriter, ChoosesBetweenQuotedAndLiteral) {
  struct Case {
    std::string text;
    std::string expected;
  };
  const std::string longest(kQuotedMaxOctets, 'x');
  const Case kCases[] = {
      {"", "\"\""},
      {"plain text", "\"plain text\""},
      {"NIL", "\"NIL\""},
      {"a\"b\\c", "\"a\\\"b\\\\c\""},
      {"{3}", "\"{3}\""},
      {"a\r\nb", "{4}\r\na\r\nb"},
      {"a\tb", "{3}\r\na\tb"},
      {"gr\xc3\xbc\xc3\x9f", "{6}\r\ngr\xc3\xbc\xc3\x9f"},
      {std::string("a\0b", 3),
       "{3}\r\na\x80"
       "b"},
      {longest, "\"" + longest + "\""},
      {longest + "x", "{1025}\r\n" + longest + "x"},
  };
  for (const auto& test : kCases) {
    EXPECT_EQ(written([&](ResponseWriter& writer) { writer.string(test.text); }), test.expected);
  }
}

TEST(ResponseWriter, WritesNilForNothing) {
  EXPECT_EQ(written([](ResponseWriter& writer) { writer.nstring(std::nullopt); }), "NIL");
  EXPECT_EQ(written([](ResponseWriter& writer) { writer.nstring(std::string()); }), "\"\"");
}

TEST(ResponseWriter, WritesAstringsAsAtomsWhenTheyCanBe) {
  auto astring = [](std::string_view text) {
    return written([text](ResponseWriter& writer) { writer.astring(text); });
  };
  EXPECT_EQ(astring("INBOX"), "INBOX");
  EXPECT_EQ(astring("a]b"), "a]b");
  EXPECT_EQ(astring(""), "\"\"");
  EXPECT_EQ(astring("nil"), "\"nil\"");
  EXPECT_EQ(astring("a b"), "\"a b\"");
  EXPECT_EQ(astring("a(b"), "\"a(b\"");
  EXPECT_EQ(astring("a%"), "\"a%\"");
  EXPECT_EQ(astring("a\nb"), "{3}\r\na\nb");
}

TEST(ResponseWriter, WritesMailboxNamesAsTheyTravel) {
  auto mailbox = [](std::string_view name, MailboxEncoding encoding) {
    return written([name](ResponseWriter& writer) { writer.mailbox(name); }, encoding);
  };
  EXPECT_EQ(mailbox("Entw\u00fcrfe", MailboxEncoding::modified_utf7), "Entw&APw-rfe");
  EXPECT_EQ(mailbox("Entw\u00fcrfe", MailboxEncoding::utf8), "\"Entw\u00fcrfe\"");
  EXPECT_EQ(mailbox("Sent & more", MailboxEncoding::modified_utf7), "\"Sent &- more\"");
  EXPECT_EQ(mailbox("Sent & more", MailboxEncoding::utf8), "\"Sent & more\"");
  EXPECT_EQ(mailbox("INBOX", MailboxEncoding::utf8), "INBOX");
}

TEST(ResponseWriter, WritesAnyOctetInALiteral8) {
  EXPECT_EQ(written([](ResponseWriter& writer) { writer.literal8(std::string_view("a\0b", 3)); }),
            std::string("~{3}\r\na\0b", 9));
}

TEST(ResponseWriter, WritesAFetchResponse) {
  const auto line = written([](ResponseWriter& writer) {
    writer.raw("* ");
    writer.number(23);
    writer.raw(" FETCH ");
    writer.open();
    writer.raw("FLAGS ");
    writer.flags({{SystemFlag::seen}, {"$Forwarded"}});
    writer.raw(" UID ");
    writer.number(4827313);
    writer.raw(" MODSEQ ");
    writer.open();
    writer.number(18446744073709551615U);
    writer.close();
    writer.space();
    writer.nil();
    writer.close();
    writer.crlf();
  });
  EXPECT_EQ(line, "* 23 FETCH (FLAGS (\\Seen $Forwarded) UID 4827313 MODSEQ (18446744073709551615) NIL)\r\n");
}

TEST(ResponseWriter, WritesUidsAndDates) {
  const std::vector<Uid> uids{Uid{304}, Uid{319}, Uid{320}};
  EXPECT_EQ(written([&](ResponseWriter& writer) { writer.uids(uids); }), "304,319:320");
  EXPECT_EQ(written([](ResponseWriter& writer) { writer.date_time({{}, std::chrono::minutes{-90}}); }),
            "\"31-Dec-1969 22:30:00 -0130\"");
}

}  // namespace
}  // namespace posthaste::imap
