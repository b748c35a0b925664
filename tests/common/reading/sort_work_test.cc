#include "common/reading/sort_work.h"

#include <gtest/gtest.h>

namespace posthaste::reading {
namespace {

TEST(SortKey, ComparesNumbersAndTexts) {
  const auto key_of = [](SortCriterion criterion, std::uint32_t octets, const char* subject) {
    mailbox::Message message;
    message.octets = octets;
    return sort_key({criterion}, message, std::string{"Subject: "} + subject + "\r\n\r\n");
  };
  const SortCriterion size{SortKey::size, false};
  EXPECT_LT(key_of(size, 9, ""), key_of(size, 10, ""));
  EXPECT_LT(key_of(size, 255, ""), key_of(size, 256, ""));
  EXPECT_LT(key_of(size, 0x7fff'ffff, ""), key_of(size, 0x8000'0000, ""));
  const SortCriterion subject{SortKey::subject, false};
  EXPECT_LT(key_of(subject, 0, ""), key_of(subject, 0, "a"));
  EXPECT_LT(key_of(subject, 0, "a"), key_of(subject, 0, "AB"));
  EXPECT_EQ(key_of(subject, 0, "a"), key_of(subject, 0, "A"));
  const SortCriterion reverse{SortKey::subject, true};
  EXPECT_GT(key_of(reverse, 0, ""), key_of(reverse, 0, "a"));
  EXPECT_GT(key_of(reverse, 0, "a"), key_of(reverse, 0, "AB"));
}

}  // namespace
}  // namespace posthaste::reading
