// What sets cost grows no faster than what they are given.
#include "../../growth.h"

#include <string>

#include "common/imap/sequence_set.h"

namespace posthaste::imap {
namespace {

TEST(SetGrowth, OfRangesInAnyOrderIsInProportion) {
  expect_n_log_n({"SetInDescendingOrder", 4'096, [](std::size_t n) {
                    std::string text;
                    for (std::size_t i = n; i > 0; --i) text += std::to_string(2 * i) + (i > 1 ? "," : "");
                    return [text] {
                      const auto set = parse_sequence_set(text);
                      ASSERT_TRUE(set);
                      const NumberSet numbers = resolve(*set, 1'000'000);
                      EXPECT_TRUE(numbers.without(numbers).empty());
                      EXPECT_FALSE(to_string(numbers).empty());
                    };
                  }});
}

}  // namespace
}  // namespace posthaste::imap
