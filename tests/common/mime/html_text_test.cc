#include "common/mime/html_text.h"

#include <gtest/gtest.h>

namespace posthaste::mime {
namespace {

struct Case {
  const char* name;
  const char* html;
  const char* text;
};

const Case kCases[] = {
    {"PlainTextStays", "Hello there", "Hello there"},
    {"TagsInAWordPartNothing", "im<b>por</b>tant", "important"},
    {"ParagraphsStandOnTheirOwnLines", "<p>one</p><p>two", "one\ntwo"},
    {"BreaksEndALine", "one<br>two<BR/>three", "one\ntwo\nthree"},
    {"CellsAreParted", "<tr><td>a</td><td>b</td></tr>", "a\nb\n"},
    {"CommentsAreLeftOut", "a<!-- secret > -->b", "ab"},
    {"AnOpenCommentHidesTheRest", "a<!-- secret", "a"},
    {"ScriptsAndStylesAreLeftOut", "a<script>if (x < 1) y();</script>b<STYLE>p {}</STYLE>c", "abc"},
    {"TheTitleIsLeftOut", "<head><title>T</title></head>a", "a"},
    {"AHeadWithoutEndHidesNothing", "<head><body>a", "a"},
    {"NamedCharacters", "Gr&uuml;&szlig;e &amp; &lt;b&gt; &euro;&nbsp;1",
     "Gr\u00fc\u00dfe & <b> \u20ac\u00a0"
     "1"},
    {"NumberedCharacters", "&#228;&#x20AC;&#x1F600;", "\u00e4\u20ac\U0001f600"},
    {"NoCharacterStaysAsItIs", "&none; &#0; &#xD800; &#99999999; &; & a&b;",
     "&none; &#0; &#xD800; &#99999999; &; & a&b;"},
    {"ALessThanSignIsNoTag", "1 < 2 <3 a<", "1 < 2 <3 a<"},
    {"AValueMayHoldAGreaterThanSign", "<a title=\"x > y\">link</a>", "link"},
    {"AnOpenQuoteEndsWithItsTag", "<a title=\"x>link</a> more", "link more"},
    {"AnOpenTagHidesTheRest", "text <a href", "text "},
    {"AttributesAreNoText", "<img alt='picture'>x", "x"},
    {"Nothing", "", ""},
};

TEST(HtmlText, IsWhatAReaderSees) {
  for (const auto& test : kCases) EXPECT_EQ(html_text(test.html), test.text) << test.name;
}

TEST(HtmlText, IsMadeInOnePass) {
  for (const char* piece : {"<", "<a ='", "<!--", "<script>", "&amp", "<a =\"", "</"}) {
    std::string html;
    while (html.size() < 4'000'000) html += piece;
    EXPECT_LE(html_text(html).size(), html.size());
  }
}

}  // namespace
}  // namespace posthaste::mime
