#include "common/mime/ascii_header.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "common/base/octets.h"
#include "common/mime/content.h"
#include "common/mime/encoded_word.h"
#include "common/mime/header.h"

namespace posthaste::mime {
namespace {

struct Case {
  const char* name;
  std::string message;
  std::string surrogate;
};

const Case kCases[] = {
    {"Ascii", "Subject: hello  there \r\n\r\nbody \xff\r\n", "Subject: hello  there \r\n\r\nbody \xff\r\n"},
    {"BareLineFeeds", "Subject: a\n\nb\u00fc\n", "Subject: a\n\nb\u00fc\n"},
    {"NoHeader", "\r\nb\u00fc\r\n", "\r\nb\u00fc\r\n"},
    {"NoHeaderBareLineFeed", "\nb\u00fc\n\r\n", "\nb\u00fc\n\r\n"},
    {"Empty", "", ""},
    {"NoEnd", "Subject: a ", "Subject: a "},
    {"OneWord", "Subject: caf\u00e9\r\n\r\n", "Subject: =?utf-8?q?caf=C3=A9?=\r\n\r\n"},
    {"OneWordAtTheEnd", "Subject: caf\u00e9", "Subject: =?utf-8?q?caf=C3=A9?="},
    {"AsciiBetween", "Subject: \u00fc and \u00e4 b\r\n\r\n",
     "Subject: =?utf-8?q?=C3=BC?= and =?utf-8?q?=C3=A4?= b\r\n\r\n"},
    {"SpaceBetweenTwoIsKept", "Subject: \u00fc  \u00e4\r\n\r\n",
     "Subject: =?utf-8?q?=C3=BC?= =?utf-8?q?__=C3=A4?=\r\n\r\n"},
    {"SpaceAtAFoldIsKept", "Subject: \u00fc\r\n \u00e4\r\n\r\n",
     "Subject: =?utf-8?q?=C3=BC?=\r\n =?utf-8?q?_=C3=A4?=\r\n\r\n"},
    {"SpaceBehindAnEncodedWordIsKept", "Subject: =?iso-8859-1?q?caf=E9?= n\u00e9 ok\r\n\r\n",
     "Subject: =?iso-8859-1?q?caf=E9?= =?utf-8?q?_n=C3=A9?= ok\r\n\r\n"},
    {"SpaceBeforeAnEncodedWordIsKept", "Subject: n\u00e9 =?iso-8859-1?q?caf=E9?= ok\r\n\r\n",
     "Subject: =?utf-8?q?n=C3=A9?= =?utf-8?q?_?= =?iso-8859-1?q?caf=E9?= ok\r\n\r\n"},
    {"SpaceBetweenEncodedWordsStaysHidden", "Subject: =?utf-8?q?a?= =?utf-8?q?b?= n\u00e9\r\n\r\n",
     "Subject: =?utf-8?q?a?= =?utf-8?q?b?= =?utf-8?q?_n=C3=A9?=\r\n\r\n"},
    {"AnEncodedWordInAComment", "Date: x (=?utf-8?q?a?= \u00fc)\r\n\r\n",
     "Date: x (=?utf-8?q?a?= =?utf-8?q?_=C3=BC?=)\r\n\r\n"},
    {"AnEncodedWordInAPhrase", "From: =?utf-8?q?J=C3=B6rg?= M\u00fcller <a@b.example>\r\n\r\n",
     "From: =?utf-8?q?J=C3=B6rg_M=C3=BCller?= <a@b.example>\r\n\r\n"},
    {"AnEncodedWordInAKeyword", "Keywords: =?utf-8?q?a=C3=B6?= \u00fc, b\r\n\r\n",
     "Keywords: =?utf-8?q?a=C3=B6_=C3=BC?=, b\r\n\r\n"},
    {"AnEncodedWordBeforeAnAddressWithoutAForm", "To: =?utf-8?q?J=C3=B6rg?= <\u00fc@b.example>\r\n\r\n",
     "To: =?utf-8?q?J=C3=B6rg?= =?utf-8?q?_=C3=BC=40b=2Eexample?= :;\r\n\r\n"},
    {"WhatOnlyLooksLikeAnEncodedWord", "Subject: =?a?= n\u00e9\r\n\r\n",
     "Subject: =?a?= =?utf-8?q?n=C3=A9?=\r\n\r\n"},
    {"Latin1", "Subject: caf\xe9\r\n\r\n", "Subject: =?unknown-8bit?q?caf=E9?=\r\n\r\n"},
    {"LongWordIsCutBetweenCharacters", "Subject: \u3042\u3044\u3046\u3048\u304a\u304b\u304d\r\n\r\n",
     "Subject: =?utf-8?q?=E3=81=82=E3=81=84=E3=81=86=E3=81=88=E3=81=8A?=\r\n"
     " =?utf-8?q?=E3=81=8B=E3=81=8D?=\r\n\r\n"},
    {"OtherFieldsStay", "A:\tb \r\n c\r\nSubject: \u00fc\r\nnonsense\r\nD: \"e\r\n\r\n",
     "A:\tb \r\n c\r\nSubject: =?utf-8?q?=C3=BC?=\r\nnonsense\r\nD: \"e\r\n\r\n"},

    // RFC 6857 §3.1.1: words are parted by white space alone (RFC 2047 §5 (1)).
    {"PunctuationIsPartOfTheWord", "Subject: (caf\u00e9), \"\u00fc\"!\r\n\r\n",
     "Subject: =?utf-8?q?=28caf=C3=A9=29=2C?= =?utf-8?q?_=22=C3=BC=22!?=\r\n\r\n"},
    {"UnknownFieldsAreUnstructured", "X-Note: <\u00fc@x>\r\n\r\n", "X-Note: =?utf-8?q?=3C=C3=BC=40x=3E?=\r\n\r\n"},
    {"NoField", "caf\u00e9\r\n\r\n", "=?utf-8?q?caf=C3=A9?=\r\n\r\n"},
    {"NameOfAField", "\u00fc: a\r\n\r\n", "=?utf-8?q?=C3=BC=3A?= a\r\n\r\n"},

    // RFC 6857 §3.2.1.
    {"DisplayName", "From: J\u00f6rg M\u00fcller <a@example.org>\r\n\r\n",
     "From: =?utf-8?q?J=C3=B6rg_M=C3=BCller?= <a@example.org>\r\n\r\n"},
    {"NoEncodedWordInAQuotedString", "To: \"J\u00f6rg, \\\"a\\\"\" <a@example.org>\r\n\r\n",
     "To: =?utf-8?q?J=C3=B6rg=2C_=22a=22?= <a@example.org>\r\n\r\n"},
    {"NoEncodedWordInAnAddress", "From: J\u00f6rg <j\u00f6rg@example.org>\r\n\r\n",
     "From: =?utf-8?q?J=C3=B6rg?= =?utf-8?q?_j=C3=B6rg=40example=2E?=\r\n =?utf-8?q?org?= :;\r\n\r\n"},
    {"AddressWithoutBrackets", "Cc: \u00fc@a.example\r\n\r\n", "Cc: =?utf-8?q?=C3=BC=40a=2Eexample?= :;\r\n\r\n"},
    {"AddressWithAnAsciiName", "Cc: Joe <\u00fc@a.example>\r\n\r\n",
     "Cc: Joe =?utf-8?q?=C3=BC=40a=2Eexample?= :;\r\n\r\n"},
    {"DomainBecomesALabels", "Reply-To: Joe <a@b\u00fccher.example>, c@\u65e5\u672c\u8a9e.jp\r\n\r\n",
     "Reply-To: Joe <a@xn--bcher-kva.example>, c@xn--wgv71a119e.jp\r\n\r\n"},
    {"OthersOfTheListStay", "To: \"B, c\" <b@example.org> (x),\r\n\t\u00fc <c@example.org> ,d@example.org\r\n\r\n",
     "To: \"B, c\" <b@example.org> (x),\r\n\t=?utf-8?q?=C3=BC?= <c@example.org> ,d@example.org\r\n\r\n"},
    {"NameInAComment", "To: a@example.org (J\u00f6rg)\r\n\r\n",
     "To: =?utf-8?q?J=C3=B6rg?= <a@example.org>\r\n\r\n"},
    {"GroupsName", "To: B\u00fcro: a@example.org, b@example.org;, c@example.org\r\n\r\n",
     "To: =?utf-8?q?B=C3=BCro?=: a@example.org, b@example.org;, c@example.org\r\n\r\n"},
    {"GroupWithAnAddress", "To: Friends: \u00fc@x.example, b@y.example;\r\n\r\n",
     "To: Friends =?utf-8?q?=C3=BC=40x=2Eexample=2C_b?=\r\n =?utf-8?q?=40y=2Eexample?= :;\r\n\r\n"},
    {"GroupWithADomain", "To: Friends: a@b\u00fccher.example;\r\n\r\n",
     "To: Friends: a@xn--bcher-kva.example;\r\n\r\n"},
    {"ReturnPath", "Return-Path: <\u00fc@a.example>\r\n\r\n",
     "Return-Path: =?utf-8?q?=C3=BC=40a=2Eexample?= :;\r\n\r\n"},
    {"ResentFields", "Resent-To: \u00fc <a@example.org>\r\n\r\n",
     "Resent-To: =?utf-8?q?=C3=BC?= <a@example.org>\r\n\r\n"},
    {"LocalPartIsQuotedAgain", "To: \u00fc <\"a b\"@example.org>\r\n\r\n",
     "To: =?utf-8?q?=C3=BC?= <\"a b\"@example.org>\r\n\r\n"},
    {"AddressInLatin1", "To: J\xf6rg <a@example.org>\r\n\r\n",
     "To: =?unknown-8bit?q?J=F6rg?= <a@example.org>\r\n\r\n"},

    // RFC 6857 §3.2.2 to §3.2.4.
    {"CommentOfADate", "Date: Thu, 1 Jan 1970 00:00:00 +0000 (\u00fc (MEZ\\) \u00e4) b)\r\n\r\n",
     "Date: Thu, 1 Jan 1970 00:00:00 +0000 (=?utf-8?q?=C3=BC?= (MEZ\\)\r\n =?utf-8?q?=C3=A4?=) b)\r\n\r\n"},
    {"OutsideOfAComment", "MIME-Version: \u00fc1.0\r\n\r\n", "MIME-Version: ??1.0\r\n\r\n"},
    {"MessageId", "Message-ID: <\u00fc@x>\r\n\r\n", "Downgraded-Message-ID: =?utf-8?q?=3C=C3=BC=40x=3E?=\r\n\r\n"},
    {"References", "References: <a@x>\r\n <\u00fc@x>\r\n\r\n",
     "Downgraded-References: <a@x>\r\n =?utf-8?q?=3C=C3=BC=40x=3E?=\r\n\r\n"},
    {"ResentMessageId", "Resent-Message-Id: <\u00fc@x>\r\n\r\n",
     "Downgraded-Resent-Message-Id: =?utf-8?q?=3C=C3=BC=40x=3E?=\r\n\r\n"},
    {"CommentOfAMessageId", "In-Reply-To: <a@x> (\u00fc)\r\n\r\n",
     "In-Reply-To: <a@x> (=?utf-8?q?=C3=BC?=)\r\n\r\n"},
    {"Received",
     "Received: from b\u00fccher.example (\u00fc) by x.example\r\n\twith UTF8SMTP id \u00fc for "
     "<j\u00f6rg@x.example>; Thu, 1 "
     "Jan 1970 00:00:00 +0000\r\n\r\n",
     "Received: from xn--bcher-kva.example (=?utf-8?q?=C3=BC?=) by x.example\r\n\twith UTF8SMTP; Thu, 1 "
     "Jan 1970 00:00:00 +0000\r\n\r\n"},
    {"ReceivedForADomain", "Received: by x.example for <a@b\u00fccher.example>; Thu\r\n\r\n",
     "Received: by x.example for <a@xn--bcher-kva.example>; Thu\r\n\r\n"},

    // RFC 6857 §3.2.5, RFC 2231.
    {"NoEncodedWordInAParameter", "Content-Disposition: attachment; filename=\"R\u00e4 b.txt\"\r\n\r\n",
     "Content-Disposition: attachment; filename*=utf-8''R%C3%A4%20b.txt\r\n\r\n"},
    {"ParameterWithoutQuotes", "Content-Type: text/plain;\r\n\tname=\u00fc;\r\n\tcharset=utf-8\r\n\r\n",
     "Content-Type: text/plain;\r\n\tname*=utf-8''%C3%BC;\r\n\tcharset=utf-8\r\n\r\n"},
    {"ParameterInLatin1", "Content-Type: text/plain; name=\"\xfc;x\"\r\n\r\n",
     "Content-Type: text/plain; name*=unknown-8bit''%FC%3Bx\r\n\r\n"},
    {"ParameterThatIsExtendedAlready", "Content-Type: text/plain; name*=utf-8'de'%C3%BC\u00fc\r\n\r\n",
     "Content-Type: text/plain; name*=utf-8'de'%C3%BC%C3%BC\r\n\r\n"},
    {"ParameterInSections", "Content-Type: text/plain; name*0=\"\u00fc\"; name*1=b; name*2=\u00e4\r\n\r\n",
     "Content-Type: text/plain; name*0*=utf-8''%C3%BC; name*1=b; name*2*=%C3%A4\r\n\r\n"},
    {"CommentBesideAParameter", "Content-Type: text/plain (\u00fc); charset=utf-8 (\u00e4)\r\n\r\n",
     "Content-Type: text/plain (=?utf-8?q?=C3=BC?=); charset=utf-8\r\n (=?utf-8?q?=C3=A4?=)\r\n\r\n"},
    {"Keywords", "Keywords: a b, \"\u00fc, c\" d, e\r\n\r\n",
     "Keywords: a b, =?utf-8?q?=C3=BC=2C_c_d?=, e\r\n\r\n"},

    {"BodyStays", "A: \u00fc\r\n\r\nSubject: \u00fc\r\n\r\n\u00fc",
     "A: =?utf-8?q?=C3=BC?=\r\n\r\nSubject: \u00fc\r\n\r\n\u00fc"},
};

TEST(AsciiHeader, IsTheSameInEverySplit) {
  for (const auto& test : kCases) {
    for (std::size_t cut = 0; cut <= test.message.size(); ++cut) {
      AsciiHeader surrogate;
      std::string out{surrogate.feed(std::string_view{test.message}.substr(0, cut))};
      out += surrogate.feed(std::string_view{test.message}.substr(cut));
      out += surrogate.finish();
      EXPECT_EQ(out, test.surrogate) << test.name << ", cut at " << cut;
    }
  }
}

TEST(AsciiHeader, ALongParameterIsCutInSections) {
  const std::string name(500, '\xfc');
  AsciiHeader surrogate;
  std::string out{surrogate.feed("Content-Disposition: attachment; filename=" + name + "\r\n\r\n")};
  for (std::size_t line = 0, end = 0; (end = out.find("\r\n", line)) != std::string::npos; line = end + 2) {
    EXPECT_LE(end - line, 998U);
  }
  const auto field = *Fields(out).begin();
  std::string octets;
  const auto disposition = parse_disposition(field.body);
  ASSERT_TRUE(disposition);
  for (const auto& parameter : disposition->parameters) octets += parameter.value;
  std::string expected = "unknown-8bit''";
  for (int i = 0; i < 500; ++i) expected += "%FC";
  EXPECT_EQ(octets, expected);
}

TEST(AsciiHeader, AnEndlessFieldIsNotHeldBack) {
  AsciiHeader surrogate;
  std::string out{surrogate.feed("To: \xfc")};
  EXPECT_EQ(out, "");
  const std::string piece = std::string(1'000, 'x') + "\xfc\r\n ";
  for (int i = 0; i < 1'000; ++i) out += surrogate.feed(piece);
  EXPECT_GT(out.size(), 700'000U);
  out += surrogate.feed("\xfc\r\nSubject: \u00fc\r\n\r\n");
  EXPECT_TRUE(out.starts_with("To: ?xx"));
  EXPECT_TRUE(out.ends_with("xx?\r\n ?\r\nSubject: =?utf-8?q?=C3=BC?=\r\n\r\n"));
}

TEST(AsciiHeader, IsReadAsItWasWritten) {
  const std::string subject =
      "Gr\u00fc\u00dfe aus K\u00f6ln,  an \u3042\u3044\u3046\u3048\u304a\u304b\u304d\u3042 b";
  AsciiHeader surrogate;
  std::string out{surrogate.feed("Subject: " + subject + "\r\n\r\n")};
  EXPECT_TRUE(std::ranges::none_of(out, is_eight_bit));
  std::erase(out, '\r');
  std::erase(out, '\n');
  EXPECT_EQ(decode_encoded_words(out), "Subject: " + subject);
}

std::string times(int count, const std::string& text) {
  std::string all;
  for (int i = 0; i < count; ++i) all += text;
  return all;
}

/// RFC 2047 §2, RFC 5322 §2.1.1.
TEST(AsciiHeader, WhatIsRewrittenIsFolded) {
  const std::string fields[] = {
      "Subject: " + times(9, "\u043f\u0440\u0438\u0432\u0435\u0442 \u0434\u0440\u0443\u0437\u044c\u044f "),
      "To: " + times(20, "Bj\u00f6rn M\u00fc\u00dfig <b1@example.net>, ") + "b@example.net",
      "Subject: " + times(20'000, "\u00e4 ") + "\u00e4",
      "Keywords: " + times(50, "\u00fc, ") + "a",
      "X-Note:" + times(100, " word") + " \u00fc",
      "Content-Type: text/plain; name=\"\u00fc\"" + times(30, "; a=bcdefgh"),
      "Received: from b\u00fccher.example" + times(40, " (comment)") + " by a; Mon, 30 Nov 2026 12:00:00 +0000",
  };
  for (const auto& field : fields) {
    AsciiHeader surrogate;
    std::string header{surrogate.feed(field + "\r\n\r\n")};
    header.append(surrogate.finish());
    std::size_t longest = 0;
    for (std::size_t line = 0; line < header.size();) {
      const auto end = header.find("\r\n", line);
      longest = std::max(longest, end - line);
      EXPECT_NE(header.substr(line, end - line).find_first_not_of(" \t"), line < end ? std::string::npos : 0U)
          << "an empty line within " << field.substr(0, 20);
      if (header.substr(end) == "\r\n\r\n") break;
      line = end + 2;
    }
    EXPECT_LE(longest, 78U) << field.substr(0, 20);
    EXPECT_GT(longest, 40U);
  }
}

}  // namespace
}  // namespace posthaste::mime
