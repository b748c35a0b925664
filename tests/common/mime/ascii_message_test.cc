#include "common/mime/ascii_message.h"

#include <gtest/gtest.h>

namespace posthaste::mime {
namespace {

struct Case {
  const char* name;
  std::string message;
  std::string surrogate;
};

const std::string kMultipart = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";

const Case kCases[] = {
    {"Empty", "", ""},
    {"ItsOwnHeader", "Subject: caf\u00e9\r\n\r\nSubject: caf\u00e9\r\n\r\n",
     "Subject: =?utf-8?q?caf=C3=A9?=\r\n\r\nSubject: caf\u00e9\r\n\r\n"},
    {"AHeaderWithoutEnd", "Subject: caf\u00e9", "Subject: =?utf-8?q?caf=C3=A9?="},
    {"PartsHeaders",
     kMultipart + "\u00fc\r\n--b\r\nContent-Type: text/plain; name=\"\u00fc\"\r\n\r\n\u00fc: \u00fc\r\n--b\r\nA: "
                  "\u00fc\r\n\r\n\u00fc\r\n--b--\r\nB: \u00fc\r\n\r\nC: \u00fc",
     kMultipart + "\u00fc\r\n--b\r\nContent-Type: text/plain; name*=utf-8''%C3%BC\r\n\r\n\u00fc: "
                  "\u00fc\r\n--b\r\nA: =?utf-8?q?=C3=BC?=\r\n\r\n\u00fc\r\n--b--\r\nB: \u00fc\r\n\r\nC: \u00fc"},
    {"BareLineFeeds", "Content-Type: multipart/mixed; boundary=b\n\n--b\nA: \u00fc\n\n\u00fc\n",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nA: =?utf-8?q?=C3=BC?=\n\n\u00fc\n"},
    {"APartWithoutHeader", kMultipart + "--b\r\n\r\nA: \u00fc\r\n", kMultipart + "--b\r\n\r\nA: \u00fc\r\n"},
    {"ADelimiterEndsAHeader", kMultipart + "--b\r\nA: \u00fc\r\n--b \t\r\nB: \u00fc\r\n--b--",
     kMultipart + "--b\r\nA: =?utf-8?q?=C3=BC?=\r\n--b \t\r\nB: =?utf-8?q?=C3=BC?=\r\n--b--"},
    {"WhatIsNoDelimiter",
     kMultipart + "--b\r\n\r\n--bc\r\nA: \u00fc\r\n\r\n --b\r\nA: \u00fc\r\n\r\n-b\r\n--\r\n-\r\n--c\r\n---b\r\n",
     kMultipart + "--b\r\n\r\n--bc\r\nA: \u00fc\r\n\r\n --b\r\nA: \u00fc\r\n\r\n-b\r\n--\r\n-\r\n--c\r\n---b\r\n"},
    {"MultipartWithoutBoundary", "Content-Type: multipart/mixed\r\n\r\n--\r\nA: \u00fc\r\n\r\n",
     "Content-Type: multipart/mixed\r\n\r\n--\r\nA: \u00fc\r\n\r\n"},
    {"AnOuterDelimiterEndsTheInnerParts",
     kMultipart +
         "--b\r\nContent-Type: multipart/alternative; boundary=\"i\"\r\n\r\n--i\r\nA: \u00fc\r\n\r\n--b\r\n"
         "A: \u00fc\r\n\r\n--i\r\nA: \u00fc\r\n\r\n",
     kMultipart + "--b\r\nContent-Type: multipart/alternative; boundary=\"i\"\r\n\r\n--i\r\nA: =?utf-8?q?=C3=BC?="
                  "\r\n\r\n--b\r\nA: =?utf-8?q?=C3=BC?=\r\n\r\n--i\r\nA: \u00fc\r\n\r\n"},
    {"AMessageInIt",
     "Content-Type: message/rfc822\r\n\r\nSubject: \u00fc\r\nContent-Type: message/global\r\n\r\nSubject: "
     "\u00fc\r\n\r\nA: \u00fc\r\n",
     "Content-Type: message/rfc822\r\n\r\nSubject: =?utf-8?q?=C3=BC?=\r\nContent-Type: message/global\r\n\r\n"
     "Subject: =?utf-8?q?=C3=BC?=\r\n\r\nA: \u00fc\r\n"},
    {"AMessageThatIsEncoded",
     "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nSubject: \u00fc\r\n\r\n",
     "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nSubject: \u00fc\r\n\r\n"},
    {"SignedPartsKeepEveryOctet",
     kMultipart +
         "--b\r\nContent-Type: multipart/signed; boundary=s; x=\u00fc\r\n\r\n--s\r\nA: \u00fc\r\nContent-Type: "
         "multipart/mixed; boundary=i\r\n\r\n--i\r\nA: \u00fc\r\n\r\n--i--\r\n--s\r\nA: "
         "\u00fc\r\n\r\n--s--\r\n--b\r\nA: "
         "\u00fc\r\n\r\n",
     kMultipart +
         "--b\r\nContent-Type: multipart/signed; boundary=s; x*=utf-8''%C3%BC\r\n\r\n--s\r\nA: "
         "\u00fc\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\nA: \u00fc\r\n\r\n--i--\r\n--s\r\nA: "
         "\u00fc\r\n\r\n--s--\r\n--b\r\nA: =?utf-8?q?=C3=BC?=\r\n\r\n"},
    {"TextBehindDelimiters",
     kMultipart + "--b \u00fc and so on\r\nA: \u00fc\r\n\r\n\u00fc\r\n--b-- end\r\nB: \u00fc\r\n\r\n",
     kMultipart + "--b \u00fc and so on\r\nA: =?utf-8?q?=C3=BC?=\r\n\r\n\u00fc\r\n--b-- end\r\nB: \u00fc\r\n\r\n"},
    {"ABoundaryWithSomethingBehindIt",
     "Content-Type: multipart/mixed; boundary=\"b, x=y\"\r\n\r\n--b\r\nA: \u00fc\r\n\r\n--b, x=y\r\nA: "
     "\u00fc\r\n\r\n",
     "Content-Type: multipart/mixed; boundary=\"b, x=y\"\r\n\r\n--b\r\nA: =?utf-8?q?=C3=BC?=\r\n\r\n--b, x=y\r\nA: "
     "=?utf-8?q?=C3=BC?=\r\n\r\n"},
    {"AQuoteThatDoesNotEnd",
     "Content-Type: multipart/mixed; boundary=\"b; charset=x\r\n\r\n--b\r\nA: \u00fc\r\n\r\n",
     "Content-Type: multipart/mixed; boundary=\"b; charset=x\r\n\r\n--b\r\nA: =?utf-8?q?=C3=BC?=\r\n\r\n"},
    {"AParameterWithoutASemicolonBeforeIt",
     "Content-Type: multipart/mixed; boundary=b charset=x\r\n\r\n--b\r\nA: \u00fc\r\n\r\n",
     "Content-Type: multipart/mixed; boundary=b charset=x\r\n\r\n--b\r\nA: =?utf-8?q?=C3=BC?=\r\n\r\n"},
    {"AnInnerBoundaryBeginsWithTheOuterOne",
     kMultipart + "--b\r\nContent-Type: multipart/mixed; boundary=bb\r\n\r\n--bb\r\nA: \u00fc\r\n\r\n--b\r\nA: "
                  "\u00fc\r\n\r\n--bb\r\nA: \u00fc\r\n\r\n",
     kMultipart +
         "--b\r\nContent-Type: multipart/mixed; boundary=bb\r\n\r\n--bb\r\nA: =?utf-8?q?=C3=BC?=\r\n\r\n--b\r\nA: "
         "=?utf-8?q?=C3=BC?=\r\n\r\n--bb\r\nA: \u00fc\r\n\r\n"},
    {"APartThatHasNoEmptyLine",
     kMultipart + "--b\r\nA: \u00fc\r\nGr\u00fc\u00dfe\r\nB: \u00fc\r\n\r\n\u00fc\r\n--b\r\nGr\u00fc\u00dfe",
     kMultipart +
         "--b\r\nA: =?utf-8?q?=C3=BC?=\r\nGr\u00fc\u00dfe\r\nB: \u00fc\r\n\r\n\u00fc\r\n--b\r\nGr\u00fc\u00dfe"},
    {"AMultipartWithTextInItsHeader",
     kMultipart + "--b\r\nContent-Type: multipart/mixed; boundary=i\r\n\u00fc\r\n--i\r\nA: \u00fc\r\n\r\n--i--\r\n",
     kMultipart + "--b\r\nContent-Type: multipart/mixed; boundary=i\r\n\u00fc\r\n--i\r\nA: "
                  "=?utf-8?q?=C3=BC?=\r\n\r\n--i--\r\n"},
    {"AMessageOfAnMbox", "Content-Type: message/rfc822\r\n\r\nFrom a@b\r\nSubject: \u00fc\r\n\r\n",
     "Content-Type: message/rfc822\r\n\r\nFrom a@b\r\nSubject: =?utf-8?q?=C3=BC?=\r\n\r\n"},
    {"ItsOwnHeaderIsInAsciiWhateverItHolds", "A: \u00fc\r\n\u00fc\r\nB: \u00fc\r\n\r\n",
     "A: =?utf-8?q?=C3=BC?=\r\n=?utf-8?q?=C3=BC?=\r\nB: =?utf-8?q?=C3=BC?=\r\n\r\n"},
    {"ADigestsPartsAreMessages",
     "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nSubject: \u00fc\r\n\r\n\u00fc\r\n--b\r\nContent-"
     "Type: text/plain\r\n\r\nA: \u00fc\r\n--b--\r\n",
     "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nSubject: =?utf-8?q?=C3=BC?=\r\n\r\n\u00fc\r\n--b"
     "\r\nContent-Type: text/plain\r\n\r\nA: \u00fc\r\n--b--\r\n"},
};

TEST(AsciiMessage, IsTheSameInEverySplit) {
  for (const auto& test : kCases) {
    for (std::size_t cut = 0; cut <= test.message.size(); ++cut) {
      AsciiMessage surrogate;
      std::string out{surrogate.feed(std::string_view{test.message}.substr(0, cut))};
      out += surrogate.feed(std::string_view{test.message}.substr(cut));
      out += surrogate.finish();
      EXPECT_EQ(out, test.surrogate) << test.name << ", cut at " << cut;
    }
  }
}

TEST(AsciiMessage, LooksAHundredMultipartsDeep) {
  std::string begin;
  for (int i = 1; i <= 101; ++i) {
    const std::string boundary = "b" + std::to_string(i);
    begin += "Content-Type: multipart/mixed; boundary=" + boundary + "\r\n\r\n--" + boundary + "\r\n";
  }
  AsciiMessage surrogate;
  const std::string text = "A: \u00fc\r\n--b101\r\nA: \u00fc\r\n--b100\r\n";
  std::string out{surrogate.feed(begin + text + "A: \u00fc\r\n\r\n")};
  out += surrogate.finish();
  EXPECT_EQ(out, begin + text + "A: =?utf-8?q?=C3=BC?=\r\n\r\n");
}

TEST(AsciiMessage, HoldsNoLongLineBack) {
  AsciiMessage surrogate;
  const std::string long_line = "--" + std::string(1'000, 'x');
  EXPECT_EQ(surrogate.feed(kMultipart + long_line), kMultipart + long_line);
  EXPECT_EQ(surrogate.feed("--b"), "--b");  // in the midst of a line
  EXPECT_EQ(surrogate.feed("\r\n--b"), "\r\n");
  EXPECT_EQ(surrogate.finish(), "--b");
}

}  // namespace
}  // namespace posthaste::mime
