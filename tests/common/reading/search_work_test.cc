// Searches, as any protocol may ask for them: each condition, alone and joined with others.
#include "common/reading/search_work.h"

#include <gtest/gtest.h>

#include "../scratch_directory.h"
#include "common/mime/cached_fields.h"
#include "common/store/writer.h"

namespace posthaste::reading {
namespace {

constexpr std::chrono::hours kNoon{12};

constexpr UserId kAlice{1};
constexpr MailboxId kInbox{1};
constexpr std::chrono::sys_days kDay{std::chrono::year{2026} / 12 / 2};

/// Three messages that came in on the 2nd, the 3rd and the 4th of December at noon. The first is seen and has
/// $Work; the last is what the first was.
class Search : public ::testing::Test {
 protected:
  void SetUp() override {
    store::WriterOptions options;
    options.directory = scratch_.path();
    writer_ = std::move(*store::Writer::open(std::move(options)));
    const std::string first = "Subject: Plums\r\nDate: 1 Dec 2026 23:00:00 -0500\r\n\r\nin the ice box\r\n";
    const std::string second = "Subject: Pears\r\nX-Fruit: yes\r\n\r\nplums are better, by far\r\n";
    int day = 0;
    std::vector<store::Request> requests;
    for (const std::string& message : {first, second, first}) {
      mailbox::Append append;
      append.mailbox = kInbox;
      append.blob = mailbox::put_blob(message, {"e", "s", mime::cached_header(message)});
      append.internal_date = mailbox::InternalDate{kDay + std::chrono::days{day} + kNoon, 0};
      if (day++ == 0) {
        append.flags = {mailbox::SystemFlag::seen};
        append.keywords = {"$Work"};
      }
      requests.emplace_back(store::ApplyRequest{kAlice, {{std::move(append)}}, {}});
    }
    const mailbox::Time now{kDay + std::chrono::days{9}};
    const auto outcomes =
        writer_->commit(requests, now, store::Publication::now, [](std::span<const store::Outcome>) {});
    for (const auto& outcome : outcomes) ASSERT_TRUE(std::get<store::ApplyOutcome>(outcome));
  }

  [[nodiscard]] const store::Store& store() const { return writer_->store(); }

  /// The UIDs of those that meet all conditions.
  std::string found(AllOf wanted) {
    const std::vector<std::string> keywords{"$Work"};
    SearchWork work{store(), kAlice, kInbox, make_ready(wanted, keywords), {mailbox::kAllUids}, memory_};
    while (!work.done()) {
      const auto stepped = work.step();
      EXPECT_TRUE(stepped);
      if (!stepped) return "not read";
    }
    std::string uids;
    for (std::uint32_t uid = 1; uid <= 3; ++uid) {
      if (work.found().contains(Uid{uid})) uids += std::to_string(uid);
    }
    return uids;
  }
  template <typename Wanted>
  std::string found(Wanted wanted) {
    AllOf all;
    all.conditions.push_back({std::move(wanted)});
    return found(std::move(all));
  }

  ScratchDirectory scratch_{quick_directory()};
  std::unique_ptr<store::Writer> writer_;
  daemon::MemoryBudget memory_{std::size_t{1} << 20U};
};

template <typename... Wanted>
std::vector<Condition> list(Wanted... wanted) {
  return {Condition{std::move(wanted)}...};
}

TEST_F(Search, OfNoConditionFindsAll) {
  EXPECT_EQ(found(AllOf{}), "123");
  EXPECT_EQ(found(Always{true}), "123");
  EXPECT_EQ(found(Always{false}), "");
}

TEST_F(Search, FindsByWhatTheRowsSay) {
  EXPECT_EQ(found(IsOneOf{std::make_shared<mailbox::UidSet>(mailbox::UidSet{{Uid{2}, Uid{9}}})}), "23");
  EXPECT_EQ(found(HasFlag{mailbox::SystemFlag::seen}), "1");
  EXPECT_EQ(found(HasKeyword{"$WORK"}), "1");
  EXPECT_EQ(found(HasKeyword{"$Home"}), "");
  EXPECT_EQ(found(HasSize{SizeRelation::larger, 20}), "123");
  EXPECT_EQ(found(HasSize{SizeRelation::smaller, 20}), "");
  EXPECT_EQ(found(HasChanged{ModSeq{0}}), "123");
  EXPECT_EQ(found(HasChanged{ModSeq{1'000'000}}), "");
  const auto snapshot = store().read(kAlice);
  ASSERT_TRUE(snapshot);
  const auto message = snapshot->message(kInbox, Uid{2});
  ASSERT_TRUE(message);
  EXPECT_EQ(found(IsCopyOf{message->blob}), "2");
}

TEST_F(Search, FindsByDaysAndInstants) {
  const auto third = kDay + std::chrono::days{1};
  EXPECT_EQ(found(HasDay{DateField::received, DateRelation::before, third}), "1");
  EXPECT_EQ(found(HasDay{DateField::received, DateRelation::on, third}), "2");
  EXPECT_EQ(found(HasDay{DateField::received, DateRelation::since, third}), "23");
  EXPECT_EQ(found(HasDay{DateField::sent, DateRelation::on, kDay - std::chrono::days{1}}), "13");  // where it was
  EXPECT_EQ(found(HasDay{DateField::sent, DateRelation::since, kDay - std::chrono::days{9}}), "13");
  EXPECT_EQ(found(HasDay{DateField::saved, DateRelation::on, kDay + std::chrono::days{9}}), "123");
  EXPECT_EQ(found(CameIn{TimeRelation::before, third + kNoon}), "1");
  EXPECT_EQ(found(CameIn{TimeRelation::since, third + kNoon}), "23");
}

TEST_F(Search, FindsTextsInHeaderAndBody) {
  EXPECT_EQ(found(HeaderHolds{"Subject", "PLUM"}), "13");
  EXPECT_EQ(found(HeaderHolds{"x-fruit", ""}), "2");
  EXPECT_EQ(found(TextHolds{TextPlace::body, "plums"}), "2");
  EXPECT_EQ(found(TextHolds{TextPlace::header_and_body, "plums"}), "123");
}

TEST_F(Search, JoinsConditions) {
  EXPECT_EQ(found(AllOf{list(HeaderHolds{"Subject", "plums"}, HasFlag{mailbox::SystemFlag::seen})}), "1");
  EXPECT_EQ(found(AnyOf{list(TextHolds{TextPlace::body, "plums"}, HasFlag{mailbox::SystemFlag::seen})}), "12");
  EXPECT_EQ(found(AnyOf{}), "");
  EXPECT_EQ(found(Not{list(HasFlag{mailbox::SystemFlag::seen})}), "23");
  EXPECT_EQ(found(Not{list(AnyOf{list(HasKeyword{"$Work"}, HeaderHolds{"X-Fruit", "y"})})}), "3");
}

}  // namespace
}  // namespace posthaste::reading
