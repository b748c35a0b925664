#include "imapd/view/uid_batches.h"

#include <gtest/gtest.h>

#include "imapd/limits.h"

namespace posthaste::imapd {
namespace {

using mailbox::UidRange;
using mailbox::UidSet;

struct Case {
  const char* name;
  UidSet uids;
  std::uint64_t count;
  std::vector<UidSet> batches;
};

const Case kCases[] = {
    {"Nothing", {}, 3, {}},
    {"FewerThanABatch", {{Uid{4}, Uid{5}}}, 3, {{{Uid{4}, Uid{5}}}}},
    {"ARangeIsCut", {{Uid{1}, Uid{7}}}, 3, {{{Uid{1}, Uid{3}}}, {{Uid{4}, Uid{6}}}, {{Uid{7}, Uid{7}}}}},
    {"ABatchHoldsSeveralRanges",
     {{Uid{1}, Uid{2}}, {Uid{5}, Uid{5}}, {Uid{9}, Uid{9}}},
     3,
     {{{Uid{1}, Uid{2}}, {Uid{5}, Uid{5}}}, {{Uid{9}, Uid{9}}}}},
    {"EndsWithARange", {{Uid{1}, Uid{2}}, {Uid{5}, Uid{6}}}, 2, {{{Uid{1}, Uid{2}}}, {{Uid{5}, Uid{6}}}}},
    {"AllThereCanBe", {mailbox::kAllUids}, UINT64_MAX, {{mailbox::kAllUids}}},
    {"TheLastUid",
     {{Uid{4294967294}, Uid{4294967295}}},
     1,
     {{{Uid{4294967294}, Uid{4294967294}}}, {{Uid{4294967295}, Uid{4294967295}}}}},
};

TEST(UidBatches, CutASetInItsOrder) {
  for (const auto& test : kCases) {
    SCOPED_TRACE(test.name);
    UidBatches batches{test.uids, test.count};
    std::vector<UidSet> got;
    while (!batches.done()) got.push_back(batches.next());
    EXPECT_EQ(got, test.batches);
  }
}

TEST(UidBatches, OfAMailboxHoldWhatWillComeToo) {
  SelectedMailbox mailbox;
  for (std::uint32_t uid = 1; uid <= kChangedAtOnce + 1; ++uid) mailbox.messages.append(Uid{uid});
  mailbox.uid_next = Uid{kChangedAtOnce + 10};
  const auto batches = batches_of(mailbox);
  ASSERT_EQ(batches.size(), 2U);
  EXPECT_EQ(batches[0], (UidSet{{Uid{1}, Uid{kChangedAtOnce}}}));
  EXPECT_EQ(batches[1], (UidSet{{Uid{kChangedAtOnce + 1}, Uid{kChangedAtOnce + 1}},
                                {Uid{kChangedAtOnce + 10}, mailbox::kAllUids.last}}));
}

TEST(UidBatches, OfAnEmptyMailboxHoldWhatWillCome) {
  EXPECT_EQ(batches_of(SelectedMailbox{}), (std::vector{UidSet{mailbox::kAllUids}}));
}

}  // namespace
}  // namespace posthaste::imapd
