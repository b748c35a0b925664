#include "common/imap/fetch.h"

#include <gtest/gtest.h>

namespace posthaste::imap {
namespace {

using Items = std::vector<FetchItem>;

FetchBody body_of(Section section, std::optional<Partial> partial = {}, bool peek = false) {
  return {std::move(section), partial, peek, BodyItem::body};
}

TEST(FetchItems, AreRead) {
  struct Case {
    const char* name;
    const char* text;
    Items expected;
  };
  using enum FetchAttribute;
  const Case kCases[] = {
      {"Fast", "FAST", {flags, internal_date, rfc822_size}},
      {"All", "all", {flags, internal_date, rfc822_size, envelope}},
      {"Full", "Full", {flags, internal_date, rfc822_size, envelope, body}},
      {"OneWithoutParentheses", "FLAGS", {flags}},
      {"OneWithParentheses", "(FLAGS)", {flags}},
      {"SpacesInsideAreForgiven", "( FLAGS  UID )", {flags, uid}},
      {"AttributesWithoutArguments",
       "(ENVELOPE INTERNALDATE RFC822.SIZE BODY BODYSTRUCTURE UID MODSEQ EMAILID THREADID SAVEDATE)",
       {envelope, internal_date, rfc822_size, body, body_structure, uid, mod_seq, email_id, thread_id, save_date}},
      {"WholeMessage", "BODY[]", {body_of({})}},
      {"Peek", "BODY.PEEK[]", {body_of({}, {}, true)}},
      {"Header", "BODY[HEADER]", {body_of({{}, SectionText::header, {}})}},
      {"Text", "body[text]", {body_of({{}, SectionText::text, {}})}},
      {"Part", "BODY[1.2.3]", {body_of({{1, 2, 3}, SectionText::content, {}})}},
      {"PartsHeader", "BODY[4.1.HEADER]", {body_of({{4, 1}, SectionText::header, {}})}},
      {"PartsMime", "BODY[4.2.2.MIME]", {body_of({{4, 2, 2}, SectionText::mime, {}})}},
      {"PartsText", "BODY[3.TEXT]", {body_of({{3}, SectionText::text, {}})}},
      {"FirstOctets", "BODY[]<0.2048>", {body_of({}, Partial{0, 2048})}},
      {"LargestPartial",
       "BODY[]<9223372036854775807.9223372036854775807>",
       {body_of({}, Partial{9223372036854775807U, 9223372036854775807U})}},
      // RFC 9051 §6.4.5
      {"HeaderFields",
       "(FLAGS BODY[HEADER.FIELDS (DATE FROM)])",
       {flags, body_of({{}, SectionText::header_fields, {"DATE", "FROM"}})}},
      {"HeaderFieldsNot",
       "BODY.PEEK[1.HEADER.FIELDS.NOT (\"Subject\")]<5.10>",
       {body_of({{1}, SectionText::header_fields_not, {"Subject"}}, Partial{5, 10}, true)}},
      {"Rfc822Family",
       "(RFC822 RFC822.HEADER RFC822.TEXT)",
       {FetchBody{{}, {}, false, BodyItem::rfc822},
        FetchBody{{{}, SectionText::header, {}}, {}, true, BodyItem::rfc822_header},
        FetchBody{{{}, SectionText::text, {}}, {}, false, BodyItem::rfc822_text}}},
      {"Binary", "BINARY[1.2]<1.2>", {FetchBinary{{1, 2}, Partial{1, 2}, false}}},
      {"BinaryPeek", "BINARY.PEEK[]", {FetchBinary{{}, {}, true}}},
      {"BinarySize", "BINARY.SIZE[3]", {FetchBinarySize{{3}}}},
      // RFC 8970 §5
      {"Preview", "(RFC822.SIZE PREVIEW)", {rfc822_size, FetchPreview{}}},
      {"LazyPreview", "(ENVELOPE PREVIEW (LAZY))", {envelope, FetchPreview{true}}},
  };
  for (const auto& test : kCases) EXPECT_EQ(parse_fetch_items(test.text), test.expected) << test.name;
}

TEST(FetchItems, ErrorsNameTheOctet) {
  struct Case {
    const char* text;
    std::size_t offset;
  };
  const Case kCases[] = {
      {"", 0},
      {"()", 0},
      {"(", 1},
      {"FLAG", 0},
      {"FLAGS UID", 5},
      {"(FLAGS", 6},
      {"(FLAGS,UID)", 6},
      {"(ALL)", 1},
      {"BODY[", 5},
      {"BODY[1", 6},
      {"BODY[0]", 5},
      {"BODY[1.]", 7},
      {"BODY[1..2]", 7},
      {"BODY[.1]", 5},
      {"BODY[MIME]", 5},
      {"BODY[HEADER.FIELDS]", 18},
      {"BODY[HEADER.FIELDS ()]", 19},
      {"BODY[HEADER.FIELDS (A]", 22},
      {"BODY[HEADER (A)]", 11},
      {"BODY[TEXT.1]", 5},
      {"BODY[FOO]", 5},
      {"BODY[]<0>", 8},
      {"BODY[]<0.0>", 9},
      {"BODY[]<.1>", 7},
      {"BODY[]<0.1", 10},
      {"BODY[]<-1.1>", 7},
      {"BODY.PEEK", 0},
      {"FLAGS[]", 0},
      {"RFC822[]", 0},
      {"BINARY", 0},
      {"BINARY[HEADER]", 7},
      {"BINARY[1.MIME]", 9},
      {"BINARY.SIZE[1]<0.1>", 14},
      {"PREVIEW (EAGER)", 9},
  };
  for (const auto& test : kCases) {
    const auto items = parse_fetch_items(test.text);
    ASSERT_FALSE(items) << test.text;
    EXPECT_EQ(items.error(), (SyntaxError{SyntaxErrorKind::syntax, test.offset})) << test.text;
  }
}

TEST(FetchItems, HaveLimits) {
  std::string parts = "BODY[1";
  for (std::size_t i = 0; i < kSectionPartsMax; ++i) parts += ".1";
  std::string items = "(UID";
  for (std::size_t i = 0; i < kFetchItemsMax; ++i) items += " UID";
  std::string names = "BODY[HEADER.FIELDS (A";
  for (std::size_t i = 0; i < kHeaderListMax; ++i) names += " A";
  for (const auto& text : {parts + "]", items + ")", names + ")]", std::string("BODY[4294967296]"),
                           std::string("BODY[]<9223372036854775808.1>")}) {
    const auto read = parse_fetch_items(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().kind, SyntaxErrorKind::too_long) << text;
  }
}

TEST(FetchItems, AreNamedInTheAnswer) {
  struct Case {
    const char* asked;
    const char* answered;
  };
  const Case kCases[] = {
      {"FLAGS", "FLAGS"},
      {"bodystructure", "BODYSTRUCTURE"},
      {"BODY", "BODY"},
      {"BODY[]", "BODY[]"},
      {"BODY.PEEK[]<0.100>", "BODY[]<0>"},
      {"BODY.PEEK[HEADER]", "BODY[HEADER]"},
      {"BODY[1.2.mime]", "BODY[1.2.MIME]"},
      {"BODY[4.HEADER.FIELDS.NOT (To)]<7.1>", "BODY[4.HEADER.FIELDS.NOT (To)]<7>"},
      {"BODY.PEEK[HEADER.FIELDS (FROM TO)]<0.5>", "BODY[HEADER.FIELDS (FROM TO)]<0>"},
      {"BODY[HEADER.FIELDS (\"From\")]", "BODY[HEADER.FIELDS (From)]"},
      {"BODY[HEADER.FIELDS (\"a b\" {4}\r\n\r\n) )]", "BODY[HEADER.FIELDS (\"a b\" {4}\r\n\r\n) )]"},
      {"RFC822", "RFC822"},
      {"RFC822.HEADER", "RFC822.HEADER"},
      {"RFC822.TEXT", "RFC822.TEXT"},
      {"RFC822.SIZE", "RFC822.SIZE"},
      {"BINARY.PEEK[1.2]<3.4>", "BINARY[1.2]<3>"},
      {"BINARY.SIZE[2]", "BINARY.SIZE[2]"},
      {"PREVIEW (LAZY)", "PREVIEW"},
  };
  for (const auto& test : kCases) {
    const auto items = parse_fetch_items(test.asked);
    ASSERT_TRUE(items) << test.asked;
    EXPECT_EQ(response_name(items->front()), test.answered);
  }
}

}  // namespace
}  // namespace posthaste::imap
