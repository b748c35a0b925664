#include "common/mime/casemap.h"

#include <gtest/gtest.h>

#include "common/base/octets.h"

namespace posthaste::mime {
namespace {

struct Same {
  const char* name;
  const char* one;
  const char* other;
};

// Pairs that i;unicode-casemap (RFC 5051) does not tell apart.
const Same kSame[] = {
    {"Ascii", "re: Hello [09]", "RE: hELLO [09]"},
    {"Latin1", "GR\u00dcSSE \u00c6", "gr\u00fcsse \u00e6"},
    {"LatinExtended", "\u0160\u017b\u0178", "\u0161\u017c\u00ff"},
    {"ComposedAndDecomposed", "\u00e9", "E\u0301"},
    {"TwoMarksOnOneLetter", "\u1ec7", "E\u0323\u0302"},
    {"Greek", "\u0391\u03a3\u0386", "\u03b1\u03c2\u03ac"},
    {"FinalSigma", "\u03c3", "\u03c2"},
    {"Cyrillic", "\u041f\u0420\u0418\u0412\u0415\u0422 \u0419", "\u043f\u0440\u0438\u0432\u0435\u0442 \u0439"},
    {"Armenian", "\u0531", "\u0561"},
    {"Deseret", "\U00010400", "\U00010428"},
    {"FullWidth", "\uff21\uff42", "aB"},
    {"FullWidthBar", "\uff5c", "|"},
    {"EmSpace", "\u2003", " "},
    {"SpacingDiaeresis", "\u00a8", " \u0308"},
    {"LongS", "\u017f", "s"},
    {"MicroSignIsTheLetter", "\u00b5", "\u03bc"},
    {"NoBreakSpace", "a\u00a0b", "A B"},
    {"HangulSyllableOfTwoLetters", "\uac00", "\u1100\u1161"},
    {"HangulSyllableOfThreeLetters", "\ud55c", "\u1112\u1161\u11ab"},
    {"MathematicalLetter", "\U0001d400", "a"},
};

TEST(Casemap, MakesTheSameOfOneLetterInItsForms) {
  for (const auto& test : kSame) EXPECT_EQ(casemap(test.one), casemap(test.other)) << test.name;
}

const Same kOthers[] = {
    {"AccentsCount", "e", "\u00e9"},
    {"SharpSIsNoDoubleS", "\u00df", "ss"},  // no simple title case
    {"ALigatureIsDecomposedAfterItsTitleCase", "\ufb01", "fi"},
    {"Digits", "1", "2"},
    {"Han", "\u65e5", "\u6708"},
    {"LatinAndCyrillic", "A", "\u0410"},
    {"BrokenOctets", "\xc3", "\xc4"},
};

TEST(Casemap, KeepsApartWhatIsNotTheSame) {
  for (const auto& test : kOthers) EXPECT_NE(casemap(test.one), casemap(test.other)) << test.name;
}

TEST(Casemap, OctetsThatAreNoTextStay) {
  for (const char* broken : {"\xc3", "\xff", "\x80\x80", "\xe2\x82", "\xf0\x9d\x90", "\xed\xa0\x80"}) {
    EXPECT_EQ(casemap(broken), broken);
  }
}

// Runs of ASCII are read in groups of octets.
TEST(Casemap, EveryAsciiOctetIsMappedAtEveryPlaceInARun) {
  for (std::size_t before = 0; before < 9; ++before) {
    for (char c = 0; c != '\x7f'; ++c) {
      const std::string text = std::string(before, 'a') + c + "zz\u00e9zzzzzzzzz";
      const std::string expected = std::string(before, 'A') + to_upper(c) + "ZZE\u0301ZZZZZZZZZ";
      EXPECT_EQ(casemap(text), expected) << before << ' ' << static_cast<int>(c);
    }
  }
}

TEST(Casemap, SortsCapitalsAndSmallLettersTogether) {
  EXPECT_LT(casemap("apple"), casemap("Banana"));
  EXPECT_LT(casemap("Zebra"), casemap("_"));  // title case: letters lie before "_" (RFC 5051 §2)
  EXPECT_LT(casemap(""), casemap("a"));
}

}  // namespace
}  // namespace posthaste::mime
