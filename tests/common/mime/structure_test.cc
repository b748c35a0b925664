// The tree of parts. Extents are tested by cutting the text out.
#include "common/mime/structure.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace posthaste::mime {
namespace {

/// The tree in one line: "text/plain", "multipart/mixed(a/b c/d)", "message/rfc822(text/plain)".
std::string outline(const Part& part) {
  std::string text = part.content_type.type + "/" + part.content_type.subtype;
  if (part.kind == PartKind::leaf) return part.children.empty() ? text : text + "?";
  text += '(';
  for (const Part& child : part.children) text += outline(child) + " ";
  text.back() = ')';
  return text;
}

/// BODY[section]; "none" if there is no such part.
std::string body_of(std::string_view message, std::vector<std::uint32_t> section) {
  const Part root = parse_structure(message);
  const Part* part = find_part(root, section);
  return part == nullptr ? "none" : std::string(part->body.of(message));
}

std::string header_of(std::string_view message, std::vector<std::uint32_t> section) {
  const Part root = parse_structure(message);
  const Part* part = find_part(root, section);
  return part == nullptr ? "none" : std::string(part->header.of(message));
}

struct StructureCase {
  const char* name;
  std::string_view message;
  std::string_view outline;
  std::vector<std::string_view> bodies;  // of the children
};

constexpr std::string_view kRfc2046Simple =  // RFC 2046 §5.1.1
    "From: Nathaniel Borenstein <nsb@bellcore.com>\r\n"
    "To: Ned Freed <ned@innosoft.com>\r\n"
    "Subject: Sample message\r\n"
    "MIME-Version: 1.0\r\n"
    "Content-type: multipart/mixed; boundary=\"simple boundary\"\r\n"
    "\r\n"
    "This is the preamble.  It is to be ignored.\r\n"
    "\r\n"
    "--simple boundary\r\n"
    "\r\n"
    "This is implicitly typed plain US-ASCII text.\r\n"
    "It does NOT end with a linebreak.\r\n"
    "--simple boundary\r\n"
    "Content-type: text/plain; charset=us-ascii\r\n"
    "\r\n"
    "This is explicitly typed plain US-ASCII text.\r\n"
    "It DOES end with a linebreak.\r\n"
    "\r\n"
    "--simple boundary--\r\n"
    "\r\n"
    "This is the epilogue.  It is also to be ignored.\r\n";

const StructureCase kCases[] = {
    {"RFC2046Simple",
     kRfc2046Simple,
     "multipart/mixed(text/plain text/plain)",
     {"This is implicitly typed plain US-ASCII text.\r\nIt does NOT end with a linebreak.",
      "This is explicitly typed plain US-ASCII text.\r\nIt DOES end with a linebreak.\r\n"}},
    {"MissingFinalBoundary",
     "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n",
     "multipart/mixed(text/plain text/plain)",
     {"one", "two\r\n"}},
    {"NoPreambleAndNoLineEndAtTheEnd",
     "Content-Type: multipart/x; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b--",
     "multipart/x(text/plain)",
     {"one"}},
    {"BoundaryIsAPrefixOfALine",
     "Content-Type: multipart/x; boundary=b\r\n\r\n--b\r\n\r\n--bc\r\n--b-\r\n--b--x\r\n --b\r\n--b--\r\n",
     "multipart/x(text/plain)",
     {"--bc\r\n--b-\r\n--b--x\r\n --b"}},
    {"OuterBoundaryIsAPrefixOfTheInner",
     "Content-Type: multipart/x; boundary=b\r\n\r\n--b\r\nContent-Type: multipart/y; boundary=bc\r\n\r\n"
     "--bc\r\n\r\none\r\n--bc\r\n\r\ntwo\r\n--bc--\r\n--b\r\n\r\nthree\r\n--b--\r\n",
     "multipart/x(multipart/y(text/plain text/plain) text/plain)",
     {"--bc\r\n\r\none\r\n--bc\r\n\r\ntwo\r\n--bc--", "three"}},
    {"InnerBoundaryIsAPrefixOfTheOuter",
     "Content-Type: multipart/x; boundary=bc\r\n\r\n--bc\r\nContent-Type: multipart/y; boundary=b\r\n\r\n"
     "--b\r\n\r\none\r\n--bc\r\n\r\ntwo\r\n--bc--\r\n",
     "multipart/x(multipart/y(text/plain) text/plain)",
     {"--b\r\n\r\none", "two"}},
    {"SpacesAfterTheBoundary",
     "Content-Type: multipart/x; boundary=b\r\n\r\n--b \t\r\n\r\none\r\n--b-- \r\n",
     "multipart/x(text/plain)",
     {"one"}},
    {"SpacesInTheParameter",
     "Content-Type: multipart/x; boundary=\"b  \"\r\n\r\n--b\r\n\r\none\r\n--b  --\r\n--b--\r\n",
     "multipart/x(text/plain)",
     {"one"}},
    {"BoundaryInSections",
     "Content-Type: multipart/x; boundary*0=b; boundary*1=c\r\n\r\n--bc\r\n\r\none\r\n--bc--\r\n",
     "multipart/x(text/plain)",
     {"one"}},
    {"OuterDelimiterEndsTheInner",
     "Content-Type: multipart/x; boundary=a\r\n\r\n--a\r\nContent-Type: multipart/y; boundary=b\r\n\r\n"
     "--b\r\n\r\none\r\n--a\r\n\r\ntwo\r\n--a--\r\n",
     "multipart/x(multipart/y(text/plain) text/plain)",
     {"--b\r\n\r\none", "two"}},
    {"SameBoundaryInside",
     "Content-Type: multipart/x; boundary=a\r\n\r\n--a\r\nContent-Type: multipart/y; boundary=a\r\n\r\n"
     "--a\r\n\r\none\r\n--a--\r\n--a\r\n\r\ntwo\r\n--a--\r\n",
     "multipart/x(multipart/y(text/plain) text/plain)",
     {"--a\r\n\r\none\r\n--a--", "two"}},
    {"EmptyParts",
     "Content-Type: multipart/x; boundary=b\r\n\r\n--b\r\n\r\n--b\r\n\r\n\r\n--b\r\n--b--\r\n",
     "multipart/x(text/plain text/plain text/plain)",
     {"", "", ""}},
    {"HeaderWithoutBody",
     "Content-Type: multipart/x; boundary=b\r\n\r\n--b\r\nContent-Type: a/b\r\n--b--\r\n",
     "multipart/x(a/b)",
     {""}},
    {"HeaderWithoutBodyAtTheEnd",
     "Content-Type: multipart/x; boundary=b\r\n\r\n--b\r\nContent-Type: a/b",
     "multipart/x(a/b)",
     {""}},
    {"DelimiterIsTheLastOctet",
     "Content-Type: multipart/x; boundary=b\r\n\r\n--b",
     "multipart/x(text/plain)",
     {""}},
    {"BareLineFeeds",
     "Content-Type: multipart/x; boundary=b\n\n--b\n\none\n--b\n\ntwo\n\n--b--\n",
     "multipart/x(text/plain text/plain)",
     {"one", "two\n"}},
    {"BareCarriageReturnIsText",
     "Content-Type: multipart/x; boundary=b\r\n\r\n--b\r\n\r\no\r--b\r\r\n--b--",
     "multipart/x(text/plain)",
     {"o\r--b\r"}},
    {"DelimitersInTheEpilogue",
     "Content-Type: multipart/x; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b--\r\n--b\r\n\r\ntwo\r\n--b--\r\n",
     "multipart/x(text/plain)",
     {"one"}},
    {"DelimiterInThePreamblesText",
     "Content-Type: multipart/x; boundary=b\r\n\r\nx--b\r\n--b\r\n\r\none\r\n--b--\r\n",
     "multipart/x(text/plain)",
     {"one"}},
    {"EightBitHeaderAndBody",
     "Content-Type: multipart/x; boundary=\xC3\xA9\r\n\r\n--\xC3\xA9\r\n\r\n\xFF\r\n--\xC3\xA9--",
     "multipart/x(text/plain)",
     {"\xFF"}},
    {"Digest",  // RFC 2046 §5.1.5
     "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nSubject: s\r\n\r\nbody\r\n"
     "--b\r\nContent-Type: text/plain\r\n\r\ntwo\r\n--b--\r\n",
     "multipart/digest(message/rfc822(text/plain) text/plain)",
     {"Subject: s\r\n\r\nbody", "two"}},
    {"DelimiterEndsTheHeaderOfAMultipart",
     "Content-Type: multipart/x; boundary=a\r\n\r\n--a\r\nContent-Type: multipart/y; "
     "boundary=b\r\n--a\r\n\r\ntwo\r\n--a--",
     "multipart/x(text/plain text/plain)",
     {"", "two"}},
    {"DelimiterEndsTheHeaderOfAMessage",
     "Content-Type: multipart/x; boundary=a\r\n\r\n--a\r\nContent-Type: message/rfc822\r\n--a\r\n\r\ntwo\r\n--a--",
     "multipart/x(message/rfc822(text/plain) text/plain)",
     {"", "two"}},
    {"EmptyLastPartOfAnInnerMultipart",
     "Content-Type: multipart/x; boundary=a\r\n\r\n--a\r\nContent-Type: multipart/y; "
     "boundary=b\r\n\r\n--b\r\n\r\n--a--",
     "multipart/x(multipart/y(text/plain))",
     {"--b\r\n\r\n"}},
    {"EmptyEmbeddedMessage",
     "Content-Type: multipart/digest; boundary=a\r\n\r\n--a\r\n\r\nSubject: x\r\n\r\n--a--",
     "multipart/digest(message/rfc822(text/plain))",
     {"Subject: x\r\n\r\n"}},
    // delimiters with text behind them
    {"TextBehindTheDelimiters",
     "Content-Type: multipart/x; boundary=b\r\n\r\n--b first\r\n\r\none\r\n--b\tsecond\r\n\r\ntwo\r\n--b-- end\r\n",
     "multipart/x(text/plain text/plain)",
     {"one", "two"}},
    {"SpecialsBehindTheDelimiters",
     "Content-Type: multipart/x; boundary=b\r\n\r\n--b;x=y\r\n\r\none\r\n--b<br>\r\n\r\ntwo\r\n--b--<br>\r\nend",
     "multipart/x(text/plain text/plain)",
     {"one", "two"}},
    {"EightBitTextBehindTheDelimiter",
     "Content-Type: multipart/x; boundary=b\r\n\r\n--b\xC3\xA9\r\n\r\none\r\n--b--\xA0\r\n",
     "multipart/x(text/plain)",
     {"one"}},
    {"TextBehindTheDelimitersOfAnInnerMultipart",
     "Content-Type: multipart/x; boundary=a\r\n\r\n--a\r\nContent-Type: multipart/y; boundary=b\r\n\r\n--b "
     "(1)\r\n\r\n"
     "one\r\n--b-- (2)\r\n--a (3)\r\n\r\ntwo\r\n--a--\r\n",
     "multipart/x(multipart/y(text/plain) text/plain)",
     {"--b (1)\r\n\r\none\r\n--b-- (2)", "two"}},
    {"SpaceInABoundaryBeforeText",
     "Content-Type: multipart/x; boundary=\"b c\"\r\n\r\n--b c\r\n\r\none\r\n--b c d\r\n\r\ntwo\r\n--b c-- d",
     "multipart/x(text/plain text/plain)",
     {"one", "two"}},
    {"WhatMayBeAnotherBoundaryIsText",
     "Content-Type: multipart/x; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b2\r\n--b.\r\n--b---\r\n--b--x\r\n--b--\r\n",
     "multipart/x(text/plain)",
     {"one\r\n--b2\r\n--b.\r\n--b---\r\n--b--x"}},
    // boundaries with something sloppy behind them
    {"ParameterWithoutASemicolon",
     "Content-Type: multipart/x; boundary=b charset=utf-8\r\n\r\n--b\r\n\r\none\r\n--b--\r\n",
     "multipart/x(text/plain)",
     {"one"}},
    {"ParameterWithoutASemicolonBefore",
     "Content-Type: multipart/x; charset=utf-8 boundary=\"b\"\r\n\r\n--b\r\n\r\none\r\n--b--\r\n",
     "multipart/x(text/plain)",
     {"one"}},
    {"Comma",
     "Content-Type: multipart/x; boundary=b, charset=utf-8\r\n\r\n--b\r\n\r\none\r\n--b--\r\n",
     "multipart/x(text/plain)",
     {"one"}},
    {"WordBehind",
     "Content-Type: multipart/x; boundary=b garbage\r\n\r\n--b\r\n\r\none\r\n--b--\r\n",
     "multipart/x(text/plain)",
     {"one"}},
    {"UnknownParameterWithoutASemicolon",
     "Content-Type: multipart/x; boundary=b x-mac-type=1\r\n\r\n--b\r\n\r\none\r\n--b--\r\n",
     "multipart/x(text/plain)",
     {"one"}},
    {"UnclosedQuote",
     "Content-Type: multipart/x; boundary=\"b; charset=utf-8\r\n\r\n--b\r\n\r\none\r\n--b--\r\n",
     "multipart/x(text/plain)",
     {"one"}},
    {"QuoteAtTheEndAlone",
     "Content-Type: multipart/x; boundary=b\"\r\n\r\n--b\r\n\r\none\r\n--b--\r\n",
     "multipart/x(text/plain)",
     {"one"}},
    {"UnquotedSpacesAreMeant",
     "Content-Type: multipart/x; boundary=b c d\r\n\r\n--b c d\r\n\r\none\r\n--b c d--\r\n",
     "multipart/x(text/plain)",
     {"one"}},
    {"CommasAreMeant",
     "Content-Type: multipart/x; boundary=\"b,c\"\r\n\r\n--b,c\r\n\r\none\r\n--b,c--\r\n",
     "multipart/x(text/plain)",
     {"one"}},
    // leaves that would have been something else
    {"MultipartWithoutBoundary", "Content-Type: multipart/x\r\n\r\n--\r\n\r\none\r\n----\r\n", "text/plain", {}},
    {"MultipartWithEmptyBoundary",
     "Content-Type: multipart/x; boundary=\" \"\r\n\r\n--\r\n\r\na\r\n",
     "text/plain",
     {}},
    {"MultipartWithoutPart", "Content-Type: multipart/x; boundary=b\r\n\r\njust text\r\n", "text/plain", {}},
    {"MultipartClosedAtOnce", "Content-Type: multipart/x; boundary=b\r\n\r\n--b--\r\n", "text/plain", {}},
    {"MultipartWithoutBody", "Content-Type: multipart/x; boundary=b\r\n", "text/plain", {}},
    {"MessageInBase64",
     "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: BASE64\r\n\r\nU3ViamVjdDogeA==",
     "application/octet-stream",
     {}},
    {"InvalidType", "Content-Type: nonsense\r\n\r\nx", "text/plain", {}},
    {"Empty", "", "text/plain", {}},
    {"NoHeader", "\r\n--b\r\n", "text/plain", {}},
    {"MessagePartialIsALeaf", "Content-Type: message/partial\r\n\r\nSubject: x\r\n\r\n", "message/partial", {}},
};

TEST(ParseStructure, ReadsEachCase) {
  for (const auto& c : kCases) {
    const Part root = parse_structure(c.message);
    EXPECT_EQ(outline(root), c.outline) << c.name;
    std::vector<std::string_view> bodies;
    for (const Part& child : root.children) bodies.push_back(child.body.of(c.message));
    EXPECT_EQ(bodies, c.bodies) << c.name;
    EXPECT_EQ(root.body.end(), c.message.size()) << c.name;
  }
}

TEST(ParseStructure, CountsLineEndsOfABody) {
  struct {
    std::string_view message;
    std::size_t lines;
  } const cases[] = {
      {"A: b\r\n\r\none\r\ntwo\r\n", 2}, {"A: b\r\n\r\none\r\ntwo", 1}, {"A: b\r\n\r\n", 0}, {"", 0}, {"\n\n\n", 2},
      {"A: b\r\n\r\na\nb\rc\r\n", 2},
  };
  for (const auto& c : cases) EXPECT_EQ(parse_structure(c.message).body_lines, c.lines) << c.message;

  const Part root = parse_structure(kRfc2046Simple);
  EXPECT_EQ(root.body_lines, 15u);
  EXPECT_EQ(root.children.at(0).body_lines, 1u);
  EXPECT_EQ(root.children.at(1).body_lines, 2u);
}

TEST(ParseStructure, ReadsTheContentFields) {
  const Part part = parse_structure(
      "content-type: image/png; name=\"a b.png\"\r\n"
      "CONTENT-TRANSFER-ENCODING: Base64 (x)\r\n"
      "Content-ID: <1@example.org>\r\n"
      "Content-Description: a\r\n picture\r\n"
      "Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==\r\n"
      "Content-Disposition: attachment; filename=x\r\n"
      "Content-Language: en, de\r\n"
      "Content-Location: http://example.org/x\r\n"
      "Content-Type: text/plain\r\n\r\n");
  EXPECT_EQ(part.content_type, (ContentType{"image", "png", {{"name", "a b.png"}}}));
  EXPECT_EQ(part.transfer_encoding, "Base64");
  EXPECT_EQ(part.id, "<1@example.org>");
  EXPECT_EQ(part.description, "a picture");
  EXPECT_EQ(part.md5, "Q2hlY2sgSW50ZWdyaXR5IQ==");
  EXPECT_EQ(part.disposition, (Disposition{"attachment", {{"filename", "x"}}}));
  EXPECT_EQ(part.languages, (std::vector<std::string>{"en", "de"}));
  EXPECT_EQ(part.location, "http://example.org/x");
}

TEST(ParseStructure, WithoutContentFieldsTakesTheDefaults) {
  for (const std::string_view message :
       {"", "A: b\r\n\r\n", "Content-Type: ;\r\nContent-Transfer-Encoding: ;\r\n\r\n"}) {
    const Part part = parse_structure(message);
    EXPECT_EQ(part.content_type, default_content_type()) << message;
    EXPECT_EQ(part.transfer_encoding, "7bit") << message;
    EXPECT_EQ(part.id, std::nullopt) << message;
    EXPECT_EQ(part.disposition, std::nullopt) << message;
    EXPECT_TRUE(part.languages.empty()) << message;
    EXPECT_EQ(part.envelope, std::nullopt) << message;
  }
}

TEST(ParseStructure, KeepsNullOctets) {
  const std::string message("Content-Type: multipart/x; boundary=b\r\n\r\n--b\r\n\r\na\0b\r\n--b--\r\n", 61);
  EXPECT_EQ(body_of(message, {1}), std::string("a\0b", 3));
}

constexpr std::string_view kNested =  // the shape of RFC 9051 §6.4.5, parts 1, 2, 3 (a message) and 4 (a multipart)
    "Subject: outer\r\n"
    "Content-Type: multipart/mixed; boundary=o\r\n\r\n"
    "--o\r\n\r\n1\r\n"
    "--o\r\nContent-Type: application/octet-stream\r\n\r\n2\r\n"
    "--o\r\nContent-Type: message/rfc822\r\nX: 3\r\n\r\n"
    "Subject: inner\r\nFrom: a@example.org\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n"
    "--i\r\n\r\n3.1\r\n"
    "--i\r\nContent-Type: application/octet-stream\r\nX: 3.2\r\n\r\n3.2\r\n"
    "--i--\r\n"
    "--o\r\nContent-Type: multipart/mixed; boundary=m\r\nX: 4\r\n\r\n"
    "--m\r\nContent-Type: image/gif\r\nX: 4.1\r\n\r\n4.1\r\n"
    "--m\r\nContent-Type: message/rfc822\r\nX: 4.2\r\n\r\n"
    "Subject: deepest\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n"
    "--a\r\n\r\n4.2.1\r\n"
    "--a\r\nContent-Type: text/html\r\n\r\n4.2.2\r\n"
    "--a--\r\n"
    "--m--\r\n"
    "--o--\r\n";

TEST(FindPart, FollowsRfc9051Section645) {
  EXPECT_EQ(body_of(kNested, {1}), "1");
  EXPECT_EQ(body_of(kNested, {2}), "2");
  EXPECT_EQ(body_of(kNested, {3}).substr(0, 16), "Subject: inner\r\n");
  EXPECT_EQ(body_of(kNested, {3, 1}), "3.1");
  EXPECT_EQ(body_of(kNested, {3, 2}), "3.2");
  EXPECT_EQ(header_of(kNested, {3, 2}), "Content-Type: application/octet-stream\r\nX: 3.2\r\n\r\n");
  EXPECT_EQ(body_of(kNested, {4, 1}), "4.1");
  EXPECT_EQ(header_of(kNested, {4, 2}), "Content-Type: message/rfc822\r\nX: 4.2\r\n\r\n");
  EXPECT_EQ(body_of(kNested, {4, 2, 1}), "4.2.1");
  EXPECT_EQ(body_of(kNested, {4, 2, 2}), "4.2.2");
  EXPECT_EQ(header_of(kNested, {}), "Subject: outer\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\n");
}

TEST(FindPart, IsNullForWhatIsNotThere) {
  const std::vector<std::vector<std::uint32_t>> wrong = {
      {0}, {5}, {1, 1}, {2, 1}, {3, 0}, {3, 3}, {3, 1, 1}, {4, 3}, {4, 2, 3}, {4, 2, 1, 1}, {4294967295}};
  for (const auto& section : wrong) EXPECT_EQ(body_of(kNested, section), "none");
}

TEST(FindPart, PartOneOfASimpleMessageIsItself) {
  EXPECT_EQ(body_of("A: b\r\n\r\nbody", {1}), "body");
  EXPECT_EQ(body_of("A: b\r\n\r\nbody", {2}), "none");
  EXPECT_EQ(body_of("A: b\r\n\r\nbody", {1, 1}), "none");
  EXPECT_EQ(body_of("", {1}), "");
}

TEST(FindPart, CountsWithinAMessageThatIsNoMultipart) {
  constexpr std::string_view message =
      "Content-Type: message/rfc822\r\n\r\n"
      "Content-Type: message/rfc822\r\n\r\n"
      "Subject: x\r\n\r\nbody";
  EXPECT_EQ(body_of(message, {1}), "Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nbody");
  EXPECT_EQ(body_of(message, {1, 1}), "Subject: x\r\n\r\nbody");
  EXPECT_EQ(body_of(message, {1, 1, 1}), "body");
  EXPECT_EQ(body_of(message, {1, 1, 1, 1}), "none");
  EXPECT_EQ(body_of(message, {1, 2}), "none");
}

TEST(ParseStructure, EmbeddedMessageHasItsEnvelope) {
  const Part root = parse_structure(kNested);
  const Part& part = root.children.at(2);
  ASSERT_EQ(part.kind, PartKind::message);
  ASSERT_TRUE(part.envelope);
  EXPECT_EQ(part.envelope->subject, "inner");
  EXPECT_EQ(part.envelope->from.at(0).mailbox, "a");
  ASSERT_EQ(part.children.size(), 1u);
  EXPECT_EQ(part.children[0].header.of(kNested),
            "Subject: inner\r\nFrom: a@example.org\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n");
  EXPECT_EQ(part.children[0].body.end(), part.body.end());
  EXPECT_EQ(part.body_lines, 12u);
}

std::size_t depth_of(const Part& part) {
  std::size_t depth = 0;
  for (const Part& child : part.children) depth = std::max(depth, depth_of(child));
  return depth + 1;
}

std::size_t count_of(const Part& part) {
  std::size_t count = 1;
  for (const Part& child : part.children) count += count_of(child);
  return count;
}

const Part& deepest(const Part& part) { return part.children.empty() ? part : deepest(part.children.back()); }

TEST(ParseStructure, StopsAtItsDepth) {
  std::string message = "Content-Type: multipart/x; boundary=0\r\n\r\n";
  for (int i = 0; i < 2000; ++i) {
    message +=
        "--" + std::to_string(i) + "\r\nContent-Type: multipart/x; boundary=" + std::to_string(i + 1) + "\r\n\r\n";
  }
  const Part root = parse_structure(message);
  EXPECT_EQ(depth_of(root), 1001u);
  EXPECT_EQ(outline(deepest(root)), "application/octet-stream");
  EXPECT_EQ(deepest(root).body.end(), message.size());
}

TEST(ParseStructure, StopsAtItsDepthInMessages) {
  std::string message;
  for (int i = 0; i < 2000; ++i) message += "Content-Type: message/rfc822\r\n\r\n";
  const Part root = parse_structure(message);
  EXPECT_EQ(depth_of(root), 1001u);
  EXPECT_EQ(outline(deepest(root)), "application/octet-stream");
}

/// Delimiters of the outermost multipart, of one whose boundary is used twice, and of none.
TEST(ParseStructure, DelimitersEndWhatLiesWithinThemHoweverDeep) {
  std::string message = "Content-Type: multipart/x; boundary=out\r\n\r\n--out\r\n";
  for (int i = 0; i < 500; ++i) message += "Content-Type: multipart/x; boundary=same\r\n\r\n--same\r\n";
  message += "\r\n--other--\r\none\r\n--same--\r\n--same\r\n\r\ntwo\r\n--out\r\n\r\nthree\r\n--out--\r\n";
  const Part root = parse_structure(message);
  ASSERT_EQ(root.children.size(), 2u);
  EXPECT_EQ(root.children[1].body.of(message), "three");
  const Part* part = &root.children[0];
  for (int i = 0; i < 498; ++i) {
    ASSERT_EQ(part->children.size(), 1u) << i;
    part = &part->children[0];
  }
  ASSERT_EQ(part->children.size(), 2u);  // the innermost "same" was closed, and the one around it goes on
  EXPECT_EQ(deepest(part->children[0]).body.of(message), "--other--\r\none");
  EXPECT_EQ(part->children[1].body.of(message), "two");
}

TEST(ParseStructure, LastPartAllowedHoldsTheRest) {
  std::string message = "Content-Type: multipart/x; boundary=b\r\n\r\n";
  for (int i = 0; i < 150'000; ++i) message += "--b\r\n\r\nx\r\n";
  message += "--b--\r\n";
  const Part root = parse_structure(message);
  EXPECT_EQ(count_of(root), 100'000u);
  EXPECT_EQ(root.children.back().body.end() + std::string_view{"\r\n--b--\r\n"}.size(), message.size());
  EXPECT_EQ(root.children.back().kind, PartKind::leaf);
}

TEST(ParseStructure, LastPartAllowedIsNotLookedInto) {
  const StructureLimits limits{.parts_max = 2};
  constexpr std::string_view message =
      "Content-Type: multipart/x; boundary=a\r\n\r\n--a\r\nContent-Type: multipart/y; boundary=b\r\n\r\n"
      "--b\r\n\r\none\r\n--b--\r\n--a\r\n\r\ntwo\r\n--a--\r\n";
  const Part root = parse_structure(message, limits);
  EXPECT_EQ(outline(root), "multipart/x(application/octet-stream)");
  EXPECT_EQ(root.children[0].body.of(message), "--b\r\n\r\none\r\n--b--\r\n--a\r\n\r\ntwo");
  EXPECT_EQ(outline(parse_structure(message, {.parts_max = 1})), "application/octet-stream");
}

TEST(ParseStructure, EmbeddedMessageThatIsNotThereCountsAsAPart) {
  constexpr std::string_view message =
      "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\nX: 1\r\n--b\r\n\r\nSubject: 2\r\n\r\n--b--\r\n";
  EXPECT_EQ(outline(parse_structure(message, {.parts_max = 3})), "multipart/digest(message/rfc822(text/plain))");
}

TEST(ParseStructure, HeaderBeyondTheLimitIsBody) {
  const Part part = parse_structure("A: 1\r\nB: 2\r\n\r\nx", {.header_max_octets = 11});
  EXPECT_EQ(part.header, (Extent{0, 6}));
  EXPECT_EQ(part.body, (Extent{6, 9}));
}

TEST(ParseStructure, EnvelopesShareOneLimit) {
  std::string message = "Content-Type: multipart/digest; boundary=b\r\n\r\n";
  for (int i = 0; i < 3; ++i) message += "--b\r\n\r\nTo: a@x, b@x\r\n\r\nbody\r\n";
  const Part root = parse_structure(message, {.addresses_max = 3});
  ASSERT_EQ(root.children.size(), 3u);
  EXPECT_EQ(root.children[0].envelope->to.size(), 2u);
  EXPECT_EQ(root.children[1].envelope->to.size(), 1u);
  EXPECT_EQ(root.children[2].envelope->to.size(), 0u);
}

}  // namespace
}  // namespace posthaste::mime
