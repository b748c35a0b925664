#include "common/auth/check.h"

#include <gtest/gtest.h>

#include "../scratch_directory.h"
#include "common/auth/rows.h"
#include "common/auth/tables.h"
#include "common/lmdb/damage.h"

namespace posthaste::auth {
namespace {

constexpr std::uint64_t kAlice = 1;
constexpr std::uint64_t kNobody = 77;

class CheckTest : public testing::Test {
 protected:
  CheckTest() : path_(scratch_.path() / "directory") {
    auto directory = Directory::open(path_, Role::writer);
    auto change = directory->change();
    EXPECT_TRUE(change->add_domain("example.org"));
    const auto alice = change->add_user({"alice@example.org", "Alice", std::nullopt, true, WallTime{}});
    EXPECT_TRUE(alice && change->set_credential(
                             *alice, {.version = 0, .hash = "$y$", .scram_sha1 = {}, .scram_sha256 = {}}));
    EXPECT_TRUE(change->set_alias({"info@example.org", {"alice@example.org"}}));
    EXPECT_TRUE(change->set_alias({"@example.org", {"alice@example.org"}}));
    Route route;
    route.target = "*";
    route.host = "relay.example.com";
    EXPECT_TRUE(change->set_route(route));
    const auto gone = change->add_user({"gone@example.org", "", std::nullopt, true, WallTime{}});
    EXPECT_TRUE(gone && change->delete_user(*gone));
    EXPECT_TRUE(change->commit());
  }

  /// Writes what nobody here does.
  template <typename Write>
  void write(Write write_rows) const {
    const auto environment = *open_environment(path_, Role::writer);
    const auto transaction = *Transaction::begin(environment, Access::write);
    write_rows(*transaction);
    EXPECT_TRUE(transaction->commit());
  }

  ScratchDirectory scratch_;
  const std::filesystem::path path_;
};

TEST_F(CheckTest, ASoundDirectoryIsCounted) {
  const auto found = check_directory(path_);
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->problems.empty()) << found->problems.front();
  EXPECT_TRUE(found->notes.empty());
  EXPECT_EQ(found->domains, 1);
  EXPECT_EQ(found->users, 1);
  EXPECT_EQ(found->aliases, 2);
  EXPECT_EQ(found->routes, 1);
}

TEST_F(CheckTest, OneThatIsNotThereIsSaidToBeGone) {
  EXPECT_EQ(check_directory(scratch_.path() / "elsewhere").error(), DirectoryError::not_found);
}

TEST_F(CheckTest, WhatNobodyWroteIsFound) {
  struct Case {
    const char* name;
    Table table;
    std::string key;
    std::string row;
    const char* found;
  };
  const std::string user = encode(User{UserId{kNobody}, "x@example.org", "", std::nullopt, true, WallTime{}});
  const Case cases[] = {
      {"AUserThatIsNone", Table::users, key_of(UserId{kAlice}), "no row", "a user's row is damaged"},
      {"AUserAboveTheNext", Table::users, key_of(UserId{kNobody}), user, "is not below that of the next user"},
      {"AUserWithoutAddress", Table::users, key_of(UserId{kNobody}), user,
       "the address does not lead to this user"},
      {"AnAddressOfNobody", Table::addresses, "example.org@eve", key_of(UserId{kNobody}), "who does not exist"},
      {"AnAddressThatIsNoNumber", Table::addresses, "example.org@eve", "x", "address \"example.org@eve\": the row"},
      {"APasswordThatIsNone", Table::credentials, key_of(UserId{kAlice}), "x", "user 1: the password's row"},
      {"APasswordOfNobody", Table::credentials, key_of(UserId{kNobody}), encode(Credential{}), "user 77: has a"},
      {"AnAliasThatIsNone", Table::aliases, "example.org@info", "x", "alias \"example.org@info\": the row"},
      {"AnAliasElsewhere", Table::aliases, "example.com@a", encode(std::vector<std::string>{"b@c.d"}), "not ours"},
      {"ATargetThatIsNone", Table::aliases, "example.org@a", encode(std::vector<std::string>{"b\xff"}), "b\\xff"},
      {"ADomainThatIsNone", Table::domains, "exa mple", "", "domain \"exa mple\""},
      {"ASecretCutShort", Table::meta, std::string(kSecretKey), "x", "its secret is damaged"},
      {"ANextUserThatIsNone", Table::meta, std::string(kNextUserId), "x", "number of the next user"},
  };
  for (const auto& [name, table, key, row, expected] : cases) {
    SCOPED_TRACE(name);
    std::string before;
    bool was_there = false;
    write([&](Transaction& transaction) {
      if (const auto former = *transaction.get(table, key)) {
        before = *former;
        was_there = true;
      }
      EXPECT_TRUE(transaction.put(table, key, row));
    });
    const auto found = check_directory(path_);
    ASSERT_TRUE(found);
    std::string all;
    for (const auto& problem : found->problems) all += problem + "\n";
    EXPECT_NE(all.find(expected), std::string::npos) << all;
    write([&](Transaction& transaction) {
      EXPECT_TRUE(was_there ? transaction.put(table, key, before) : transaction.erase(table, key));
    });
  }
  EXPECT_TRUE(check_directory(path_)->problems.empty());
}

TEST_F(CheckTest, AnAliasThatLeadsNowhereIsSoundAndTold) {
  write([](Transaction& transaction) {
    const auto targets = [](std::string target) { return encode(std::vector<std::string>{std::move(target)}); };
    const auto table = Table::aliases;
    EXPECT_TRUE(transaction.erase(table, "example.org@"));
    EXPECT_TRUE(transaction.put(table, "example.org@lost", targets("nobody@example.org")));
    EXPECT_TRUE(transaction.put(table, "example.org@round", targets("round@example.org")));
  });
  const auto found = check_directory(path_);
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->problems.empty());
  ASSERT_EQ(found->notes.size(), 2);
  EXPECT_NE(found->notes[0].find("lost@example.org leads to nobody"), std::string::npos) << found->notes[0];
  EXPECT_NE(found->notes[1].find("round@example.org leads back to itself"), std::string::npos) << found->notes[1];
}

TEST_F(CheckTest, ADamagedRowIsNotedOnceForTheDaemonsLog) {
  static_cast<void>(lmdb::take_damaged());
  write([](Transaction& transaction) { EXPECT_TRUE(transaction.put(Table::users, key_of(UserId{kAlice}), "x")); });
  const auto directory = *Directory::open(path_, Role::reader);
  EXPECT_TRUE(lmdb::take_damaged().empty());
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(directory.find_user("alice@example.org").error(), DirectoryError::damaged);
    EXPECT_FALSE(directory.resolve("alice@example.org"));
  }
  EXPECT_EQ(lmdb::take_damaged(), std::vector{path_});
  EXPECT_FALSE(directory.list_users());
  EXPECT_TRUE(lmdb::take_damaged().empty());
}

}  // namespace
}  // namespace posthaste::auth
