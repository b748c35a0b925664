#include "imapd/answers/listing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "../common/scratch_directory.h"
#include "common/store/writer.h"
#include "imapd/limits.h"

namespace posthaste::imapd {
namespace {

constexpr UserId kAlice{1};
constexpr mailbox::Time kNow{std::chrono::milliseconds{1'700'000'000'000}};

/// A store where Alice has some mailboxes, and nothing else.
class Listed : public ::testing::Test {
 protected:
  void SetUp() override {
    store::WriterOptions options;
    options.directory = scratch_.path();
    writer_ = std::move(*store::Writer::open(std::move(options)));
  }

  void apply(std::vector<mailbox::Operation> operations) {
    const store::Request request = store::ApplyRequest{kAlice, mailbox::Batch{std::move(operations)}, {}};
    const auto outcomes =
        writer_->commit({&request, 1}, kNow, store::Publication::now, [](std::span<const store::Outcome>) {});
    ASSERT_TRUE(std::get<store::ApplyOutcome>(outcomes.front()));
  }

  /// So many mailboxes with long names.
  void create(int count) {
    std::vector<mailbox::Operation> operations;
    for (int i = 0; i < count; ++i) {
      operations.emplace_back(mailbox::CreateMailbox{std::string(200, 'a') + std::to_string(i), std::nullopt});
    }
    apply(std::move(operations));
  }

  [[nodiscard]] static imap::List list_of(std::vector<std::string> patterns) {
    imap::List list;
    list.patterns = std::move(patterns);
    return list;
  }

  /// The names told, and each step's lines and matching looked at.
  std::vector<std::string> told(ListWork work) {
    std::vector<std::string> names;
    while (!work.done()) {
      const std::uint64_t before = work.match_steps();
      const auto lines = work.step();
      if (!lines) {
        ADD_FAILURE() << "not to be read";
        break;
      }
      EXPECT_LE(lines->size(), kListedAtOnce);
      EXPECT_LE(work.match_steps() - before, 2 * kMatchStepsAtOnce);
      for (const ListLine& line : *lines) names.push_back(line.name);
    }
    match_steps_ = work.match_steps();
    return names;
  }
  std::vector<std::string> told(std::vector<std::string> patterns) {
    return told(ListWork{writer_->store(), kAlice, ListWork::Kind::list, list_of(std::move(patterns))});
  }

  ScratchDirectory scratch_;
  std::unique_ptr<store::Writer> writer_;
  std::uint64_t match_steps_ = 0;
};

TEST_F(Listed, ManyMailboxesAreToldInSteps) {
  create(1'000);
  const auto names = told({"*"});
  EXPECT_EQ(names.size(), 1'006);  // and those that everybody has
  EXPECT_TRUE(std::ranges::is_sorted(names));
}

/// 64 patterns of 1,000 octets: not the product of their octets and those of the names.
TEST_F(Listed, ManyLongPatternsCostAboutAsMuchAsShortOnes) {
  create(500);
  std::vector<std::string> shorter;
  std::vector<std::string> longer;
  for (char i = 0; i < 64; ++i) {
    std::string pattern(1, static_cast<char>('0' + i));
    shorter.push_back("*a*" + pattern);
    for (int j = 0; j < 199; ++j) pattern += "*a%a%";
    longer.push_back("*" + pattern.substr(1) + std::string(1, static_cast<char>('0' + i)));
  }
  static_cast<void>(told(shorter));
  const std::uint64_t few = match_steps_;
  static_cast<void>(told(longer));
  EXPECT_LT(match_steps_, 8 * few);
}

TEST_F(Listed, MatchingGrowsWithTheNamesAlone) {
  std::vector<std::string> patterns;
  for (char i = 0; i < 64; ++i) {
    std::string pattern;
    for (int j = 0; j < 150; ++j) pattern += "*a%";
    patterns.push_back(pattern + static_cast<char>('0' + i));
  }
  create(200);
  static_cast<void>(told(patterns));
  const std::uint64_t once = match_steps_;
  apply({mailbox::RenameMailbox{"Archive", "Archives"}});
  std::vector<mailbox::Operation> more;
  for (int i = 200; i < 400; ++i) {
    more.emplace_back(mailbox::CreateMailbox{std::string(200, 'a') + std::to_string(i), std::nullopt});
  }
  apply(std::move(more));
  static_cast<void>(told(patterns));
  EXPECT_LT(match_steps_, 3 * once);
}

TEST_F(Listed, WhatGoesMeanwhileIsNotTold) {
  create(300);
  ListWork work{writer_->store(), kAlice, ListWork::Kind::list, list_of({"*"})};
  const auto first = work.step();
  ASSERT_TRUE(first);
  ASSERT_FALSE(work.done());
  apply({mailbox::DeleteMailbox{std::string(200, 'a') + "99"}});
  while (!work.done()) {
    const auto lines = work.step();
    ASSERT_TRUE(lines);
    for (const ListLine& line : *lines) EXPECT_NE(line.name, std::string(200, 'a') + "99");
  }
}

}  // namespace
}  // namespace posthaste::imapd
