// Numbers, marks and locks.
#include "pop3d/maildrop.h"

#include <gtest/gtest.h>

#include "pop3d/maildrop_lock.h"

namespace posthaste::pop3d {
namespace {

using pop3::MessageNumber;

Maildrop three_messages() {
  return Maildrop{
      {MailboxId{7}, UidValidity{9}, {{Uid{3}, 100, BlobId{1}}, {Uid{5}, 20, BlobId{2}}, {Uid{6}, 3, BlobId{3}}}}};
}

TEST(Maildrop, NumbersFromOne) {
  const auto maildrop = three_messages();
  EXPECT_EQ(maildrop.find(MessageNumber{0}), std::unexpected(MaildropError::no_such_message));
  EXPECT_EQ(maildrop.find(MessageNumber{1}), (MaildropMessage{Uid{3}, 100, BlobId{1}}));
  EXPECT_EQ(maildrop.find(MessageNumber{3}), (MaildropMessage{Uid{6}, 3, BlobId{3}}));
  EXPECT_EQ(maildrop.find(MessageNumber{4}), std::unexpected(MaildropError::no_such_message));
}

TEST(Maildrop, MarksKeepTheNumbersOfTheOthers) {
  auto maildrop = three_messages();
  EXPECT_TRUE(maildrop.mark(MessageNumber{2}));
  EXPECT_EQ(maildrop.mark(MessageNumber{2}), std::unexpected(MaildropError::marked_as_deleted));
  EXPECT_EQ(maildrop.find(MessageNumber{2}), std::unexpected(MaildropError::marked_as_deleted));
  EXPECT_EQ(maildrop.find(MessageNumber{3}), (MaildropMessage{Uid{6}, 3, BlobId{3}}));
  EXPECT_EQ(maildrop.count(), 2U);
  EXPECT_EQ(maildrop.octets(), 103U);
  EXPECT_EQ(maildrop.unmarked_from(MessageNumber{2}), MessageNumber{3});
  EXPECT_EQ(maildrop.unmarked_from(MessageNumber{4}), std::nullopt);
  EXPECT_EQ(maildrop.marked(), (mailbox::UidSet{{Uid{5}, Uid{5}}}));
}

TEST(Maildrop, UnmarkAllForgetsEveryMark) {
  auto maildrop = three_messages();
  EXPECT_TRUE(maildrop.mark(MessageNumber{1}));
  EXPECT_TRUE(maildrop.mark(MessageNumber{3}));
  maildrop.unmark_all();
  EXPECT_EQ(maildrop.count(), 3U);
  EXPECT_EQ(maildrop.octets(), 123U);
  EXPECT_TRUE(maildrop.marked().empty());
}

TEST(MaildropLocks, OneHolderForEachUser) {
  MaildropLocks locks;
  auto first = locks.take(UserId{1});
  EXPECT_TRUE(first);
  EXPECT_FALSE(locks.take(UserId{1}));
  EXPECT_TRUE(locks.take(UserId{2}));
  auto moved = std::move(*first);
  first.reset();
  EXPECT_FALSE(locks.take(UserId{1}));
}

TEST(MaildropLocks, FreeWhenTheLockGoes) {
  MaildropLocks locks;
  {
    const auto lock = locks.take(UserId{1});
  }
  EXPECT_TRUE(locks.take(UserId{1}));
}

}  // namespace
}  // namespace posthaste::pop3d
