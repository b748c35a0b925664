#include "common/reading/row_walk.h"

#include <gtest/gtest.h>

#include "../scratch_directory.h"
#include "common/store/writer.h"

namespace posthaste::reading {
namespace {

constexpr UserId kAlice{1};
constexpr MailboxId kInbox{1};

std::vector<std::uint32_t> walk(const store::Store& store, const mailbox::UidSet& uids, std::size_t rows_max) {
  std::vector<std::uint32_t> seen;
  RowWalk rows{uids};
  while (!rows.done()) {
    const auto snapshot = store.read(kAlice);
    const auto some = rows.next(*snapshot, kInbox, rows_max);
    EXPECT_LE(some->size(), rows_max);
    for (const mailbox::Message& message : *some) seen.push_back(number(message.uid));
  }
  EXPECT_EQ(rows.passed(), uids.size());
  return seen;
}

/// A store whose INBOX has UIDs 1 to 200, but for 11, 13, ... 39 and 100 to 150.
class WithGaps : public ::testing::Test {
 protected:
  void SetUp() override {
    store::WriterOptions options;
    options.directory = scratch_.path();
    writer_ = std::move(*store::Writer::open(std::move(options)));
    std::vector<store::Request> requests;
    for (std::uint32_t uid = 1; uid <= 200; ++uid) {
      mailbox::Deliver deliver;
      deliver.user = kAlice;
      deliver.blob = mailbox::put_blob("x", {"e", "s", "h"});
      requests.emplace_back(std::move(deliver));
      there_.add(Uid{uid});
    }
    mailbox::UidSet gone{{Uid{100}, Uid{150}}};
    for (std::uint32_t uid = 11; uid < 40; uid += 2) gone.add(Uid{uid});
    requests.emplace_back(
        store::ApplyRequest{kAlice, {{mailbox::Expunge{kInbox, gone, mailbox::ExpungeWhich::all}}}, {}});
    const mailbox::Time now{std::chrono::milliseconds{1'700'000'000'000}};
    const auto outcomes =
        writer_->commit(requests, now, store::Publication::now, [](std::span<const store::Outcome>) {});
    ASSERT_TRUE(std::get<store::ApplyOutcome>(outcomes.back()));
    for (std::uint32_t uid = 1; uid <= 200; ++uid) {
      if (!gone.contains(Uid{uid})) left_.add(Uid{uid});
    }
  }

  [[nodiscard]] std::vector<std::uint32_t> expected(const mailbox::UidSet& asked) const {
    std::vector<std::uint32_t> uids;
    for (std::uint32_t uid = 1; uid <= 300; ++uid) {
      if (asked.contains(Uid{uid}) && left_.contains(Uid{uid})) uids.push_back(uid);
    }
    return uids;
  }

  ScratchDirectory scratch_{quick_directory()};
  std::unique_ptr<store::Writer> writer_;
  mailbox::UidSet there_;
  mailbox::UidSet left_;
};

TEST_F(WithGaps, AWalkSeesWhatIsAskedForAndThere) {
  mailbox::UidSet every_third;
  for (std::uint32_t uid = 2; uid < 250; uid += 3) every_third.add(Uid{uid});
  const mailbox::UidSet sets[] = {
      there_,
      left_,
      every_third,
      {mailbox::kAllUids},
      {},
      {{Uid{1}, Uid{1}}, {Uid{200}, Uid{200}}},
      {{Uid{11}, Uid{11}}, {Uid{13}, Uid{13}}},
      {{Uid{90}, Uid{99}}, {Uid{101}, Uid{140}}, {Uid{145}, Uid{152}}},
      {{Uid{12}, Uid{12}}, {Uid{14}, Uid{17}}, {Uid{40}, Uid{40}}, {Uid{80}, Uid{80}}, {Uid{199}, Uid{300}}},
  };
  for (const mailbox::UidSet& asked : sets) {
    for (const std::size_t rows_max : {1U, 2U, 7U, 1000U}) {
      EXPECT_EQ(walk(writer_->store(), asked, rows_max), expected(asked)) << asked.size() << " by " << rows_max;
    }
  }
}

TEST_F(WithGaps, AWalkGoesOnFromWhereItIsTold) {
  RowWalk rows{left_};
  const auto snapshot = writer_->store().read(kAlice);
  ASSERT_EQ(rows.next(*snapshot, kInbox, 150)->size(), 134U);
  EXPECT_TRUE(rows.done());
  rows.go_on_from(Uid{16});
  EXPECT_EQ(rows.next(*snapshot, kInbox, 1)->front().uid, Uid{16});
  rows.go_on_from(Uid{120});  // gone: the next one
  EXPECT_EQ(rows.next(*snapshot, kInbox, 1)->front().uid, Uid{151});
  rows.go_on_from(Uid{201});
  EXPECT_TRUE(rows.done());
}

}  // namespace
}  // namespace posthaste::reading
