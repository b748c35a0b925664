// Where the header ends, its fields, folds, and IMAP's selections.
#include "common/mime/header.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace posthaste::mime {
namespace {

struct SplitCase {
  const char* name;
  std::string_view message;
  std::string_view header;
  std::string_view body;
};

const SplitCase kSplitCases[] = {
    {"EmptyLineEndsTheHeader", "A: b\r\n\r\nbody\r\n", "A: b\r\n\r\n", "body\r\n"},
    {"OnlyTheFirstEmptyLineCounts", "A: b\r\n\r\n\r\nx", "A: b\r\n\r\n", "\r\nx"},
    {"HeaderWithoutBody", "A: b\r\n", "A: b\r\n", ""},
    {"HeaderWithoutLineEnd", "A: b", "A: b", ""},
    {"NoHeaderAtAll", "\r\nbody", "\r\n", "body"},
    {"EmptyMessage", "", "", ""},
    {"BareLineFeeds", "A: b\n\nbody", "A: b\n\n", "body"},
    {"MixedLineEnds", "A: b\n\r\nbody", "A: b\n\r\n", "body"},
    {"BareCarriageReturnsEndNothing", "A: b\r\rbody", "A: b\r\rbody", ""},
    {"LineOfSpacesIsAFold", "A: b\r\n \r\nC: d\r\n\r\nx", "A: b\r\n \r\nC: d\r\n\r\n", "x"},
};

TEST(SplitMessage, CutsAfterTheFirstEmptyLine) {
  for (const auto& c : kSplitCases) {
    const auto split = split_message(c.message);
    EXPECT_EQ(split.header, c.header) << c.name;
    EXPECT_EQ(split.body, c.body) << c.name;
  }
}

TEST(SplitMessage, CutsAtTheLastLineEndWithinTheLimit) {
  const auto split = split_message("A: 1\r\nB: 2\r\n\r\nx", 11);
  EXPECT_EQ(split.header, "A: 1\r\n");
  EXPECT_EQ(split.body, "B: 2\r\n\r\nx");
  EXPECT_EQ(split_message("A: 1\r\n", 3).header, "");
}

TEST(Fields, AreViewsWithTheirFolds) {
  const std::string_view header = "Subject: one\r\n two\r\n\tthree\r\nTo : a\r\nX:\r\n\r\nBody: no field\r\n";
  std::vector<Field> fields;
  for (const Field& field : Fields(header)) fields.push_back(field);
  ASSERT_EQ(fields.size(), 3u);
  EXPECT_EQ(fields[0].name, "Subject");
  EXPECT_EQ(fields[0].raw, "Subject: one\r\n two\r\n\tthree\r\n");
  EXPECT_EQ(fields[0].body, " one\r\n two\r\n\tthree\r\n");
  EXPECT_EQ(fields[1].name, "To");  // RFC 5322 §4.5: white space before the colon
  EXPECT_EQ(fields[1].body, " a\r\n");
  EXPECT_EQ(fields[2].name, "X");
  EXPECT_EQ(fields[2].body, "\r\n");
}

TEST(Fields, LinesThatAreNoFieldHaveNoName) {
  using std::string_view_literals::operator""sv;
  for (const std::string_view header :
       {"From alice@example.org Mon Jan  1 00:00:00 2024\r\n"sv, "garbage\r\n"sv, ": empty name\r\n"sv,
        " Fold: first\r\n"sv, "T\xC3\xB6: eight bits\r\n"sv, "N\0: null\r\n"sv, "A b: c\r\n"sv, "\r"sv}) {
    const Fields fields(header);
    const auto first = fields.begin();
    ASSERT_NE(first, fields.end());
    EXPECT_EQ(first->name, "") << header;
    EXPECT_EQ(first->raw, header);
  }
  EXPECT_EQ(Fields("").begin(), Fields("").end());
  EXPECT_EQ(Fields("\r\nA: b\r\n").begin(), Fields("").end());
}

TEST(Unfold, RemovesLineEndsOnly) {
  EXPECT_EQ(unfold(" This\r\n is a test\r\n"), " This is a test");  // RFC 5322 §2.2.3
  EXPECT_EQ(unfold("a\n\tb\n"), "a\tb");
  EXPECT_EQ(unfold("a\rb"), "a\rb");
  EXPECT_EQ(unfold(""), "");
}

TEST(FindField, IgnoresCaseAndTakesTheFirst) {
  const std::string_view header = "Received: 1\r\nRECEIVED: 2\r\nSubject:  x\r\n y \r\n\r\n";
  EXPECT_EQ(find_value(header, "received"), "1");
  EXPECT_EQ(find_fields(header, "Received").size(), 2u);
  EXPECT_EQ(find_value(header, "subject"), "x y");
  EXPECT_FALSE(find_field(header, "Sub"));
  EXPECT_FALSE(find_field(header, "Subjects"));
  EXPECT_FALSE(find_field("garbage\r\n", ""));
  EXPECT_FALSE(find_value("", "Subject"));
}

TEST(HeaderFields, KeepsOctetsOrderAndTheEmptyLine) {
  const std::string_view header = "To: a\r\nSubject: x\r\n y\r\nCc: b\r\njunk\r\nto: c\r\n\r\n";
  const std::array<std::string, 2> names = {"SUBJECT", "To"};
  EXPECT_EQ(header_fields(header, names), "To: a\r\nSubject: x\r\n y\r\nto: c\r\n\r\n");
  EXPECT_EQ(header_fields_not(header, names), "Cc: b\r\njunk\r\n\r\n");
}

TEST(WithoutFields, IsAllElseInPieces) {
  using Pieces = std::vector<std::string_view>;
  const std::string_view names[] = {"Bcc", "Return-Path"};
  const std::pair<std::string, Pieces> kCases[] = {
      {"A: b\r\n\r\nBcc: c\r\n", {"A: b\r\n\r\nBcc: c\r\n"}},
      {"Bcc: a\r\n b\r\nA: b\r\n\r\nc", {"A: b\r\n\r\nc"}},
      {"A: b\r\nBCC : x\r\nreturn-path: y\r\nC: d\r\n\r\ne", {"A: b\r\n", "C: d\r\n\r\ne"}},
      {"A: b\r\nBcc: x\r\n", {"A: b\r\n"}},
      {"Bcc: x", {""}},
      {"", {""}},
      {"\r\nBcc: x\r\n", {"\r\nBcc: x\r\n"}},
      {"A: b\r\n Bcc: x\r\n\r\n", {"A: b\r\n Bcc: x\r\n\r\n"}},
      {"junk\r\nBcc: x\r\nBccs: y\nBcc: z\n\ne", {"junk\r\n", "Bccs: y\n", "\ne"}},
      {"Bccs: x\r\n\r\n", {"Bccs: x\r\n\r\n"}}};
  for (const auto& [message, pieces] : kCases) EXPECT_EQ(without_fields(message, names), pieces) << message;
}

TEST(HeaderFields, WithoutAMatchIsTheEmptyLine) {
  const std::array<std::string, 2> names = {"X", ""};
  EXPECT_EQ(header_fields("To: a\r\n\r\n", names), "\r\n");
  EXPECT_EQ(header_fields("To: a\n\n", names), "\n");
  EXPECT_EQ(header_fields("To: a\r\n", names), "");  // no body and no empty line (RFC 9051 §6.4.5)
  EXPECT_EQ(header_fields("junk\r\n\r\n", names), "\r\n");
  EXPECT_EQ(header_fields_not("To: a\r\n", {}), "To: a\r\n");
}

}  // namespace
}  // namespace posthaste::mime
