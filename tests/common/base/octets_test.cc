#include "common/base/octets.h"

#include <gtest/gtest.h>

#include "common/base/base64.h"
#include "common/base/crc32c.h"

namespace posthaste {
namespace {

TEST(Octets, DecimalTakesDigitsAloneWithin64Bits) {
  EXPECT_EQ(parse_decimal("0"), 0U);
  EXPECT_EQ(parse_decimal("18446744073709551615"), 18446744073709551615U);
  for (const auto* wrong : {"", " 1", "1 ", "+1", "-1", "0x1", "18446744073709551616", "99999999999999999999"}) {
    EXPECT_EQ(parse_decimal(wrong), std::nullopt) << wrong;
  }
}

TEST(Octets, CaseIsFoldedInAsciiOnly) {
  EXPECT_TRUE(iequals("MaIl", "mAiL"));
  EXPECT_FALSE(iequals("\xc3\x84", "\xc3\xa4"));
  EXPECT_FALSE(iequals("mail", "mails"));
  EXPECT_TRUE(istarts_with("RCPT TO:", "rcpt"));
}

TEST(Octets, Utf8RefusesOverlongSurrogateAndBeyondUnicode) {
  for (const auto* right : {"", "plain", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x93\xa8", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(is_utf8(right)) << right;
  }
  for (const auto* wrong :
       {"\x80", "\xc0\xaf", "\xc3", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff", "a\xe2\x82"}) {
    EXPECT_FALSE(is_utf8(wrong));
  }
}

TEST(Octets, AsciiEndsAtTheFirstOctetOfEightBits) {
  for (std::size_t octets = 0; octets < 20; ++octets) {
    const std::string ascii(octets, 'x');
    EXPECT_EQ(ascii_octets(ascii), octets);
    EXPECT_EQ(ascii_octets(ascii + "\x80yyyyyyyyyyyyyyyy"), octets);
    EXPECT_FALSE(has_eight_bit(ascii));
    EXPECT_TRUE(has_eight_bit(ascii + "\xff"));
  }
}

TEST(Octets, EscapedLeavesNoControlOctet) {
  EXPECT_EQ(escaped("a\r\n\x80\\b"), "a\\x0d\\x0a\\x80\\x5cb");
  EXPECT_EQ(escaped("abcdef", 3), "abc...");
}

// RFC 4648 §10
TEST(Base64, EncodesAndDecodesTheRfcsVectors) {
  const std::pair<const char*, const char*> kVectors[] = {{"", ""},
                                                          {"f", "Zg=="},
                                                          {"fo", "Zm8="},
                                                          {"foo", "Zm9v"},
                                                          {"foob", "Zm9vYg=="},
                                                          {"fooba", "Zm9vYmE="},
                                                          {"foobar", "Zm9vYmFy"}};
  for (const auto& [octets, text] : kVectors) {
    EXPECT_EQ(base64_encode(octets), text);
    EXPECT_EQ(base64_decode(text), octets);
  }
}

TEST(Base64, RefusesWhatIsNotBase64) {
  for (const auto* wrong : {"Z", "Zg", "Zg=", "Zh==", "Zm9=", "Z===", "====", "Zm 9", "Zg==Zg==", "Zm9v\r\n"}) {
    EXPECT_EQ(base64_decode(wrong), std::nullopt) << wrong;
  }
}

// RFC 3720 §B.4
TEST(Crc32c, MatchesTheRfcsVectors) {
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aaU);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43U);
  EXPECT_EQ(crc32c("123456789"), 0xe3069283U);
  EXPECT_EQ(crc32c("6789", crc32c("12345")), crc32c("123456789"));
}

}  // namespace
}  // namespace posthaste
