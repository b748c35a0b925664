// What becomes of the mail of users who were deleted.
#include "deliveryd/departed_users.h"

#include <gtest/gtest.h>

#include "common/store/check.h"
#include "installation.h"

namespace posthaste::deliveryd {
namespace {

using namespace std::chrono_literals;

constexpr int kMuch = 1'600;  // more than goes at once

net::Task<void> fill(Installation& here, UserId user, int messages) {
  int delivered = messages;
  while (delivered > 50) delivered /= 2;
  for (int i = 0; i < delivered; ++i) {
    mailbox::Deliver message;
    message.user = user;
    message.blob = mailbox::put_blob("message " + std::to_string(i), {});
    const auto stored = co_await here.local_store->deliver(std::move(message));
    EXPECT_TRUE(stored);
  }
  for (; delivered < messages; delivered *= 2) {
    const MailboxId inbox = here.writer->store().read(user)->mailbox("INBOX")->id;
    mailbox::Batch batch;
    batch.operations.emplace_back(mailbox::Copy{inbox, {mailbox::kAllUids}, inbox});
    mailbox::IdempotencyKey no_key;
    const auto copied = co_await here.local_store->apply(user, std::move(batch), std::move(no_key));
    EXPECT_TRUE(copied);
  }
}

net::Task<void> wait_for(Installation& here, std::chrono::milliseconds duration) {
  co_await here.sim.loop().sleep(duration);
}

void expect_nothing_of(Installation& here, UserId user) {
  EXPECT_FALSE(*here.writer->store().read(user)->user());
  EXPECT_TRUE(here.writer->store().read(user)->mailboxes()->empty());
}

net::Task<void> fill_and_remove(Installation& here) {
  co_await fill(here, kAlice, kMuch);
  co_await fill(here, kBob, 3);
  here.remove(kAlice);
  co_await wait_for(here, 3s);
}

TEST(DepartedUsers, TheirMailGoesAndNobodyElses) {
  Installation here{1};
  ASSERT_TRUE(here.run(fill_and_remove(here)));
  expect_nothing_of(here, kAlice);
  EXPECT_EQ(here.messages(kBob).size(), 3U);
  EXPECT_EQ(store::check(here.writer->store(), store::CheckDepth::bodies).problems, std::vector<std::string>{});
  EXPECT_NE(here.sink.text().find("store.user.cleared user=1 messages=1600"), std::string::npos)
      << here.sink.text();
}

net::Task<void> fill_alice(Installation& here) { co_await fill(here, kAlice, kMuch); }

/// The daemon was away, or ended between the change of the directory and the end of the work.
TEST(DepartedUsers, WhatIsLeftAtTheStartGoes) {
  Installation here{1};
  ASSERT_TRUE(here.run(fill_alice(here)));
  here.remove(kAlice);
  const store::Request first_step = store::ApplyRequest{kAlice, {{mailbox::DeleteUser{}}}, {}};
  static_cast<void>(here.writer->commit({&first_step, 1}, {}, store::Publication::now, [](const auto&) {}));
  EXPECT_TRUE(*here.writer->store().read(kAlice)->user()) << "one step does not do it all";
  const auto left = (*here.writer->store().read(kAlice)->user())->used_messages;
  EXPECT_GT(left, 0U);
  ASSERT_TRUE(here.run(wait_for(here, 3s)));
  expect_nothing_of(here, kAlice);
  const std::string said = "store.user.cleared user=1 messages=" + std::to_string(left) + " ";
  EXPECT_NE(here.sink.text().find(said), std::string::npos) << said << "\n" << here.sink.text();
}

net::Task<void> come_back(Installation& here) {
  co_await fill(here, kAlice, kMuch);
  here.remove(kAlice);
  const UserId again = here.add("alice@example.org");
  EXPECT_NE(again, kAlice);
  co_await fill(here, again, 1);
  EXPECT_EQ(here.messages(again).size(), 1U);
  co_await wait_for(here, 3s);
  expect_nothing_of(here, kAlice);
  EXPECT_EQ(here.messages(again).size(), 1U);
}

TEST(DepartedUsers, WhoGetsTheAddressNextSeesNothingOfIt) {
  Installation here{1};
  ASSERT_TRUE(here.run(come_back(here)));
}

net::Task<void> deliver_late(Installation& here) {
  here.remove(kAlice);
  mailbox::Deliver message;
  message.user = kAlice;
  message.blob = mailbox::put_blob("late", {});
  const auto delivered = co_await here.local_store->deliver(std::move(message));
  EXPECT_EQ(delivered.error(), mailbox::StoreError::no_such_mailbox);
  mailbox::Batch batch;
  batch.operations.emplace_back(mailbox::CreateUser{});
  mailbox::IdempotencyKey no_key;
  const auto created = co_await here.local_store->apply(kAlice, std::move(batch), std::move(no_key));
  EXPECT_EQ(created.error(), mailbox::StoreError::no_such_mailbox);
}

TEST(DepartedUsers, NothingMakesThemAnew) {
  Installation here{1};
  ASSERT_TRUE(here.run(deliver_late(here)));
  expect_nothing_of(here, kAlice);
}

}  // namespace
}  // namespace posthaste::deliveryd
