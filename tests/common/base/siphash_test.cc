#include "common/base/siphash.h"

#include <gtest/gtest.h>

#include <string>

namespace posthaste {
namespace {

// The key 00 01 ... 0f, and inputs 00, 00 01, ...: the paper's appendix A and its authors' vectors.h.
constexpr SipKey kKey{0x0706050403020100U, 0x0f0e0d0c0b0a0908U};

std::string first_octets(std::size_t count) {
  std::string octets;
  for (std::size_t i = 0; i < count; ++i) octets += static_cast<char>(i);
  return octets;
}

TEST(SipHash, IsThePapersExample) { EXPECT_EQ(siphash(kKey, first_octets(15)), 0xa129ca6149be45e5U); }

TEST(SipHash, IsItsAuthorsVectors) {
  EXPECT_EQ(siphash(kKey, first_octets(0)), 0x726fdb47dd0e0e31U);
  EXPECT_EQ(siphash(kKey, first_octets(1)), 0x74f839c593dc67fdU);
  EXPECT_EQ(siphash(kKey, first_octets(8)), 0x93f5f5799a932462U);
}

TEST(SipHash, OfAnotherKeyIsAnother) { EXPECT_NE(siphash({1, 2}, "x"), siphash({1, 3}, "x")); }

}  // namespace
}  // namespace posthaste
