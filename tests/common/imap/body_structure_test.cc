#include "common/imap/body_structure.h"

#include <gtest/gtest.h>

#include "common/imap/envelope.h"

namespace posthaste::imap {
namespace {

// `lines` lines that make `octets` octets together.
std::string text_of(std::size_t octets, std::size_t lines) {
  std::string text(octets - 2 * lines, 'x');
  text += "\r\n";
  for (std::size_t i = 1; i < lines; ++i) text.insert(0, "\r\n");
  return text;
}

std::string body_of(const std::string& message) {
  std::string out;
  append_body(out, mime::parse_structure(message));
  return out;
}

std::string body_structure_of(const std::string& message) {
  std::string out;
  append_body_structure(out, mime::parse_structure(message));
  return out;
}

std::string envelope_of(std::string_view header) {
  std::string out;
  append_envelope(out, mime::parse_envelope(header));
  return out;
}

// RFC 9051 §7.5.2: "A simple text message of 48 lines and 2279 octets".
TEST(Body, OfTextIsTheRfcsExample) {
  const auto message =
      "Content-Type: TEXT/PLAIN; CHARSET=US-ASCII\r\nContent-Transfer-Encoding: 7BIT\r\n\r\n" + text_of(2279, 48);
  EXPECT_EQ(body_of(message), R"(("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 2279 48))");
  EXPECT_EQ(body_structure_of(message),
            R"(("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 2279 48 NIL NIL NIL NIL))");
}

// RFC 9051 §7.5.2: a text and its attachment.
TEST(Body, OfAMultipartIsTheRfcsExample) {
  const auto message =
      "Content-Type: MULTIPART/MIXED; BOUNDARY=cut\r\n\r\n--cut\r\n"
      "Content-Type: TEXT/PLAIN; CHARSET=US-ASCII\r\nContent-Transfer-Encoding: 7BIT\r\n\r\n" +
      text_of(1152, 23) +
      "\r\n--cut\r\n"
      "Content-Type: TEXT/PLAIN; CHARSET=US-ASCII; NAME=cc.diff\r\n"
      "Content-ID: <960723163407.20117h@cac.washington.edu>\r\n"
      "Content-Description: Compiler diff\r\nContent-Transfer-Encoding: BASE64\r\n\r\n" +
      text_of(4554, 73) + "\r\n--cut--\r\n";
  EXPECT_EQ(body_of(message),
            R"((("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 1152 23)("TEXT" "PLAIN" )"
            R"(("CHARSET" "US-ASCII" "NAME" "cc.diff") "<960723163407.20117h@cac.washington.edu>" )"
            R"("Compiler diff" "BASE64" 4554 73) "MIXED"))");
}

TEST(BodyStructure, HasExtensionData) {
  const std::string message =
      "Content-Type: multipart/mixed; boundary=cut\r\nContent-Language: en, de\r\n\r\n--cut\r\n"
      "Content-Type: image/png\r\nContent-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==\r\n"
      "Content-Disposition: attachment; filename=\"a \\\"b\\\".png\"\r\nContent-Language: fr\r\n"
      "Content-Location: http://example.org/a.png\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--cut--\r\n";
  EXPECT_EQ(body_structure_of(message),
            R"((("image" "png" NIL NIL NIL "base64" 4 "Q2hlY2sgSW50ZWdyaXR5IQ==" )"
            R"(("attachment" ("filename" "a \"b\".png")) ("fr") "http://example.org/a.png") "mixed" )"
            R"(("boundary" "cut") NIL ("en" "de") NIL))");
  EXPECT_EQ(body_of(message), R"((("image" "png" NIL NIL NIL "base64" 4) "mixed"))");
}

// RFC 2231 §6
TEST(BodyStructure, JoinsContinuations) {
  struct {
    const char* type;
    const char* written;
  } const cases[] = {
      {"image/png; name*0=a; name*1=b.png", R"(("name" "ab.png"))"},
      {"image/png; name*0*=utf-8''%C3%A9; name*1=\"t é.png\"", R"(("name*" "utf-8''%C3%A9t%20%C3%A9.png"))"},
      {"image/png; name*1*=%A9.png; name*0*=iso-8859-1'fr'", R"(("name*" "iso-8859-1'fr'%A9.png"))"},
      {"image/png; x=y; name*0=a; name*1=b; z=w", R"(("x" "y" "name" "ab" "z" "w"))"},
      {"image/png; name*=utf-8''a", R"(("name*" "utf-8''a"))"},
      {"image/png; name*1=b", R"(("name*1" "b"))"},
  };
  for (const auto& c : cases) {
    const std::string message = std::string{"Content-Type: "} + c.type + "\r\n\r\n";
    EXPECT_EQ(body_of(message), std::string{"(\"image\" \"png\" "} + c.written + " NIL NIL \"7bit\" 0)");
  }
  EXPECT_EQ(body_structure_of(
                "Content-Type: image/png\r\nContent-Disposition: attachment; filename*0=a; filename*1=b\r\n\r\n"),
            R"(("image" "png" NIL NIL NIL "7bit" 0 NIL ("attachment" ("filename" "ab")) NIL NIL))");
}

TEST(BodyStructure, OfAnEmbeddedMessageHasItsEnvelope) {
  const std::string embedded = "Subject: inner\r\nFrom: bob@example.org\r\n\r\nHi\r\n";
  const std::string message = "Content-Type: message/rfc822\r\n\r\n" + embedded;
  const std::string people = R"(((NIL NIL "bob" "example.org")))";
  const std::string octets = std::to_string(embedded.size());
  EXPECT_EQ(body_of(message), R"(("message" "rfc822" NIL NIL NIL "7bit" )" + octets + R"( (NIL "inner" )" + people +
                                  " " + people + " " + people + R"( NIL NIL NIL NIL NIL) ("text" "plain" )" +
                                  R"(("charset" "us-ascii") NIL NIL "7bit" 4 1) 4))");
}

TEST(BodyStructure, EightBitParametersAreLiterals) {
  EXPECT_EQ(body_of("Content-Type: image/png; name=\"\xc3\xbc\"\r\n\r\n"),
            "(\"image\" \"png\" (\"name\" {2}\r\n\xc3\xbc) NIL NIL \"7bit\" 0)");
}

// RFC 9051 §8
TEST(Envelope, IsTheRfcsExample) {
  EXPECT_EQ(envelope_of("Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\r\n"
                        "From: Terry Gray <gray@cac.washington.edu>\r\n"
                        "Subject: IMAP4rev2 WG mtg summary and minutes\r\n"
                        "To: imap@cac.washington.edu\r\n"
                        "cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>\r\n"
                        "Message-Id: <B27397-0100000@cac.washington.edu>\r\n\r\n"),
            R"x(("Wed, 17 Jul 1996 02:23:25 -0700 (PDT)" "IMAP4rev2 WG mtg summary and minutes" )x"
            R"((("Terry Gray" NIL "gray" "cac.washington.edu")) (("Terry Gray" NIL "gray" "cac.washington.edu")) )"
            R"((("Terry Gray" NIL "gray" "cac.washington.edu")) ((NIL NIL "imap" "cac.washington.edu")) )"
            R"(((NIL NIL "minutes" "CNRI.Reston.VA.US")("John Klensin" NIL "KLENSIN" "MIT.EDU")) NIL NIL )"
            R"("<B27397-0100000@cac.washington.edu>"))");
}

TEST(Envelope, OfNothingIsAllNil) { EXPECT_EQ(envelope_of(""), "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"); }

TEST(Envelope, EmptySubjectIsAnEmptyString) {
  EXPECT_EQ(envelope_of("Subject:\r\n\r\n"), "(NIL \"\" NIL NIL NIL NIL NIL NIL NIL NIL)");
}

TEST(Envelope, GroupsAreMarked) {
  EXPECT_EQ(envelope_of("To: Friends: alice@example.org, bob@example.org;\r\n\r\n"),
            R"((NIL NIL NIL NIL NIL ((NIL NIL "Friends" NIL)(NIL NIL "alice" "example.org"))"
            R"((NIL NIL "bob" "example.org")(NIL NIL NIL NIL)) NIL NIL NIL NIL))");
}

TEST(Envelope, OctetsThatNoQuotedStringHoldsAreLiterals) {
  EXPECT_EQ(envelope_of(std::string_view("Subject: a\0\xfc\r\n\r\n", 16)),
            "(NIL {3}\r\na\x80\xfc NIL NIL NIL NIL NIL NIL NIL NIL)");
}

}  // namespace
}  // namespace posthaste::imap
