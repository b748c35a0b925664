#include "admin/names.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <optional>

#include "admin/accounts.h"
#include "admin/routes.h"

namespace posthaste::admin {
namespace {

/// The words of the commands about names and users: what was done, and what is wrong.
class NamesTest : public testing::Test {
 protected:
  NamesTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "admin_names_test.XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    directory_ = *auth::Directory::open(folder_ / "directory", auth::Role::writer);
    EXPECT_TRUE(add_domain(*directory_, "example.org"));
    EXPECT_TRUE(add_user(*directory_, "alice@example.org", "", "long enough"));
  }
  ~NamesTest() override { std::filesystem::remove_all(folder_); }

  std::string alias(const std::string& address, const std::vector<std::string>& targets) {
    const auto added = add_alias(*directory_, address, targets, Present::refused);
    return added ? added->text : added.error();
  }
  std::string route(const std::string& target) {
    auto read = read_route(target, "smtp://mx.example");
    const auto added = add_route(*directory_, *read);
    return added ? added->text : added.error();
  }
  std::string deleted(const std::string& address) {
    const auto done = delete_user(*directory_, address);
    return done ? done->text : done.error();
  }

  std::filesystem::path folder_;
  std::optional<auth::Directory> directory_;
};

TEST_F(NamesTest, ANewDomainHasNoPostmasterYet) {
  const auto added = add_domain(*directory_, "example.net");
  ASSERT_TRUE(added);
  EXPECT_EQ(added->text,
            "Added example.net.\n"
            "Nobody gets the mail to postmaster@example.net yet: add a user, or \"posthaste alias add "
            "postmaster@example.net ADDRESS\".\n");
}

TEST_F(NamesTest, ADomainIsADomainName) {
  for (const char* wrong : {"@example.com", "a b", "", "alice@example.com"}) {
    EXPECT_EQ(add_domain(*directory_, wrong).error(), std::string{wrong} + " is not a domain name, like example.org");
    EXPECT_EQ(delete_domain(*directory_, wrong).error(),
              std::string{wrong} + " is not a domain name, like example.org");
  }
}

TEST_F(NamesTest, AnAddressIsNamedWhole) {
  const std::string words = "alice is not an address: name the whole of it, such as alice@example.org";
  EXPECT_EQ(expect_free(*directory_, "alice").error(), words);
  EXPECT_EQ(expect_user(*directory_, "alice").error(), words);
  EXPECT_EQ(deleted("alice"), words);
  EXPECT_EQ(set_password(*directory_, "alice", "another").error(), words);
  EXPECT_EQ(delete_alias(*directory_, "alice").error(), words);
  EXPECT_EQ(alias("sales", {"alice@example.org"}),
            "sales is not an address: name the whole of it, such as sales@example.org");
}

TEST_F(NamesTest, OfAnAliasTheWrongTargetIsNamed) {
  EXPECT_EQ(alias("foo@example.org", {"alice@example.org", "nobody"}),
            "nobody is not an address: name the whole of it, such as nobody@example.org; nothing was changed");
  EXPECT_EQ(alias("foo@example.org", {"a@b@"}), "a@b@ is not an address that mail can go to; nothing was changed");
  EXPECT_TRUE(directory_->list_aliases()->size() == 1U) << "postmaster's alone";
}

TEST_F(NamesTest, AUsersAddressIsNoAlias) {
  EXPECT_EQ(alias("alice@example.org", {"bob@example.com"}),
            "alice@example.org is a user; an alias can't have a user's address");
}

TEST_F(NamesTest, ATargetIsKeptOnce) {
  EXPECT_EQ(alias("a@example.org", {"alice@example.org", "ALICE@example.org", "x@example.com"}),
            "Set a@example.org.\n");
  const auto aliases = *directory_->list_aliases();
  EXPECT_EQ(aliases.front().targets, (std::vector<std::string>{"alice@example.org", "x@example.com"}));
}

TEST_F(NamesTest, AnAliasToNobodyIsTold) {
  EXPECT_EQ(alias("c2@example.org", {"c3@example.org"}),
            "Set c2@example.org.\n"
            "c3@example.org is nobody here: mail to it is refused until there is such a user or alias.\n");
  EXPECT_EQ(alias("c1@example.org", {"c2@example.org"}),
            "Set c1@example.org.\n"
            "c2@example.org leads to c3@example.org, where nobody is: mail to it is refused until there is such a "
            "user or alias.\n");
}

TEST_F(NamesTest, WhoGetsTheMailOfADeletedUserIsNamed) {
  ASSERT_TRUE(add_user(*directory_, "alice+x@example.org", "", "long enough"));
  EXPECT_EQ(deleted("alice+x@example.org"),
            "Deleted alice+x@example.org. Open sessions end within seconds, and the mail is removed.\n"
            "Mail to alice+x@example.org goes to alice@example.org, as the detail x from now on.\n");
  ASSERT_TRUE(add_user(*directory_, "bob@example.org", "", "long enough"));
  EXPECT_EQ(deleted("bob@example.org"),
            "Deleted bob@example.org. Open sessions end within seconds, and the mail is removed.\n");
  ASSERT_TRUE(add_user(*directory_, "bob@example.org", "", "long enough"));
  ASSERT_EQ(alias("@example.org", {"alice@example.org"}), "Set @example.org.\n");
  EXPECT_NE(deleted("bob@example.org").find("goes to the catch-all of its domain from now on"), std::string::npos);
}

TEST_F(NamesTest, ARouteOfOurDomainTakesWhatNobodyHas) {
  EXPECT_EQ(route("example.org"),
            "Mail for addresses of example.org that nobody has here goes to smtp://mx.example:25?tls=opportunistic; "
            "it is no longer refused.\n");
  EXPECT_EQ(route("example.com"), "Mail for example.com goes to smtp://mx.example:25?tls=opportunistic.\n");
  EXPECT_EQ(route("alice@example.org"),
            "Mail for alice@example.org goes to smtp://mx.example:25?tls=opportunistic.\n");
}

TEST_F(NamesTest, AShortPasswordIsWarnedOf) {
  const auto added = add_user(*directory_, "eve@example.org", "", "a");
  ASSERT_TRUE(added);
  EXPECT_EQ(added->text, "Added eve@example.org.\nThe password is very short: others guess it soon.\n");
  const auto changed = set_password(*directory_, "eve@example.org", "longer than before");
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->text, "The password of eve@example.org is changed.\n");
}

}  // namespace
}  // namespace posthaste::admin
