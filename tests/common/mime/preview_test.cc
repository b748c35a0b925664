#include "common/mime/preview.h"

#include <gtest/gtest.h>

namespace posthaste::mime {
namespace {

struct Case {
  const char* name;
  std::string message;
  std::string preview;
};

const std::string kAlternatives =
    "Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n"
    "Content-Transfer-Encoding: quoted-printable\r\n\r\nSch=C3=B6ne\r\nGr=C3=BC=C3=9Fe\r\n"
    "--b\r\nContent-Type: text/html\r\n\r\n<p>other\r\n--b--\r\n";

/// Two parts, with their headers.
std::string alternatives(const std::string& first, const std::string& second) {
  return "Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n" + first + "\r\n--b\r\n" + second +
         "\r\n--b--\r\n";
}

const Case kCases[] = {
    {"PlainText", "Subject: x\r\n\r\nHello there\r\n", "Hello there"},
    {"LinesAndSpacesAreJoined", "\r\n  Hello \t there,\r\n\r\n\r\nyou  \r\n", "Hello there, you"},
    {"QuotedLinesAreLeftOut", "\r\n> old words\r\n>> older\r\nnew words\r\n", "new words"},
    {"Html", "Content-Type: text/html\r\n\r\n<style>p {}</style><p>One</p><p>two &amp; three", "One two & three"},
    {"TheFirstOfAlternatives", kAlternatives, "Sch\u00f6ne Gr\u00fc\u00dfe"},
    {"Charset", "Content-Type: text/plain; charset=koi8-r\r\n\r\n\xF0\xD2\xC9\xD7\xC5\xD4\r\n",
     "\u041f\u0440\u0438\u0432\u0435\u0442"},
    {"InvisibleCharactersAreLeftOut", "Content-Type: text/plain; charset=utf-8\r\n\r\n\u200b\u034f a\u00a0b\r\n",
     "a b"},
    // parts that say nothing are passed over
    {"AnEmptyPart", alternatives("", "Content-Type: text/html\r\n\r\n<p>Hello</p>"), "Hello"},
    {"BlankLines", alternatives("\r\n \t\r\n\r\n", "Content-Type: text/html\r\n\r\n<p>Hello</p>"), "Hello"},
    {"InvisibleCharacters",
     alternatives("Content-Type: text/plain; charset=utf-8\r\n\r\n\u00a0\u200b\u200e\u2060\u3000\ufeff\u2007",
                  "\r\nHello"),
     "Hello"},
    {"HtmlWithoutText",
     alternatives("Content-Type: text/html\r\n\r\n<html><body><img src=x><br>&nbsp;&zwnj;</body></html>",
                  "\r\nHello"),
     "Hello"},
    {"OnlyQuotedLines", alternatives("\r\n> old words\r\n", "Content-Type: text/html\r\n\r\n<p>Yes</p>"), "Yes"},
    {"BlankInsideAnInnerMultipart",
     alternatives("Content-Type: multipart/related; boundary=c\r\n\r\n--c\r\n\r\n \r\n--c--", "\r\nHello"),
     "Hello"},
    {"AnAttachmentBehindABlankPart", alternatives("", "Content-Disposition: attachment\r\n\r\nnotes"), ""},
    {"AllAreBlank", alternatives(" ", "Content-Type: text/html\r\n\r\n<p> </p>"), ""},
    {"NoText", "Content-Type: image/png\r\n\r\nxxxx\r\n", ""},
    {"AnAttachmentIsNoText", "Content-Disposition: attachment\r\n\r\nnotes\r\n", ""},
    {"AnEncryptedMessageIsHidden",
     "Content-Type: multipart/encrypted; boundary=b\r\n\r\n--b\r\n\r\nVersion: 1\r\n--b--\r\n", ""},
    {"EmptyBody", "Subject: x\r\n\r\n", ""},
    {"NoBody", "Subject: x\r\n", ""},
    {"Nothing", "", ""},
    {"AtMostTwoHundredCharacters", "\r\n" + std::string(300, 'x') + "\r\n", std::string(200, 'x')},
};

TEST(Preview, IsTheBeginningOfTheText) {
  for (const auto& test : kCases) {
    EXPECT_EQ(preview(test.message), test.preview) << test.name;
  }
}

TEST(Preview, CountsCharactersAndCutsNone) {
  std::string text = "Content-Type: text/plain; charset=utf-8\r\n\r\n";
  std::string expected;
  for (int i = 0; i < 300; ++i) text += "\U0001f600";
  for (std::size_t i = 0; i < kPreviewMaxCharacters; ++i) expected += "\U0001f600";
  EXPECT_EQ(preview(text), expected);
}

TEST(Preview, OfABeginningIsThatOfItsText) {
  const std::string beginning = kAlternatives.substr(0, kAlternatives.find("\r\nGr"));
  EXPECT_EQ(preview(beginning), "Sch\u00f6ne");
}

}  // namespace
}  // namespace posthaste::mime
