#include "admin/app_passwords.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <optional>

#include "admin/accounts.h"

namespace posthaste::admin {
namespace {

class AppPasswordsTest : public testing::Test {
 protected:
  AppPasswordsTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "app_passwords_test.XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    directory_ = *auth::Directory::open(folder_ / "directory", auth::Role::writer);
    auto change = directory_->change();
    EXPECT_TRUE(change->add_domain("example.org"));
    EXPECT_TRUE(change->commit());
    EXPECT_TRUE(add_user(*directory_, kAlice, "", "secret"));
  }
  ~AppPasswordsTest() override { std::filesystem::remove_all(folder_); }

  Outcome<Report> add(const std::string& name, const std::vector<std::string>& scope = {"imap", "pop3", "smtp"}) {
    return add_app_password(*directory_, kAlice, name, scope);
  }

  auth::Directory::Account alice() { return *directory_->find_account(kAlice); }

  static constexpr const char* kAlice = "alice@example.org";
  std::filesystem::path folder_;
  std::optional<auth::Directory> directory_;
};

TEST_F(AppPasswordsTest, IsToldOnceAndListedWithoutIt) {
  const auto added = add("phone", {"smtp", "imap"});
  ASSERT_TRUE(added);
  const std::string text = added->json["password"];
  EXPECT_EQ(text.size(), auth::kAppPasswordOctets);
  EXPECT_TRUE(added->text.starts_with(text + "\n"));
  EXPECT_EQ(added->json["scope"], nlohmann::json({"imap", "smtp"}));
  const auto known = alice().app_passwords;
  ASSERT_EQ(known.size(), 1U);
  EXPECT_EQ(known.front().digest, auth::app_password_digest(text));
  const auto listed = list_app_passwords(*directory_, kAlice);
  ASSERT_TRUE(listed);
  EXPECT_NE(listed->text.find("  imap,smtp  phone\n"), std::string::npos) << listed->text;
  EXPECT_EQ(listed->text.find(text), std::string::npos);
  EXPECT_EQ(listed->json.dump().find(text), std::string::npos);
}

TEST_F(AppPasswordsTest, AllPasswordsOfAUserHaveOneSalt) {
  ASSERT_TRUE(add("phone"));
  ASSERT_TRUE(set_password(*directory_, kAlice, "another"));
  ASSERT_TRUE(add("laptop"));
  const auto account = alice();
  ASSERT_EQ(account.app_passwords.size(), 2U);
  for (const auto& known : account.app_passwords) {
    EXPECT_EQ(known.scram_sha1->salt, account.credential.scram_sha1->salt);
    EXPECT_EQ(known.scram_sha256->salt, account.credential.scram_sha256->salt);
    EXPECT_EQ(known.scram_sha256->iterations, account.credential.scram_sha256->iterations);
  }
  EXPECT_NE(account.app_passwords[0].digest, account.app_passwords[1].digest);
}

TEST_F(AppPasswordsTest, ImportedHashGetsTheSaltOfItsAppPasswordsLater) {
  std::istringstream lines{
      "bob@example.org:{CRYPT}$5$4nQJ9ov0DawCs88g$eMPKSWkJJRX3.l.O1XV7Hp9/vrlPAOa62PF0Z3bG8F1\n"};
  ASSERT_TRUE(import_users(*directory_, lines));
  ASSERT_TRUE(add_app_password(*directory_, "bob@example.org", "phone", {"imap"}));
  ASSERT_TRUE(set_password(*directory_, "bob@example.org", "secret"));
  const auto bob = *directory_->find_account("bob@example.org");
  EXPECT_EQ(bob.app_passwords.front().scram_sha256->salt, bob.credential.scram_sha256->salt);
}

TEST_F(AppPasswordsTest, DeletedOneIsGone) {
  ASSERT_TRUE(add("phone"));
  EXPECT_TRUE(delete_app_password(*directory_, kAlice, "phone"));
  EXPECT_TRUE(alice().app_passwords.empty());
  const auto again = delete_app_password(*directory_, kAlice, "phone");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error(), "alice@example.org has no app password \"phone\"");
}

TEST_F(AppPasswordsTest, WrongOnesAreRefused) {
  ASSERT_TRUE(add("phone"));
  const struct {
    const char* name;
    std::vector<std::string> scope;
    const char* said;
  } kCases[] = {
      {"phone", {"imap"}, "alice@example.org has an app password \"phone\" already"},
      {"", {"imap"}, "an app password's name has 1 to 64 octets and no control characters"},
      {"a\nb", {"imap"}, "an app password's name has 1 to 64 octets and no control characters"},
      {"tablet", {"imap", "http"}, "\"http\" is no service: imap, pop3, smtp"},
      {"tablet", {""}, "\"\" is no service: imap, pop3, smtp"},
  };
  for (const auto& test : kCases) {
    const auto added = add(test.name, test.scope);
    ASSERT_FALSE(added) << test.said;
    EXPECT_EQ(added.error(), test.said);
  }
  const auto nobody = add_app_password(*directory_, "nobody@example.org", "phone", {"imap"});
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error(), "nobody@example.org does not exist");
}

}  // namespace
}  // namespace posthaste::admin
