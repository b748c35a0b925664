// Whose tree a node is in, compared with a forest that is walked step by step.
#include "common/reading/ancestry.h"

#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <vector>

namespace posthaste::reading {
namespace {

using Index = Ancestry::Index;

class Walked {
 public:
  explicit Walked(std::size_t nodes) : parents_(nodes) {}
  [[nodiscard]] Index root_of(Index node) const {
    while (parents_[node]) node = *parents_[node];
    return node;
  }
  std::vector<std::optional<Index>> parents_;
};

TEST(Ancestry, SaysWhatAWalkSays) {
  constexpr Index kNodes = 60;
  std::mt19937 random(5);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same each time
  const auto any = [&] { return static_cast<Index>(random() % kNodes); };
  Ancestry ancestry(kNodes / 2);
  for (Index i = kNodes / 2; i < kNodes; ++i) ancestry.add();
  Walked walked(kNodes);
  int links = 0;
  int cuts = 0;
  for (int step = 0; step < 20'000; ++step) {
    const Index node = any();
    const Index other = any();
    ASSERT_EQ(ancestry.root_of(other), walked.root_of(other)) << step;
    if (walked.parents_[node]) {
      if (random() % 4 != 0) continue;
      ancestry.cut(node);
      walked.parents_[node].reset();
      ++cuts;
    } else if (walked.root_of(other) != node) {
      ancestry.link(other, node);
      walked.parents_[node] = other;
      ++links;
    } else {
      ancestry.cut(node);  // of nothing
    }
  }
  EXPECT_GT(links, 2'000);
  EXPECT_GT(cuts, 2'000);
}

}  // namespace
}  // namespace posthaste::reading
