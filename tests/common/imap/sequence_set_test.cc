#include "common/imap/sequence_set.h"

#include <gtest/gtest.h>

#include <limits>

namespace posthaste::imap {
namespace {

constexpr std::uint32_t kLargestNumber = std::numeric_limits<std::uint32_t>::max();

std::string resolved(std::string_view text, std::uint32_t largest) {
  const auto set = parse_sequence_set(text);
  return set ? to_string(resolve(*set, largest)) : "refused";
}

TEST(SequenceSet, IsReadAsItIsWritten) {
  const auto set = parse_sequence_set("2,4:7,9,12:*");
  ASSERT_TRUE(set);
  const SequenceSet expected{{{2, 2}, {4, 7}, {9, 9}, {12, std::nullopt}}, false};
  EXPECT_EQ(*set, expected);
}

TEST(SequenceSet, PrintsAsItWasRead) {
  for (const auto* text : {"1", "*", "1:*", "*:4,5:7", "2,4:7,9,12:*", "4294967295", "7:3", "$"}) {
    const auto set = parse_sequence_set(text);
    ASSERT_TRUE(set) << text;
    EXPECT_EQ(to_string(*set), text);
  }
}

TEST(SequenceSet, DollarIsTheSavedResultAlone) {
  const auto set = parse_sequence_set("$");
  ASSERT_TRUE(set);
  EXPECT_TRUE(set->saved_result);
  EXPECT_TRUE(set->ranges.empty());
  EXPECT_TRUE(resolve(*set, 100).empty());
}

TEST(SequenceSet, ErrorsNameTheOctet) {
  struct Case {
    const char* text;
    SyntaxError error;
  };
  using enum SyntaxErrorKind;
  const Case kCases[] = {
      {"", {syntax, 0}},
      {"0", {syntax, 0}},
      {"01", {syntax, 0}},
      {"1:0", {syntax, 2}},
      {"a", {syntax, 0}},
      {"1,", {syntax, 2}},
      {",1", {syntax, 0}},
      {"1,,2", {syntax, 2}},
      {"1:", {syntax, 2}},
      {":1", {syntax, 0}},
      {"1:2:3", {syntax, 3}},
      {"1 2", {syntax, 1}},
      {"-1", {syntax, 0}},
      {"1-2", {syntax, 1}},
      {"**", {syntax, 1}},
      {"$1", {syntax, 1}},
      {"1,$", {syntax, 2}},
      {"4294967296", {too_long, 0}},
      {"1:99999999999999999999", {too_long, 2}},
  };
  for (const auto& test : kCases) {
    const auto set = parse_sequence_set(test.text);
    ASSERT_FALSE(set) << test.text;
    EXPECT_EQ(set.error(), test.error) << test.text;
  }
}

TEST(SequenceSet, HasALimit) {
  std::string text = "1";
  for (std::size_t i = 1; i < kSequenceSetMaxRanges; ++i) text += ",1";
  EXPECT_TRUE(parse_sequence_set(text));
  const auto beyond = parse_sequence_set(text + ",1");
  ASSERT_FALSE(beyond);
  EXPECT_EQ(beyond.error().kind, SyntaxErrorKind::too_long);
}

// RFC 9051 §9: the examples beside seq-range and sequence-set.
TEST(SequenceSet, ResolvesLikeTheRfcsExamples) {
  EXPECT_EQ(resolved("2,4:7,9,12:*", 15), "2,4:7,9,12:15");
  EXPECT_EQ(resolved("*:4,5:7", 10), "4:10");
  EXPECT_EQ(resolved("4:2", 10), "2:4");
  EXPECT_EQ(resolved("3291:*", 3000), "3000:3291");
}

TEST(SequenceSet, ResolvesAtTheEdges) {
  EXPECT_EQ(resolved("*", 0), "");
  EXPECT_EQ(resolved("1:*", 0), "");
  EXPECT_EQ(resolved("*", 7), "7");
  EXPECT_EQ(resolved("*:*", 7), "7");
  EXPECT_EQ(resolved("4294967295,4294967294", 1), "4294967294:4294967295");
  EXPECT_EQ(resolved("1:4294967295,5", 1), "1:4294967295");
  EXPECT_EQ(resolved("3,1,2", 9), "1:3");
  EXPECT_EQ(resolved("5,1:3,3:4,9", 9), "1:5,9");
}

TEST(NumberSet, CountsAndContains) {
  const NumberSet set({{5, 9}, {1, 2}, {kLargestNumber, kLargestNumber}});
  EXPECT_EQ(set.count(), 8U);
  for (const std::uint32_t inside : {1U, 2U, 5U, 7U, 9U, kLargestNumber}) EXPECT_TRUE(set.contains(inside));
  for (const std::uint32_t outside : {3U, 4U, 10U, kLargestNumber - 1}) EXPECT_FALSE(set.contains(outside));
  EXPECT_EQ(set.largest(), kLargestNumber);
  EXPECT_EQ(NumberSet().largest(), std::nullopt);
  EXPECT_FALSE(NumberSet().contains(1));
  EXPECT_EQ(NumberSet({{1, kLargestNumber}}).count(), 4294967295U);
}

TEST(NumberSet, IntersectsRangeByRange) {
  const NumberSet set({{1, 3}, {5, 9}, {20, 30}});
  EXPECT_EQ(to_string(set.within({2, 25})), "2:3,5:9,20:25");
  EXPECT_EQ(to_string(set.within({10, 19})), "");
  EXPECT_EQ(to_string(set.intersection(NumberSet({{3, 6}, {9, 20}}))), "3,5:6,9,20");
  EXPECT_EQ(to_string(set.intersection(NumberSet())), "");
}

TEST(NumberSet, HasPlaces) {
  const NumberSet set({{5, 7}, {9, 9}, {20, 21}});
  EXPECT_EQ(to_string(set.at_places({1, 1})), "5");
  EXPECT_EQ(to_string(set.at_places({3, 5})), "7,9,20");
  EXPECT_EQ(to_string(set.at_places({6, kLargestNumber})), "21");
  EXPECT_EQ(to_string(set.at_places({7, 9})), "");
  EXPECT_EQ(to_string(NumberSet({{1, kLargestNumber}}).at_places({2, kLargestNumber})), "2:4294967295");
}

// RFC 9394 §3.1 and §4.
TEST(PartialRange, CountsFromEitherEnd) {
  const NumberSet set({{5, 7}, {9, 9}, {20, 21}});
  EXPECT_EQ(to_string(apply_partial(set, {{2, 4}, false})), "6:7,9");
  EXPECT_EQ(to_string(apply_partial(set, {{1, 2}, true})), "20:21");
  EXPECT_EQ(to_string(apply_partial(set, {{5, 100}, true})), "5:6");
  EXPECT_EQ(to_string(apply_partial(set, {{6, 6}, true})), "5");
  EXPECT_EQ(to_string(apply_partial(set, {{7, 9}, true})), "");
  EXPECT_EQ(to_string(apply_partial(set, {{7, 9}, false})), "");
  EXPECT_EQ(to_string(apply_partial(NumberSet(), {{1, 9}, true})), "");
}

TEST(NumberSet, LeavesOutRangeByRange) {
  const NumberSet set({{1, 3}, {5, 9}, {20, 30}});
  EXPECT_EQ(to_string(set.without(NumberSet({{2, 2}, {6, 7}, {9, 21}}))), "1,3,5,8,22:30");
  EXPECT_EQ(to_string(set.without(NumberSet({{1, kLargestNumber}}))), "");
  EXPECT_EQ(to_string(set.without(NumberSet({{4, 4}, {10, 19}, {31, kLargestNumber}}))), "1:3,5:9,20:30");
  EXPECT_EQ(to_string(set.without(NumberSet({{3, 5}, {30, 30}}))), "1:2,6:9,20:29");
  EXPECT_EQ(to_string(set.without(NumberSet())), "1:3,5:9,20:30");
  EXPECT_EQ(to_string(NumberSet().without(set)), "");
  EXPECT_EQ(to_string(NumberSet({{1, kLargestNumber}}).without(NumberSet({{kLargestNumber, kLargestNumber}}))),
            "1:4294967294");
  EXPECT_EQ(to_string(NumberSet({{kLargestNumber, kLargestNumber}}).without(NumberSet({{1, 1}}))), "4294967295");
}

TEST(CompactUids, KeepTheirOrder) {
  auto compact = [](std::initializer_list<std::uint32_t> numbers) {
    std::vector<Uid> uids;
    for (const auto n : numbers) uids.push_back(Uid{n});
    std::string out;
    append_compact(out, uids);
    return out;
  };
  EXPECT_EQ(compact({}), "");
  EXPECT_EQ(compact({1}), "1");
  EXPECT_EQ(compact({1, 2, 3, 5}), "1:3,5");
  EXPECT_EQ(compact({5, 1, 2}), "5,1:2");
  EXPECT_EQ(compact({3, 2, 1}), "3,2,1");
  EXPECT_EQ(compact({4294967294U, 4294967295U, 1}), "4294967294:4294967295,1");
}

}  // namespace
}  // namespace posthaste::imap
