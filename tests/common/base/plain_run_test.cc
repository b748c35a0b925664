#include "common/base/plain_run.h"

#include <gtest/gtest.h>

namespace posthaste {
namespace {

constexpr std::size_t kBlock = 64;

/// Two blocks of lines behind one octet, so that the run may start at 1.
std::string two_blocks() {
  std::string text{"x"};
  for (int i = 0; i < 8; ++i) text += "0123456789abcd\r\n";
  return text;
}

TEST(PlainRun, EndsWithTheLastWholeBlock) {
  const std::string text = two_blocks();
  EXPECT_EQ(plain_run_end(text, 1), 1 + 2 * kBlock);
  EXPECT_EQ(plain_run_end(text.substr(0, 2 * kBlock), 1), 1 + kBlock);
  EXPECT_EQ(plain_run_end(text.substr(0, kBlock), 1), 1U);
  EXPECT_EQ(plain_run_end(text, text.size()), text.size());
}

TEST(PlainRun, StopsBeforeTheBlockThatNeedsCareAtAnyPlaceInIt) {
  for (std::size_t i = 1; i < 1 + kBlock; ++i) {
    for (const char octet : {'\r', '\n', '.'}) {
      std::string text = two_blocks();
      const char before = text[i - 1];
      if (text[i] == octet || (octet == '.' && before != '\n' && text[i] != '\r' && text[i] != '\n')) continue;
      text[i] = octet;
      EXPECT_EQ(plain_run_end(text, 1), 1U) << i << " " << static_cast<int>(octet);
    }
  }
}

TEST(PlainRun, LooksAtTheOctetBeforeTheRun) {
  const std::string block(kBlock, 'x');
  EXPECT_EQ(plain_run_end("\r" + block, 1), 1U);
  EXPECT_EQ(plain_run_end("\n." + block, 1), 1U);
  EXPECT_EQ(plain_run_end("a\n" + block, 1), 1U);
  EXPECT_EQ(plain_run_end("\r\n" + block, 1), 1 + kBlock);
  EXPECT_EQ(plain_run_end("\n" + block, 1), 1 + kBlock);
}

}  // namespace
}  // namespace posthaste
