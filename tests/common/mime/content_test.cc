// Content-Type, Content-Disposition, Content-Language and their parameters.
#include "common/mime/content.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace posthaste::mime {
namespace {

using Parameters = std::vector<Parameter>;

struct TypeCase {
  const char* name;
  std::string_view text;
  std::optional<ContentType> content_type;
};

const TypeCase kTypeCases[] = {
    {"RFC2045Unquoted", " text/plain; charset=us-ascii (Plain text)\r\n",
     ContentType{"text", "plain", {{"charset", "us-ascii"}}}},
    {"RFC2045Quoted", "text/plain; charset=\"us-ascii\"", ContentType{"text", "plain", {{"charset", "us-ascii"}}}},
    {"CaseStays", "TEXT/Html;Charset=X", ContentType{"TEXT", "Html", {{"Charset", "X"}}}},
    {"Folds", "multipart/mixed;\r\n\tboundary=\"a\r\n b\"",
     ContentType{"multipart", "mixed", {{"boundary", "a b"}}}},
    {"CommentsAnywhere", "(x) text (y) / (z) plain (q) ; (r) a (s) = (t) b (u)",
     ContentType{"text", "plain", {{"a", "b"}}}},
    {"QuotedPairs", R"(a/b; c="d\"e\\f;g")", ContentType{"a", "b", {{"c", "d\"e\\f;g"}}}},
    {"OrderAndDoublesStay", "a/b; x=1; y=2; x=3", ContentType{"a", "b", {{"x", "1"}, {"y", "2"}, {"x", "3"}}}},
    {"ExtendedNamesStay", "a/b; n*0*=utf-8''%41; n*1=b",
     ContentType{"a", "b", {{"n*0*", "utf-8''%41"}, {"n*1", "b"}}}},
    {"EmptyValue", "a/b; c=; d=\"\"", ContentType{"a", "b", {{"c", ""}, {"d", ""}}}},
    // odd, and read nonetheless
    {"NoParameters", "text/plain;", ContentType{"text", "plain", {}}},
    {"ManySemicolons", "text/plain;;; a=b;;", ContentType{"text", "plain", {{"a", "b"}}}},
    {"MissingSemicolon", "text/plain charset=x", ContentType{"text", "plain", {{"charset", "x"}}}},
    {"SpacesInAnUnquotedValue", "a/b; name=my file (1).pdf; c=d",
     ContentType{"a", "b", {{"name", "my file"}, {"c", "d"}}}},
    {"BracketInAnUnquotedValue", "a/b; name=file(1).pdf", ContentType{"a", "b", {{"name", "file(1).pdf"}}}},
    {"SpecialsInAnUnquotedValue", "a/b; boundary==_x/y?z", ContentType{"a", "b", {{"boundary", "=_x/y?z"}}}},
    {"UnclosedQuote", "a/b; c=\"d", ContentType{"a", "b", {{"c", "d"}}}},
    {"NameWithoutValue", "a/b; c; d=e", ContentType{"a", "b", {{"d", "e"}}}},
    {"ValueWithoutName", "a/b; =c; d=e", ContentType{"a", "b", {{"d", "e"}}}},
    {"GarbageAfterAQuote", "a/b; c=\"d\" e; f=g", ContentType{"a", "b", {{"c", "d"}, {"f", "g"}}}},
    // parameters without a semicolon before them
    {"NoSemicolonBehindAnUnquotedValue", "a/b; boundary=b charset=utf-8",
     ContentType{"a", "b", {{"boundary", "b"}, {"charset", "utf-8"}}}},
    {"NoSemicolonBeforeAQuotedValue", "a/b; charset=utf-8 boundary=\"b\"",
     ContentType{"a", "b", {{"charset", "utf-8"}, {"boundary", "b"}}}},
    {"NoSemicolonAtAFold", "a/b; boundary=b\r\n\tformat=flowed; c=d",
     ContentType{"a", "b", {{"boundary", "b"}, {"format", "flowed"}, {"c", "d"}}}},
    {"NoSemicolonAndSpaceAroundTheSign", "a/b; type=x/y BOUNDARY = b",
     ContentType{"a", "b", {{"type", "x/y"}, {"BOUNDARY", "b"}}}},
    {"NoSemicolonThreeTimes", "a/b; report-type=r boundary=b charset=c",
     ContentType{"a", "b", {{"report-type", "r"}, {"boundary", "b"}, {"charset", "c"}}}},
    {"NoSuchParameterInAFileName", "a/b; name=1 x=2.pdf", ContentType{"a", "b", {{"name", "1 x=2.pdf"}}}},
    {"NameInAFileName", "a/b; name=my name.pdf", ContentType{"a", "b", {{"name", "my name.pdf"}}}},
    // not a type
    {"Empty", "", std::nullopt},
    {"OnlyType", "text", std::nullopt},
    {"NoSubtype", "text/; charset=x", std::nullopt},
    {"NoType", "/plain", std::nullopt},
    {"OnlyParameters", "; charset=x", std::nullopt},
    {"QuotedType", "\"text/plain\"", std::nullopt},
    {"UnclosedComment", "(text/plain", std::nullopt},
    {"EightBitType", "t\xE9xt/plain", std::nullopt},
};

TEST(ParseContentType, ReadsEachCase) {
  for (const auto& c : kTypeCases) EXPECT_EQ(parse_content_type(c.text), c.content_type) << c.name;
}

TEST(ParseContentType, KeepsAHundredParameters) {
  std::string text = "a/b";
  for (int i = 0; i < 1000; ++i) text += ";c=d";
  EXPECT_EQ(parse_content_type(text)->parameters.size(), kParametersMax);
}

TEST(ContentTypeIs, IgnoresCase) {
  const ContentType content_type{"Text", "PLAIN", {}};
  EXPECT_TRUE(content_type.is("text"));
  EXPECT_TRUE(content_type.is("text", "plain"));
  EXPECT_FALSE(content_type.is("text", "html"));
  EXPECT_FALSE(content_type.is("tex"));
}

TEST(ParseDisposition, ReadsEachCase) {
  struct {
    std::string_view text;
    std::optional<Disposition> disposition;
  } const cases[] = {
      {"inline", Disposition{"inline", {}}},  // RFC 2183 §3
      {"attachment; filename=genome.jpeg;\r\n modification-date=\"Wed, 12 Feb 1997 16:29:51 -0500\";",
       Disposition{"attachment",
                   {{"filename", "genome.jpeg"}, {"modification-date", "Wed, 12 Feb 1997 16:29:51 -0500"}}}},
      {"attachment filename=x", Disposition{"attachment", {{"filename", "x"}}}},
      {"", std::nullopt},
      {"; filename=x", std::nullopt},
      {"\"attachment\"", std::nullopt},
  };
  for (const auto& c : cases) EXPECT_EQ(parse_disposition(c.text), c.disposition) << c.text;
}

TEST(ParseLanguages, ReadsTags) {
  EXPECT_EQ(parse_languages("da"), std::vector<std::string>{"da"});
  EXPECT_EQ(parse_languages("mi, (Maori)\r\n en-GB,,"), (std::vector<std::string>{"mi", "en-GB"}));
  EXPECT_TRUE(parse_languages(" , (no) ,").empty());
  EXPECT_TRUE(parse_languages("").empty());
}

TEST(ParseToken, ReadsTheFirst) {
  EXPECT_EQ(parse_token(" (c) base64 (d)\r\n"), "base64");
  EXPECT_EQ(parse_token("quoted-printable; x"), "quoted-printable");
  EXPECT_EQ(parse_token(""), std::nullopt);
  EXPECT_EQ(parse_token("\"7bit\""), std::nullopt);
}

TEST(FindParameter, ReadsEachForm) {
  struct {
    const char* name;
    Parameters parameters;
    std::optional<std::string> value;
  } const cases[] = {
      {"Plain", {{"n", "v"}}, "v"},
      {"InAnyCase", {{"N", "v"}}, "v"},
      {"TheFirst", {{"n", "1"}, {"n", "2"}}, "1"},
      {"RFC2231Continuation", {{"n*0", "ftp://"}, {"n*1", "cs.utk.edu/pub"}}, "ftp://cs.utk.edu/pub"},
      {"RFC2231Charset", {{"n*", "us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A"}}, "This is ***fun***"},
      {"RFC2231Both",
       {{"n*0*", "us-ascii'en'This%20is%20even%20more%20"},
        {"n*1*", "%2A%2A%2Afun%2A%2A%2A%20"},
        {"n*2", "isn't it!"}},
       "This is even more ***fun*** isn't it!"},
      {"SectionsInAnyOrder", {{"n*1", "b"}, {"n*0", "a"}}, "ab"},
      {"CharacterCutBySections", {{"n*0*", "utf-8''%E2%82"}, {"n*1*", "%AC"}}, "\xE2\x82\xAC"},
      {"OtherCharset", {{"n*", "iso-8859-1''%E9"}}, "\xC3\xA9"},
      {"ExtendedComesBeforePlain", {{"n", "plain"}, {"n*", "utf-8''better"}}, "better"},
      {"EncodedWord", {{"n", "=?iso-8859-1?Q?=E9?="}}, "\xC3\xA9"},
      {"GapEndsTheValue", {{"n*0", "a"}, {"n*2", "c"}}, "a"},
      {"NoCharset", {{"n*", "''%41"}}, "A"},
      {"NoQuotes", {{"n*", "%41"}}, "A"},
      {"OneQuote", {{"n*", "utf-8'%41"}}, "utf-8'A"},
      {"BadPercent", {{"n*", "utf-8''%4%zz%"}}, "%4%zz%"},
      {"UnknownCharset", {{"n*", "x-nobody''%41%FF"}}, "A\xEF\xBF\xBD"},
      {"WithoutSectionZero", {{"n*1", "b"}}, std::nullopt},
      {"OtherName", {{"nn", "v"}, {"m", "v"}}, std::nullopt},
      {"OnlyStars", {{"*", "v"}, {"**", "v"}, {"*0", "v"}}, std::nullopt},
      {"SectionIsNoNumber", {{"n*x", "v"}, {"n*99999999999999999999", "v"}}, std::nullopt},
      {"None", {}, std::nullopt},
  };
  for (const auto& c : cases) EXPECT_EQ(find_parameter(c.parameters, "n"), c.value) << c.name;
}

struct JoinCase {
  const char* name;
  Parameters parameters;
  Parameters joined;
};

const JoinCase kJoinCases[] = {
    {"RFC2231Section3",
     {{"access-type", "URL"}, {"url*0", "ftp://"}, {"url*1", "cs.utk.edu/pub/moore"}},
     {{"access-type", "URL"}, {"url", "ftp://cs.utk.edu/pub/moore"}}},
    {"RFC2231Section4",
     {{"title*0*", "us-ascii'en'This%20is%20even%20more%20"},
      {"title*1*", "%2A%2A%2Afun%2A%2A%2A%20"},
      {"title*2", "isn't it!"}},
     {{"title*", "us-ascii'en'This%20is%20even%20more%20%2A%2A%2Afun%2A%2A%2A%20isn%27t%20it!"}}},
    {"OneSection", {{"n*0", "a"}}, {{"n", "a"}}},
    {"OneEncodedSection", {{"n*0*", "utf-8''%C3%A9"}}, {{"n*", "utf-8''%C3%A9"}}},
    {"InAnyOrder", {{"n*2", "c"}, {"x", "y"}, {"n*0", "a"}, {"N*1", "b"}}, {{"n", "abc"}, {"x", "y"}}},
    {"TenSections",
     {{"n*0", "0"},
      {"n*1", "1"},
      {"n*2", "2"},
      {"n*3", "3"},
      {"n*4", "4"},
      {"n*5", "5"},
      {"n*6", "6"},
      {"n*7", "7"},
      {"n*8", "8"},
      {"n*9", "9"},
      {"n*10", "10"}},
     {{"n", "012345678910"}}},
    {"TwoValues",
     {{"n*0", "a"}, {"m*0*", "utf-8''x"}, {"n*1", "b"}, {"m*1", "%"}},
     {{"n", "ab"}, {"m*", "utf-8''x%25"}}},
    {"OnlyLaterSectionsAreEncoded", {{"n*0", "50%41"}, {"n*1*", "%C3%A9"}}, {{"n*", "utf-8''50%2541%C3%A9"}}},
    {"NoCharsetInTheFirst", {{"n*0*", "%41"}, {"n*1*", "'b'c"}}, {{"n*", "utf-8''%41'b'c"}}},
    {"CodesCutInTwoAreNone", {{"n*0*", "utf-8''%4"}, {"n*1*", "1"}}, {{"n*", "utf-8''%2541"}}},
    {"OctetsBeyondAscii", {{"n*0*", "utf-8''"}, {"n*1", "\xC3\xA9"}}, {{"n*", "utf-8''%C3%A9"}}},
    {"GapEndsTheValue", {{"n*0", "a"}, {"n*2", "c"}}, {{"n", "a"}, {"n*2", "c"}}},
    {"WithoutABeginning", {{"n*1", "b"}, {"n*2", "c"}}, {{"n*1", "b"}, {"n*2", "c"}}},
    {"PlainGivesWayToThem", {{"n", "plain"}, {"n*0", "a"}}, {{"n", "a"}}},
    {"PlainStaysBesideAnEncodedOne", {{"n", "plain"}, {"n*0*", "utf-8''a"}}, {{"n", "plain"}, {"n*", "utf-8''a"}}},
    {"TheyGiveWayToAWholeOne",
     {{"n*0*", "utf-8''a"}, {"n*", "utf-8''b"}},
     {{"n*0*", "utf-8''a"}, {"n*", "utf-8''b"}}},
    {"ASectionTwice", {{"n*0", "a"}, {"n*0", "x"}, {"n*1", "b"}}, {{"n", "ab"}}},
    {"NamesWithAnotherStarStay", {{"n**0", "a"}, {"n*0*1", "b"}}, {{"n**0", "a"}, {"n*0*1", "b"}}},
    {"OthersStay",
     {{"n*", "utf-8''a"}, {"*0", "b"}, {"m*x", "c"}},
     {{"n*", "utf-8''a"}, {"*0", "b"}, {"m*x", "c"}}},
};

TEST(JoinContinuations, JoinsEachCase) {
  for (const auto& c : kJoinCases) EXPECT_EQ(join_continuations(c.parameters), c.joined) << c.name;
}

TEST(JoinContinuations, ChangesNoValue) {
  for (const auto& c : kJoinCases) {
    for (const char* name : {"n", "m", "x", "url", "title"}) {
      EXPECT_EQ(find_parameter(c.joined, name), find_parameter(c.parameters, name)) << c.name << ' ' << name;
    }
  }
}

TEST(JoinContinuations, IsNeededWhereThereAreSections) {
  EXPECT_TRUE(has_continuations(Parameters{{"x", "y"}, {"n*0", "a"}}));
  EXPECT_TRUE(has_continuations(Parameters{{"n*0*", "a"}}));
  EXPECT_FALSE(has_continuations(Parameters{{"n*", "a"}, {"*0", "b"}, {"n", "c*0"}}));
}

}  // namespace
}  // namespace posthaste::mime
