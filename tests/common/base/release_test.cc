// What is released holds no memory, large or small.
#include "common/base/release.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace posthaste {
namespace {

TEST(Release, GivesBackWhatIsHeld) {
  std::string text(100'000, 'x');
  release(text);
  EXPECT_TRUE(text.empty());
  EXPECT_EQ(text.capacity(), std::string{}.capacity());

  std::vector<int> numbers(1'000, 7);
  release(numbers);
  EXPECT_TRUE(numbers.empty());
  EXPECT_EQ(numbers.capacity(), 0U);

  std::string small = "x";
  release(small);
  EXPECT_TRUE(small.empty());
}

}  // namespace
}  // namespace posthaste
