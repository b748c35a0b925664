#include "common/auth/rows.h"

#include <gtest/gtest.h>

namespace posthaste::auth {
namespace {

TEST(Rows, CutOrLengthenedRowsAreDamaged) {
  const User user{UserId{7}, "alice@example.org", "Alice", 5, true, WallTime{}};
  Credential credential{3, "$6$x", ScramKeys{"salt", 1, "stored", "server"}, std::nullopt};
  const auto user_row = encode(user);
  const auto credential_row = encode(credential);
  const auto targets_row = encode(std::vector<std::string>{"a@example.org", "b@example.org"});
  ASSERT_TRUE(decode_user(user.id, user_row));
  ASSERT_TRUE(decode_credential(credential_row));
  ASSERT_TRUE(decode_alias_targets(targets_row));
  for (std::size_t i = 0; i < user_row.size(); ++i) EXPECT_FALSE(decode_user(user.id, user_row.substr(0, i))) << i;
  for (std::size_t i = 0; i < credential_row.size(); ++i)
    EXPECT_FALSE(decode_credential(credential_row.substr(0, i)));
  for (std::size_t i = 0; i < targets_row.size(); ++i) EXPECT_FALSE(decode_alias_targets(targets_row.substr(0, i)));
  EXPECT_FALSE(decode_user(user.id, user_row + "x"));
  EXPECT_FALSE(decode_credential(credential_row + "x"));
  EXPECT_FALSE(decode_alias_targets(targets_row + "x"));
}

TEST(Rows, AnotherFormatIsDamaged) {
  auto row = encode(std::vector<std::string>{"a@example.org"});
  row[7] = 2;
  EXPECT_FALSE(decode_alias_targets(row));
}

TEST(Rows, AbsurdCountsEnd) {
  const std::string format{"\0\0\0\0\0\0\0\1", 8};
  EXPECT_FALSE(decode_alias_targets(format + std::string(8, '\xff')));
  EXPECT_FALSE(decode_alias_targets(format + std::string{"\0\0\0\0\0\0\0\1", 8} + std::string(8, '\xff')));
}

TEST(Rows, KeysSortByDomainAndById) {
  EXPECT_EQ(key_of(Address{"alice", "example.org"}), "example.org@alice");
  EXPECT_LT(key_of(UserId{255}), key_of(UserId{256}));
  EXPECT_EQ(user_id_of(key_of(UserId{0x0102030405060708})), UserId{0x0102030405060708});
  EXPECT_EQ(user_id_of("short"), std::nullopt);
  EXPECT_EQ(address_of("example.org"), std::nullopt);
}

}  // namespace
}  // namespace posthaste::auth
