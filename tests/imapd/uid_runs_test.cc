#include "imapd/view/uid_runs.h"

#include <gtest/gtest.h>

namespace posthaste::imapd {
namespace {

using imap::NumberedBy;
using imap::NumberRange;
using imap::NumberSet;
using mailbox::UidSet;

UidRuns runs_of(const std::vector<std::uint32_t>& uids) {
  UidRuns runs;
  for (const auto uid : uids) runs.append(Uid{uid});
  return runs;
}

UidSet uids(const std::vector<NumberRange>& ranges) { return to_uid_set(NumberSet{ranges}); }

TEST(UidRuns, NumbersMessagesFromOne) {
  const auto runs = runs_of({3, 4, 5, 9, 20});
  EXPECT_EQ(runs.size(), 5U);
  EXPECT_EQ(runs.last(), Uid{20});
  EXPECT_EQ(runs.sequence_number(Uid{3}), SequenceNumber{1});
  EXPECT_EQ(runs.sequence_number(Uid{5}), SequenceNumber{3});
  EXPECT_EQ(runs.sequence_number(Uid{9}), SequenceNumber{4});
  EXPECT_EQ(runs.sequence_number(Uid{20}), SequenceNumber{5});
}

TEST(UidRuns, KnowsNoNumberForWhatIsNotThere) {
  const auto runs = runs_of({3, 4, 9});
  for (const std::uint32_t uid : {1U, 2U, 5U, 8U, 10U, 4294967295U}) {
    EXPECT_EQ(runs.sequence_number(Uid{uid}), std::nullopt) << uid;
  }
  EXPECT_EQ(UidRuns{}.sequence_number(Uid{1}), std::nullopt);
  EXPECT_EQ(UidRuns{}.last(), std::nullopt);
}

TEST(UidRuns, ReachFromTheFirstOfARangeToItsLast) {
  const auto runs = runs_of({3, 4, 5, 9, 20});
  EXPECT_EQ(runs.reaches(NumberSet{{{1, 1}}}), uids({{3, 3}}));
  EXPECT_EQ(runs.reaches(NumberSet{{{2, 4}}}), uids({{4, 9}}));
  EXPECT_EQ(runs.reaches(NumberSet{{{1, 2}, {5, 9}}}), uids({{3, 4}, {20, 20}}));
  EXPECT_EQ(runs.reaches(NumberSet{{{1, 9}}}), uids({{3, 20}}));
  EXPECT_EQ(runs.reaches(NumberSet{{{6, 9}}}), uids({}));
  EXPECT_EQ(UidRuns{}.reaches(NumberSet{{{1, 1}}}), uids({}));
}

struct SelectCase {
  const char* name;
  NumberedBy numbered_by;
  std::vector<NumberRange> numbers;
  UidSet selected;
};

const SelectCase kSelectCases[] = {
    {"ByNumberAcrossRuns", NumberedBy::sequence_number, {{2, 4}}, uids({{4, 5}, {9, 9}})},
    {"ByNumberTheFirst", NumberedBy::sequence_number, {{1, 1}}, uids({{3, 3}})},
    {"ByNumberTheLast", NumberedBy::sequence_number, {{5, 5}}, uids({{20, 20}})},
    {"ByNumberBeyondTheEnd", NumberedBy::sequence_number, {{6, 9}}, {}},
    {"ByNumberPartlyBeyond", NumberedBy::sequence_number, {{5, 4294967295}}, uids({{20, 20}})},
    {"ByUid", NumberedBy::uid, {{1, 4}, {9, 19}}, uids({{3, 4}, {9, 9}})},
    {"ByUidNothingThere", NumberedBy::uid, {{6, 8}, {21, 4294967295}}, {}},
    {"All", NumberedBy::uid, {{1, 4294967295}}, uids({{3, 5}, {9, 9}, {20, 20}})},
};

TEST(UidRuns, SelectsWhatIsNamedAndThere) {
  const auto runs = runs_of({3, 4, 5, 9, 20});
  for (const auto& test : kSelectCases) {
    EXPECT_EQ(runs.select(test.numbered_by, NumberSet{test.numbers}), test.selected) << test.name;
    EXPECT_EQ(UidRuns{}.select(test.numbered_by, NumberSet{test.numbers}), UidSet{}) << test.name;
  }
}

struct RemoveCase {
  const char* name;
  std::vector<NumberRange> gone;
  std::vector<NumberRange> numbers;
  std::vector<std::uint32_t> left;
};

const RemoveCase kRemoveCases[] = {
    {"Nothing", {}, {}, {3, 4, 5, 9, 20}},
    {"WhatIsNotThere", {{1, 2}, {6, 8}, {21, 4294967295}}, {}, {3, 4, 5, 9, 20}},
    {"TheMiddleOfARun", {{4, 4}}, {{2, 2}}, {3, 5, 9, 20}},
    {"TheEdgesOfARun", {{3, 3}, {5, 5}}, {{1, 1}, {3, 3}}, {4, 9, 20}},
    {"ARun", {{9, 9}}, {{4, 4}}, {3, 4, 5, 20}},
    {"AcrossRuns", {{5, 15}}, {{3, 3}, {4, 4}}, {3, 4, 20}},
    {"TheLast", {{20, 20}}, {{5, 5}}, {3, 4, 5, 9}},
    {"All", {{1, 4294967295}}, {{1, 3}, {4, 4}, {5, 5}}, {}},
};

TEST(UidRuns, RemovesAndSaysTheNumbersFromBefore) {
  for (const auto& test : kRemoveCases) {
    auto runs = runs_of({3, 4, 5, 9, 20});
    EXPECT_EQ(runs.remove(uids(test.gone)), test.numbers) << test.name;
    EXPECT_EQ(runs, runs_of(test.left)) << test.name;
  }
}

TEST(UidRuns, HoldsTheLargestUid) {
  auto runs = runs_of({4294967294, 4294967295});
  EXPECT_EQ(runs.sequence_number(Uid{4294967295}), SequenceNumber{2});
  EXPECT_EQ(runs.remove(uids({{4294967295, 4294967295}})), (std::vector<NumberRange>{{2, 2}}));
  EXPECT_EQ(runs, runs_of({4294967294}));
}

}  // namespace
}  // namespace posthaste::imapd
