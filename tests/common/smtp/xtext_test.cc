#include "common/smtp/xtext.h"

#include <gtest/gtest.h>

#include "common/smtp/delivery_id.h"

namespace posthaste::smtp {
namespace {

TEST(Xtext, EncodesWhatAValueMayNotHold) {
  EXPECT_EQ(xtext_encode("e=mc2@example.com"), "e+3Dmc2@example.com");  // RFC 4954 §5.1
  EXPECT_EQ(xtext_encode("a+b c\x7f\xff"), "a+2Bb+20c+7F+FF");
  EXPECT_EQ(xtext_encode(""), "");
}

TEST(Xtext, DecodesUpperCaseDigitsAlone) {
  EXPECT_EQ(xtext_decode("e+3Dmc2@example.com"), "e=mc2@example.com");
  EXPECT_EQ(xtext_decode("+2B+41"), "+A");
  for (const auto* wrong : {"+", "+4", "a+3", "+3d", "+GG", "+ 1", "a=b", "a b", "\xc3\xa4", "a\x7f", "++2B"}) {
    EXPECT_EQ(xtext_decode(wrong), std::nullopt) << wrong;
  }
}

TEST(Unitext, EncodesAsRfc6533) {
  EXPECT_EQ(unitext_encode("a+b=\\ \xc3\xa4\xe2\x82\xac\xf0\x9f\x93\xa8"),
            R"(a\x{2B}b\x{3D}\x{5C}\x{20}\x{E4}\x{20AC}\x{1F4E8})");
}

TEST(Unitext, DecodesBothForms) {
  EXPECT_EQ(unitext_decode(R"(a\x{2B}b\x{E4}\x{20ac}\x{1F4E8}\x{10FFFF})"),
            "a+b\xc3\xa4\xe2\x82\xac\xf0\x9f\x93\xa8\xf4\x8f\xbf\xbf");
  EXPECT_EQ(unitext_decode("\xc3\xa4@example.org"), "\xc3\xa4@example.org");
  for (const auto* wrong : {R"(\)", R"(\x)", R"(\x{)", R"(\x{})", R"(\x{4)", R"(\x{41})", R"(\x{0E4})",
                            R"(\x{D800})", R"(\x{110000})", R"(\x{1234567})", R"(\x{00})", R"(\x{G0})", R"(\y{E4})",
                            R"(\x{ E4})", "a+b", "a=b", "a b", "\xc3", "\x80"}) {
    EXPECT_EQ(unitext_decode(wrong), std::nullopt) << wrong;
  }
}

TEST(DeliveryId, Is32HexadecimalDigits) {
  const std::string_view text = "000102030405060708090a0b0c0d0eff";
  const auto id = parse_delivery_id(text);
  ASSERT_TRUE(id.has_value());
  EXPECT_EQ(id->octets[10], std::byte{0x0a});
  EXPECT_EQ(id->octets[15], std::byte{0xff});
  EXPECT_EQ(to_string(*id), text);
  EXPECT_EQ(parse_delivery_id("000102030405060708090A0B0C0D0EFF"), id);
  for (const auto* wrong : {"", "00", "000102030405060708090a0b0c0d0ef", "000102030405060708090a0b0c0d0eff0",
                            "000102030405060708090a0b0c0d0efg", "0x0102030405060708090a0b0c0d0eff"}) {
    EXPECT_EQ(parse_delivery_id(wrong), std::nullopt) << wrong;
  }
}

TEST(TraceId, IsAnAtomOfAtMost64Octets) {
  for (const auto& right : {std::string{"a"}, std::string{"A-z_09"}, std::string(64, 'x')}) {
    EXPECT_TRUE(is_trace_id(right)) << right;
  }
  for (const auto& wrong : {std::string{}, std::string{"a b"}, std::string{"a.b"}, std::string{"a;b"},
                            std::string{"\xc3\xa4"}, std::string{"a\r"}, std::string(65, 'x')}) {
    EXPECT_FALSE(is_trace_id(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace posthaste::smtp
