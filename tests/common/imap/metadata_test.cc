// GETMETADATA and SETMETADATA, as RFC 5464 §5 writes them, and names that no entry has (§3.2).
#include "common/imap/metadata.h"

#include <gtest/gtest.h>

#include "common/imap/command.h"

namespace posthaste::imap {
namespace {

using enum MetadataDepth;

struct GetCase {
  const char* name;
  std::string_view text;
  GetMetadata expected;
};

const GetCase kGetCases[] = {
    {"OfTheServer", "a GETMETADATA \"\" /shared/comment", {std::nullopt, {"/shared/comment"}, {}, zero}},
    {"OfTheServerInALiteral", "a GETMETADATA {0}\r\n /shared/comment", {{}, {"/shared/comment"}, {}, zero}},
    {"OfAMailbox", "a getmetadata inbox /private/comment", {"INBOX", {"/private/comment"}, {}, zero}},
    {"OfSeveral",
     "a GETMETADATA \"INBOX\" (/shared/comment /private/comment)",
     {"INBOX", {"/shared/comment", "/private/comment"}, {}, zero}},
    {"OptionsComeBefore",
     "a GETMETADATA (MAXSIZE 1024 DEPTH 1) INBOX /private/a",
     {"INBOX", {"/private/a"}, 1'024, one}},
    {"OptionsComeBehindAsInTheExamples",
     "a GETMETADATA \"INBOX\" (MAXSIZE 1024) (/shared/comment /private/comment)",
     {"INBOX", {"/shared/comment", "/private/comment"}, 1'024, zero}},
    {"DepthZero", "a GETMETADATA (DEPTH 0) INBOX /private", {"INBOX", {"/private"}, {}, zero}},
    {"DepthInfinity", "a GETMETADATA (depth Infinity) INBOX (/private)", {"INBOX", {"/private"}, {}, infinity}},
    {"MaxSizeZero", "a GETMETADATA (MAXSIZE 0) INBOX /private/a", {"INBOX", {"/private/a"}, 0, zero}},
    {"NamesHaveNoCase", "a GETMETADATA INBOX /Private/COMMENT", {"INBOX", {"/private/comment"}, {}, zero}},
    {"NamesInStrings",
     "a GETMETADATA INBOX (\"/private/a b\" {10}\r\n/private/c)",
     {"INBOX", {"/private/a b", "/private/c"}, {}, zero}},
    {"PrivateAndShared", "a GETMETADATA \"\" (/private /shared)", {{}, {"/private", "/shared"}, {}, zero}},
};

TEST(GetMetadata, IsReadAsTheRfcWritesIt) {
  for (const GetCase& test : kGetCases) {
    const auto command = parse_command(test.text);
    ASSERT_TRUE(command) << test.name;
    EXPECT_EQ(std::get<GetMetadata>(command->body), test.expected) << test.name;
  }
}

struct SetCase {
  const char* name;
  std::string text;
  SetMetadata expected;
};

const std::string kWithNul("~{4}\r\na\0\r\n", 10);

const SetCase kSetCases[] = {
    {"NilRemoves", "a SETMETADATA INBOX (/private/comment NIL)", {"INBOX", {{"/private/comment", std::nullopt}}}},
    {"Several",
     "a SETMETADATA INBOX (/private/comment \"My new comment\" /shared/comment \"\")",
     {"INBOX", {{"/private/comment", "My new comment"}, {"/shared/comment", ""}}}},
    {"OfTheServer",
     "a SETMETADATA \"\" (/private/vendor/token/x {1}\r\n1)",
     {std::nullopt, {{"/private/vendor/token/x", "1"}}}},
    {"EightBits",
     "a SETMETADATA INBOX (/private/comment {2}\r\n\xff\n)",
     {"INBOX", {{"/private/comment", "\xff\n"}}}},
    {"Literal8HoldsNul",
     "a SETMETADATA INBOX (/private/comment " + kWithNul + ")",
     {"INBOX", {{"/private/comment", std::string("a\0\r\n", 4)}}}},
    {"ALongValueIsNoErrorOfSyntax",
     "a SETMETADATA INBOX (/private/comment {70000}\r\n" + std::string(70'000, 'v') + ")",
     {"INBOX", {{"/private/comment", std::string(70'000, 'v')}}}},
    {"TheLongestName",
     "a SETMETADATA INBOX (/private/" + std::string(246, 'e') + " \"1\")",
     {"INBOX", {{"/private/" + std::string(246, 'e'), "1"}}}},
    {"MostSigns",
     "a SETMETADATA INBOX (\"/shared/\x1a\x7f(){\\\\\" \"1\")",
     {"INBOX", {{"/shared/\x1a\x7f(){\\", "1"}}}},
};

TEST(SetMetadata, IsReadAsTheRfcWritesIt) {
  for (const SetCase& test : kSetCases) {
    const auto command = parse_command(test.text);
    ASSERT_TRUE(command) << test.name;
    EXPECT_EQ(std::get<SetMetadata>(command->body), test.expected) << test.name;
  }
}

struct WrongCase {
  std::string text;
  SyntaxErrorKind kind = SyntaxErrorKind::syntax;
};

std::string with_entries(std::size_t count) {
  std::string text = "a GETMETADATA INBOX (";
  for (std::size_t i = 0; i < count; ++i) text += "/private/a ";
  text.back() = ')';
  return text;
}

const WrongCase kWrongCases[] = {
    {"a GETMETADATA"},
    {"a GETMETADATA INBOX"},
    {"a GETMETADATA INBOX "},
    {"a GETMETADATA INBOX ()"},
    {"a GETMETADATA /private/a", SyntaxErrorKind::bad_mailbox_name},
    {"a GETMETADATA INBOX /private/a /private/b"},
    {"a GETMETADATA INBOX (/private/a"},
    {"a GETMETADATA () INBOX /private/a"},
    {"a GETMETADATA (DEPTH) INBOX /private/a"},
    {"a GETMETADATA (DEPTH 2) INBOX /private/a"},
    {"a GETMETADATA (DEPTH 01) INBOX /private/a"},
    {"a GETMETADATA (DEPTH 1 DEPTH 0) INBOX /private/a"},
    {"a GETMETADATA (MAXSIZE) INBOX /private/a"},
    {"a GETMETADATA (MAXSIZE -1) INBOX /private/a"},
    {"a GETMETADATA (MAXSIZE 1 MAXSIZE 2) INBOX /private/a"},
    {"a GETMETADATA (MAXSIZE 4294967296) INBOX /private/a", SyntaxErrorKind::too_long},
    {"a GETMETADATA (FROB 1) INBOX /private/a"},
    {"a GETMETADATA (DEPTH 1) INBOX (MAXSIZE 1) /private/a"},
    {"a GETMETADATA \"*\" /private/a", SyntaxErrorKind::bad_mailbox_name},
    {"a GETMETADATA INBOX private/a"},
    {"a GETMETADATA INBOX /"},
    {"a GETMETADATA INBOX \"\""},
    {"a GETMETADATA INBOX /other/a"},
    {"a GETMETADATA INBOX /privately/a"},
    {"a GETMETADATA INBOX /private/"},
    {"a GETMETADATA INBOX /private//a"},
    {"a GETMETADATA INBOX /private/a/"},
    {"a GETMETADATA INBOX /private/*"},
    {"a GETMETADATA INBOX \"/private/*\""},
    {"a GETMETADATA INBOX \"/private/%a\""},
    {"a GETMETADATA INBOX \"/private/\x19\""},
    {"a GETMETADATA INBOX \"/private/\t\""},
    {"a GETMETADATA INBOX \"/private/\xc3\xa4\""},
    {"a GETMETADATA INBOX {11}\r\n/private/\xc3\xa4"},
    {"a GETMETADATA INBOX NIL"},
    {"a GETMETADATA INBOX /private/" + std::string(247, 'e'), SyntaxErrorKind::too_long},
    {with_entries(101), SyntaxErrorKind::too_long},
    {"a SETMETADATA"},
    {"a SETMETADATA INBOX"},
    {"a SETMETADATA INBOX ()"},
    {"a SETMETADATA INBOX /private/a \"1\""},
    {"a SETMETADATA INBOX (/private/a)"},
    {"a SETMETADATA INBOX (/private/a 1)"},
    {"a SETMETADATA INBOX (/private/a \"1\" )"},
    {"a SETMETADATA INBOX (/private/a \"1\" /private/b)"},
    {"a SETMETADATA INBOX (/private/a \"1\""},
    {"a SETMETADATA INBOX (/private/a \"1\")x"},
    {"a SETMETADATA INBOX (/private/a NILS)"},
    {"a SETMETADATA INBOX (/private \"1\")"},
    {"a SETMETADATA INBOX (/shared \"1\")"},
    {"a SETMETADATA INBOX (/private/vendor \"1\")"},
    {"a SETMETADATA INBOX (/private/vendor/token \"1\")"},
    {"a SETMETADATA INBOX (/shared/Vendor/token NIL)"},
    {"a SETMETADATA INBOX (/private/a/ \"1\")"},
    {"a SETMETADATA INBOX (\"/private/a*\" \"1\")"},
    {"a SETMETADATA INBOX (/private/a " + std::string("{1}\r\n\0)", 7)},
    {"a SETMETADATA INBOX (/private/a " + std::string("\"\0\")", 4)},
    {"a SETMETADATA INBOX (/private/a ~\"1\")"},
    {"a SETMETADATA INBOX (/private/a ~{2}\r\n1)"},
    {"a SETMETADATA (DEPTH 1) INBOX (/private/a \"1\")"},
    {"a SETMETADATA \"%\" (/private/a \"1\")", SyntaxErrorKind::bad_mailbox_name},
};

TEST(Metadata, WhatCannotBeIsRefused) {
  for (const WrongCase& test : kWrongCases) {
    const auto command = parse_command(test.text);
    ASSERT_FALSE(command) << test.text;
    EXPECT_EQ(command.error().kind, test.kind) << test.text;
  }
  EXPECT_TRUE(parse_command(with_entries(100)));
}

TEST(Depth, SaysHowFarBelow) {  // RFC 5464 §4.2.2
  EXPECT_TRUE(is_within("/private/a", "/private/a", zero));
  EXPECT_FALSE(is_within("/private/a/b", "/private/a", zero));
  EXPECT_TRUE(is_within("/private/a", "/private/a", one));
  EXPECT_TRUE(is_within("/private/a/b", "/private/a", one));
  EXPECT_FALSE(is_within("/private/a/b/c", "/private/a", one));
  EXPECT_FALSE(is_within("/private/ab", "/private/a", one));
  EXPECT_TRUE(is_within("/private/a/b/c", "/private/a", infinity));
  EXPECT_FALSE(is_within("/private/ab/c", "/private/a", infinity));
  EXPECT_FALSE(is_within("/private", "/private/a", infinity));
  EXPECT_TRUE(is_private_entry("/private/a"));
  EXPECT_FALSE(is_private_entry("/shared/private"));
}

}  // namespace
}  // namespace posthaste::imap
