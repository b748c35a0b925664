#include "common/auth/app_password.h"

#include <gtest/gtest.h>
#include <lmdb.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <optional>

#include "common/auth/directory.h"
#include "common/auth/rows.h"

namespace posthaste::auth {
namespace {

AppPassword app_password(std::string name) {
  AppPassword made;
  made.name = std::move(name);
  made.scope = {Service::imap, Service::smtp};
  made.created = WallTime{std::chrono::milliseconds{1'234}};
  made.digest = "digest";
  made.scram_sha256 = ScramKeys{"salt", 1, "stored", "server"};
  return made;
}

TEST(AppPassword, HasAHundredBits) {
  EXPECT_EQ(app_password_of(std::string{"\0\1\2\3\4\5\6\7\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x18\x19\x1a\x1f", 20}),
            "abcdefghijklmnopyz27");
  EXPECT_EQ(app_password_of(std::string(kAppPasswordOctets, '\xff')), std::string(20, '7'));
}

TEST(AppPassword, DigestIsOfWhatIsOneAlone) {
  // By sha256sum.
  EXPECT_EQ(app_password_digest("aaaaaaaaaaaaaaaaaaaa"),
            std::string("\x42\x49\x2d\xa0\x62\x34\xad\x0a\xc7\x6f\x5d\x5d\xeb\xdb\x6d\x1a\xe0\x27\xcf\xfb\xe7\x46\xa1"
                        "\xc1\x3b\x89\xbb\x8b\xc0\x13\x91\x37",
                        32));
  for (const auto* other : {"", "aaaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaaaaaa", "Aaaaaaaaaaaaaaaaaaaa",
                            "aaaaaaaaaaaaaaaaaaa1", "aaaa aaaa aaaa aaaa"}) {
    EXPECT_FALSE(app_password_digest(other)) << other;
  }
}

TEST(AppPassword, NamesArePrintableAndShort) {
  for (const auto* name : {"phone", "Alice's phone", "T\u00e9l\u00e9phone"}) EXPECT_TRUE(is_app_password_name(name));
  EXPECT_TRUE(is_app_password_name(std::string(64, 'a')));
  for (const auto& name : {std::string{}, std::string(65, 'a'), std::string{"a\0b", 3}, std::string{"a\nb"},
                           std::string{"\xff"}, std::string{"\x7f"}}) {
    EXPECT_FALSE(is_app_password_name(name)) << name;
  }
}

TEST(AppPassword, ServicesHaveNames) {
  for (const auto service : kServices) EXPECT_EQ(parse_service(name_of(service)), service);
  for (const auto* other : {"", "IMAP", "pop", "smtp "}) EXPECT_FALSE(parse_service(other)) << other;
}

TEST(AppPasswordRow, IsReadAsItWasWrittenOrNotAtAll) {
  const auto row = encode(app_password("phone"));
  EXPECT_EQ(decode_app_password("phone", row), app_password("phone"));
  for (std::size_t i = 0; i < row.size(); ++i) EXPECT_FALSE(decode_app_password("phone", row.substr(0, i))) << i;
  EXPECT_FALSE(decode_app_password("phone", row + "x"));
}

class AppPasswordsTest : public testing::Test {
 protected:
  AppPasswordsTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "app_password_test.XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    writer_ = *Directory::open(path(), Role::writer);
    auto change = writer_->change();
    EXPECT_TRUE(change->add_domain("example.org"));
    alice_ = *change->add_user({"alice@example.org", "", std::nullopt, true, WallTime{}});
    bob_ = *change->add_user({"bob@example.org", "", std::nullopt, true, WallTime{}});
    EXPECT_TRUE(change->commit());
  }
  ~AppPasswordsTest() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path path() const { return folder_ / "directory"; }

  std::expected<void, DirectoryError> add(UserId user, const std::string& name) {
    auto change = writer_->change();
    const auto done = change->add_app_password(user, app_password(name));
    if (!done) return done;
    return change->commit();
  }

  std::vector<std::string> names(UserId user) const {
    std::vector<std::string> names;
    const auto all = writer_->app_passwords(user);
    EXPECT_TRUE(all);
    for (const auto& known : *all) names.push_back(known.name);
    return names;
  }

  std::filesystem::path folder_;
  std::optional<Directory> writer_;
  UserId alice_{};
  UserId bob_{};
};

TEST_F(AppPasswordsTest, AreEachUsersOwn) {
  EXPECT_TRUE(add(alice_, "phone"));
  EXPECT_TRUE(add(alice_, "laptop"));
  EXPECT_TRUE(add(bob_, "phone"));
  EXPECT_EQ(names(alice_), (std::vector<std::string>{"laptop", "phone"}));
  EXPECT_EQ(*writer_->app_passwords(bob_), std::vector{app_password("phone")});
  auto change = writer_->change();
  EXPECT_TRUE(change->delete_app_password(alice_, "phone"));
  EXPECT_EQ(change->delete_app_password(alice_, "phone"), std::unexpected(DirectoryError::not_found));
  EXPECT_EQ(change->delete_app_password(alice_, ""), std::unexpected(DirectoryError::not_found));
  EXPECT_TRUE(change->commit());
  EXPECT_EQ(names(alice_), std::vector<std::string>{"laptop"});
  EXPECT_EQ(names(bob_), std::vector<std::string>{"phone"});
}

TEST_F(AppPasswordsTest, WrongOnesAreRefused) {
  EXPECT_TRUE(add(alice_, "phone"));
  EXPECT_EQ(add(alice_, "phone"), std::unexpected(DirectoryError::exists));
  EXPECT_EQ(add(alice_, ""), std::unexpected(DirectoryError::bad_address));
  EXPECT_EQ(add(alice_, "a\tb"), std::unexpected(DirectoryError::bad_address));
  EXPECT_EQ(add(UserId{999}, "phone"), std::unexpected(DirectoryError::not_found));
  for (std::size_t i = 1; i < kAppPasswordsMax; ++i) EXPECT_TRUE(add(alice_, std::to_string(i)));
  EXPECT_EQ(add(alice_, "one more"), std::unexpected(DirectoryError::too_many));
}

TEST_F(AppPasswordsTest, GoWithTheirUser) {
  EXPECT_TRUE(add(alice_, "phone"));
  auto change = writer_->change();
  EXPECT_TRUE(change->delete_user(alice_));
  EXPECT_TRUE(change->commit());
  EXPECT_TRUE(names(alice_).empty());
}

TEST_F(AppPasswordsTest, DirectoryOfBeforeHasNoneUntilItsNextWriter) {
  writer_.reset();
  MDB_env* environment = nullptr;
  MDB_txn* transaction = nullptr;
  MDB_dbi table = 0;
  ASSERT_EQ(mdb_env_create(&environment), 0);
  ASSERT_EQ(mdb_env_set_maxdbs(environment, 8), 0);
  ASSERT_EQ(mdb_env_open(environment, path().c_str(), 0, 0600), 0);
  ASSERT_EQ(mdb_txn_begin(environment, nullptr, 0, &transaction), 0);
  ASSERT_EQ(mdb_dbi_open(transaction, "app_passwords", 0, &table), 0);
  ASSERT_EQ(mdb_drop(transaction, table, 1), 0);
  ASSERT_EQ(mdb_txn_commit(transaction), 0);
  mdb_env_close(environment);
  {
    const auto reader = Directory::open(path(), Role::reader);
    ASSERT_TRUE(reader);
    EXPECT_TRUE(reader->app_passwords(alice_)->empty());
    EXPECT_EQ(reader->find_account("alice").error(), DirectoryError::not_found);  // no credential
  }
  writer_ = *Directory::open(path(), Role::writer);
  EXPECT_TRUE(add(alice_, "phone"));
  EXPECT_EQ(names(alice_), std::vector<std::string>{"phone"});
}

}  // namespace
}  // namespace posthaste::auth
