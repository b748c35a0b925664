// Charsets, transfer encodings, and the encoded words made of both.
#include <gtest/gtest.h>

#include <string>

#include "common/base/octets.h"
#include "common/mime/charset.h"
#include "common/mime/encoded_word.h"
#include "common/mime/transfer.h"

namespace posthaste::mime {
namespace {

struct Case {
  const char* name;
  std::string_view text;
  std::string_view decoded;
};

const Case kEncodedWords[] = {
    // RFC 2047 §8
    {"RFC2047KeithMoore", "=?US-ASCII?Q?Keith_Moore?= <moore@cs.utk.edu>", "Keith Moore <moore@cs.utk.edu>"},
    {"RFC2047KeldSimonsen", "=?ISO-8859-1?Q?Keld_J=F8rn_Simonsen?=", "Keld J\xC3\xB8rn Simonsen"},
    {"RFC2047Subject",
     "=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?= =?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=",
     "If you can read this you understand the example."},
    {"RFC2047OneWord", "(=?ISO-8859-1?Q?a?=)", "(a)"},
    {"RFC2047WordAndText", "(=?ISO-8859-1?Q?a?= b)", "(a b)"},
    {"RFC2047SpaceBetweenWordsGoes", "(=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=)", "(ab)"},
    {"RFC2047FoldBetweenWordsGoes", "(=?ISO-8859-1?Q?a?=\r\n    =?ISO-8859-1?Q?b?=)", "(ab)"},
    {"RFC2047EncodedSpace", "(=?ISO-8859-1?Q?a_b?=)", "(a b)"},
    {"RFC2047SpaceAtTheWordsStart", "(=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=)", "(a b)"},
    {"RFC2231Language", "=?US-ASCII*EN?Q?Keith_Moore?=", "Keith Moore"},
    {"SpaceAtTheWordsEnd", "=?utf-8?q?a_?= =?utf-8?q?b?=", "a b"},
    {"CharacterCutInTwo", "=?utf-8?Q?=E2=82?= =?UTF-8?B?rA==?=", "\xE2\x82\xAC"},
    {"OtherCharset", "=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "\xE6\x97\xA5\xE6\x9C\xAC"},
    {"Gb2312", "=?gb2312?B?1tDOxA==?=", "\xE4\xB8\xAD\xE6\x96\x87"},
    {"LowerCaseEncoding", "=?utf-8?b?YQ==?=", "a"},
    {"SpacesInTheWord", "=?utf-8?Q?a b?=", "a b"},
    {"PlainUtf8Stays", "\xC3\xA9", "\xC3\xA9"},
    // not quite encoded words
    {"UnknownEncoding", "=?utf-8?X?a?=", "=?utf-8?X?a?="},
    {"LongEncoding", "=?utf-8?QQ?a?=", "=?utf-8?QQ?a?="},
    {"EmptyCharset", "=??Q?a?=", "=??Q?a?="},
    {"SpaceInTheCharset", "=?utf 8?Q?a?=", "=?utf 8?Q?a?="},
    {"Unfinished", "=?utf-8?Q?a", "=?utf-8?Q?a"},
    {"UnfinishedAtTheEnd", "=?utf-8?Q?a?", "=?utf-8?Q?a?"},
    {"OnlyItsStart", "=?", "=?"},
    {"StartInsideAStart", "=?=?utf-8?Q?a?=", "=?a"},
    {"UnknownCharset", "=?x-nobody-knows?Q?a=FF?=", "a\xEF\xBF\xBD"},
    {"BadCode", "=?utf-8?Q?a=GGb=?=", "a=GGb="},
    {"BadOctets", "\xFFz", "\xEF\xBF\xBDz"},
    {"Empty", "", ""},
};

TEST(DecodeEncodedWords, ReadsEachCase) {
  for (const auto& c : kEncodedWords) EXPECT_EQ(decode_encoded_words(c.text), c.decoded) << c.name;
}

TEST(DecodeEncodedWords, TakesLinearTime) {
  std::string starts;
  while (starts.size() < 1'000'000) starts += "=?utf-8?Q?";
  EXPECT_EQ(decode_encoded_words(starts), starts);
}

TEST(ToUtf8, ReadsEachCharset) {
  using std::string_view_literals::operator""sv;
  struct {
    std::string_view charset, octets, text;
  } const cases[] = {
      {"utf-8", "\xE2\x82\xAC", "\xE2\x82\xAC"},
      {"US-ASCII", "abc", "abc"},
      {"us-ascii", "\xE2\x82\xAC", "\xE2\x82\xAC"},
      {"ISO-8859-1", "\xE9", "\xC3\xA9"},
      {"iso-8859-1", "\x80", "\xE2\x82\xAC"},
      {"windows-1252", "\x93q\x94", "\xE2\x80\x9Cq\xE2\x80\x9D"},
      {"windows-1252", "\x81", "\xEF\xBF\xBD"},
      {"ISO-8859-15", "\xA4", "\xE2\x82\xAC"},
      {"koi8-r", "\xC1", "\xD0\xB0"},
      {"UTF-16BE", "\0a\0b"sv, "ab"},
      // what cannot be read
      {"utf-8", "a\xE2\x82", "a\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"utf-8", "\xC0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"utf-8", "\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"shift_jis", "\x82", "\xEF\xBF\xBD"},
      {"euc-jp", "a\xFFz", "a\xEF\xBF\xBDz"},
      {"x-nobody-knows", "a\xE9", "a\xEF\xBF\xBD"},
      {"", "a", "a"},
      {"utf-16//TRANSLIT", "a", "a"},
      {"../../x", "a", "a"},
      {"utf-8\0x"sv, "a", "a"},
  };
  for (const auto& c : cases)
    EXPECT_EQ(to_utf8(c.charset, c.octets), c.text) << c.charset << " " << escaped(c.octets);
}

/// Names of charsets in mail, octets that the charset so named does not always have, and what their sender saw.
TEST(ToUtf8, ReadsCharsetsAsMailUsesThem) {
  struct {
    std::string_view charset, octets, text;
  } const cases[] = {
      // Korean: the syllables beyond KS C 5601 are CP949's
      {"ks_c_5601-1987",
       "\x8C"
       "c\xB9\xE6\xB0\xA2\xC7\xCF",
       "똠방각하"},
      {"KS_C_5601-1989", "\x94\xEE", "뷁"},
      {"ksc5601", "\xC7\xD1\xB1\xDB", "한글"},
      {"euc-kr", "\xBC\x84\xBD\xC3\xC4\xDD\xB6\xF3", "펲시콜라"},
      {"korean", "\x9BX", "쌰"},
      {"windows-949",
       "\xC1"
       "d",
       "햏"},
      // Chinese: names and traditional characters beyond GB 2312, the euro sign
      {"gb2312",
       "\xE9"
       "F\xBB\xF9",
       "镕基"},
      {"GB2312",
       "\xA2\xE3"
       "5",
       "€5"},
      {"gbk", "\xA9\x96\x87\xE5", "〇囧"},
      {"gb_2312-80", "\x86\xB4", "喆"},
      {"x-gbk", "\xC5_\x9E\xB3", "臺灣"},
      {"chinese", "\xD6\xD0\xCE\xC4", "中文"},
      {"hz-gb-2312", "a~{VPND~}~~b", "a中文~b"},
      {"HZ", "~{VP\nND", "中\nND"},  // a line ends it
      {"big5", "\x9D\xEF\x9D\xF7", "嘅咗"},
      {"x-x-big5", "\xA4\xA4\xA4\xE5", "中文"},
      {"cn-big5", "\xB4\xFA\xB8\xD5", "測試"},
      // Japanese: circled digits, the ladder form of a name, half-width kana
      {"iso-2022-jp", "\x1B$BF|K\x5C\x1B(B", "日本"},
      {"ISO-2022-JP", "\x1B$B-!-j\x1B(B!", "①㈱!"},
      {"iso-2022-jp", "\x1B(I123\x1B(J.", "ｱｲｳ."},
      {"csISO2022JP", "a\x1B$@F|\r\nb", "a日\r\nb"},  // a line ends it
      {"cp50220", "\x1B$(D\x30\x21\x1B(B", "丂"},
      {"iso-2022-jp-ms", "\x1B$BF|K", "日K"},           // cut off in a character
      {"iso-2022-jp", "\x1B$ZF|\x1B", "\x1B$ZF|\x1B"},  // an escape sequence of nobody's
      {"shift_jis", "\x87@\x87\x8A\xEE\xE0", "①㈱髙"},
      {"x-sjis", "\xB1\xB2\xB3", "ｱｲｳ"},
      {"windows-31j", "\xED\x95", "﨑"},
      {"ms_kanji", "\x95\x5C", "表"},
      {"euc-jp", "\xAD\xA1\xC6\xFC\xCB\xDC", "①日本"},
      {"x-euc-jp", "\x8E\xB6\x8E\xC5", "ｶﾅ"},
      // Hebrew, in whatever order
      {"iso-8859-8-i", "\xF9\xEC\xE5\xED", "שלום"},
      {"ISO-8859-8-E", "\xF9\xEC\xE5\xED", "שלום"},
      {"iso-8859-8-I", "\x93\xE0\x94", "“א”"},
      {"csISO88598I", "\xE0", "א"},
      {"logical", "\xF9", "ש"},
      {"hebrew", "\xFA", "ת"},
      // supersets of Windows
      {"latin-1", "\x93\x80\x94", "“€”"},
      {"iso8859-1", "\x8E", "Ž"},
      {"iso-8859-9", "\xDD\xFE \x93\xF0\x94", "İş “ğ”"},
      {"latin5", "\x80\xFE", "€ş"},
      {"iso-8859-11", "\xE4\xB7\xC2", "ไทย"},
      {"tis-620", "\xE4\xB7\xC2", "ไทย"},
      {"unicode-1-1-utf-8", "\xE2\x82\xAC", "€"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(to_utf8(c.charset, c.octets), c.text) << c.charset << " " << escaped(c.octets);
    EXPECT_TRUE(knows_charset(c.charset)) << c.charset;
  }
}

TEST(ToUtf8, ReadsMoreThanOneBuffer) {
  const std::string octets(100'000, '\xA4');
  const std::string text = to_utf8("iso-8859-15", octets);
  ASSERT_EQ(text.size(), 300'000u);
  EXPECT_EQ(text.substr(299'997), "\xE2\x82\xAC");
}

TEST(KnowsCharset, SaysSo) {
  for (const auto* name : {"utf-8", "US-ASCII", "iso-8859-1", "ISO-8859-7", "big5", "euc-kr"}) {
    EXPECT_TRUE(knows_charset(name)) << name;
  }
  for (const auto* name : {"", "x-nobody-knows", "utf-8//IGNORE", "wchar_t", "INTERNAL", "char", "a b"}) {
    EXPECT_FALSE(knows_charset(name)) << name;
  }
}

const Case kQuotedPrintable[] = {
    {"RFC2045SoftBreak", "Now's the time =\r\nfor all folk to come=\r\n to the aid of their country.",
     "Now's the time for all folk to come to the aid of their country."},
    {"Codes", "=3D=0D=0A=e9", "=\r\n\xE9"},
    {"HardBreaksStay", "a\r\nb\nc", "a\r\nb\nc"},
    {"SpaceAtALinesEndGoes", "a \t\r\nb ", "a\r\nb"},
    {"SpaceBeforeASoftBreakStays", "a =\r\nb", "a b"},
    {"SpaceAfterASoftBreakGoes", "a= \t\r\nb", "ab"},
    {"SoftBreakWithBareLineFeed", "a=\nb", "ab"},
    {"SoftBreakAtTheEnd", "a=", "a"},
    {"NoDigits", "=ZZ=", "=ZZ"},
    {"OneDigit", "=A", "=A"},
    {"OneDigitAndALineEnd", "=A\r\nB", "=A\r\nB"},
    {"EqualsBeforeACode", "==41", "=A"},
    {"EightBitOctetsStay", "\xE9", "\xE9"},
    {"Empty", "", ""},
};

TEST(DecodeQuotedPrintable, ReadsEachCase) {
  for (const auto& c : kQuotedPrintable) EXPECT_EQ(decode_quoted_printable(c.text), c.decoded) << c.name;
}

const Case kBase64[] = {
    // RFC 4648 §10
    {"Zero", "", ""},
    {"One", "Zg==", "f"},
    {"Two", "Zm8=", "fo"},
    {"Three", "Zm9v", "foo"},
    {"Six", "Zm9vYmFy", "foobar"},
    {"LineEndsAreSkipped", "Zm9v\r\nYmFy\r\n", "foobar"},
    {"GarbageIsSkipped", "Z!m 9-v", "foo"},
    {"PaddingMayLack", "Zg", "f"},
    {"PaddingMayLackForTwo", "Zm8", "fo"},
    {"OneDigitIsNothing", "Zm9vZ", "foo"},
    {"TextAfterPadding", "Zg==Zm8=", "ffo"},
    {"OnlyPadding", "====", ""},
};

TEST(DecodeBase64, ReadsEachCase) {
  for (const auto& c : kBase64) EXPECT_EQ(decode_base64(c.text), c.decoded) << c.name;
}

const Case kEncodedQuotedPrintable[] = {
    {"Nothing", "", ""},
    {"PrintableStands", "a b\tc.~!", "a b\tc.~!"},
    {"EqualsSignIsACode", "a=b", "a=3Db"},
    {"EightBit", "\xc3\xa4", "=C3=A4"},
    {"LineEndStays", "a\r\nb\r\n", "a\r\nb\r\n"},
    {"LoneCarriageReturnAndLineFeedAreCodes", "a\rb\nc\r\r\n", "a=0Db=0Ac=0D\r\n"},
    {"NulIsACode", {"a\0b", 3}, "a=00b"},
    {"SpaceAtALineEndIsACode", "a \r\nb\t", "a=20\r\nb=09"},
    {"OnlyASpace", " \r\n", "=20\r\n"},
    {"SeventySixFit", "0123456789012345678901234567890123456789012345678901234567890123456789012345",
     "0123456789012345678901234567890123456789012345678901234567890123456789012345"},
    {"SeventySevenAreBroken", "01234567890123456789012345678901234567890123456789012345678901234567890123456",
     "012345678901234567890123456789012345678901234567890123456789012345678901234=\r\n56"},
    {"CodeIsNotBroken", "01234567890123456789012345678901234567890123456789012345678901234567890123=x",
     "01234567890123456789012345678901234567890123456789012345678901234567890123=\r\n=3Dx"},
};

TEST(EncodeQuotedPrintable, WritesEachCaseAndReadsItBack) {
  for (const auto& c : kEncodedQuotedPrintable) {
    EXPECT_EQ(encode_quoted_printable(c.text), c.decoded) << c.name;
    EXPECT_EQ(decode_quoted_printable(c.decoded), c.text) << c.name;
  }
}

/// `text` decoded in slices of `octets`.
std::string decode_in_slices(TransferEncoding encoding, std::string_view text, std::size_t octets) {
  TransferDecoder decoder{encoding};
  std::string decoded;
  for (std::size_t from = 0; from < text.size(); from += octets) decoded += decoder.feed(text.substr(from, octets));
  return decoded + decoder.finish();
}

TEST(TransferDecoder, GivesTheSameHoweverTheTextIsCut) {
  const auto check = [](TransferEncoding encoding, const Case& c) {
    for (std::size_t octets = 1; octets <= c.text.size(); ++octets) {
      EXPECT_EQ(decode_in_slices(encoding, c.text, octets), c.decoded) << c.name << ", by " << octets;
    }
    TransferDecoder decoder{encoding};
    for (std::size_t cut = 0; cut <= c.text.size(); ++cut) {
      std::string decoded = decoder.feed(c.text.substr(0, cut));
      decoded += decoder.feed(c.text.substr(cut));
      EXPECT_EQ(decoded + decoder.finish(), c.decoded) << c.name << ", cut at " << cut;
    }
  };
  for (const auto& c : kQuotedPrintable) check(TransferEncoding::quoted_printable, c);
  for (const auto& c : kBase64) check(TransferEncoding::base64, c);
  check(TransferEncoding::identity, {"Identity", "a=41 \r\n", "a=41 \r\n"});
  check(TransferEncoding::unknown, {"Unknown", "a=41 \r\n", "a=41 \r\n"});
}

TEST(TransferDecoder, ReadsLinesWithoutEnd) {
  const std::string spaces(1'000, ' ');
  const std::string codes = [] {
    std::string text;
    while (text.size() < 30'000) text += "=3D=";
    return text;
  }();
  std::string decoded_codes;
  while (decoded_codes.size() < 15'000) decoded_codes += "==";
  struct {
    std::string_view name;
    std::string text, decoded;
  } const cases[] = {
      {"Letters", std::string(20'000, 'a'), std::string(20'000, 'a')},
      {"Codes", codes + "x", decoded_codes + "x"},
      {"EqualsSigns", std::string(20'000, '='), std::string(19'999, '=')},
      {"SpaceThatGoes", "a" + spaces + "\r\nb", "a\r\nb"},
      {"SpaceAfterASoftBreak", std::string(9'000, 'a') + "=" + spaces + "\r\nb", std::string(9'000, 'a') + "b"},
      {"SpaceThatNoLineMayHave", "a" + spaces + "\t\t" + spaces + "\r\nb", "a" + spaces + "\t\t\r\nb"},
      {"SoftBreakBeforeSpaceThatNoLineMayHave", "a= " + spaces + "\nb", "a= \nb"},
      {"NothingButSpace", std::string(20'000, ' '), std::string(19'000, ' ')},
  };
  for (const auto& c : cases) {
    for (const std::size_t octets : {1U, 2U, 3U, 1'000U, 4'000U, 4'001U, 4'096U, 40'000U}) {
      EXPECT_EQ(decode_in_slices(TransferEncoding::quoted_printable, c.text, octets), c.decoded)
          << c.name << ", by " << octets;
    }
  }
}

TEST(DecodeTransfer, FollowsTheEncoding) {
  EXPECT_EQ(decode_transfer(transfer_encoding("BASE64"), "Zg=="), "f");
  EXPECT_EQ(decode_transfer(transfer_encoding("Quoted-Printable"), "=41"), "A");
  for (const auto* token : {"7bit", "8BIT", "binary", "x-uuencode", ""}) {
    EXPECT_EQ(decode_transfer(transfer_encoding(token), "=41"), "=41") << token;
  }
  EXPECT_EQ(transfer_encoding("8bit"), TransferEncoding::identity);
  EXPECT_EQ(transfer_encoding("x-uuencode"), TransferEncoding::unknown);
  EXPECT_EQ(transfer_encoding(""), TransferEncoding::unknown);
}

}  // namespace
}  // namespace posthaste::mime
