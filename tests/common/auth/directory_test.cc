#include "common/auth/directory.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>

namespace posthaste::auth {
namespace {

class DirectoryTest : public testing::Test {
 protected:
  DirectoryTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "directory_test.XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    writer_ = *Directory::open(folder_ / "directory", Role::writer);
  }
  ~DirectoryTest() override { std::filesystem::remove_all(folder_); }

  /// Makes changes and commits them; none may fail.
  template <typename Make>
  void commit(Make make) {
    auto change = writer_->change();
    ASSERT_TRUE(change);
    make(*change);
    ASSERT_TRUE(change->commit());
  }

  /// example.org with alice and bob, and example.com with carol.
  void populate() {
    commit([this](Change& change) {
      ASSERT_TRUE(change.add_domain("Example.org"));
      ASSERT_TRUE(change.add_domain("example.com"));
      alice_ = *change.add_user({"Alice@example.org", "Alice", 1'000'000, true, WallTime{}});
      bob_ = *change.add_user({"bob@example.org", "", std::nullopt, true, WallTime{}});
      carol_ = *change.add_user({"carol@example.com", "", std::nullopt, true, WallTime{}});
    });
  }

  void alias(std::string address, std::vector<std::string> targets) {
    commit([&](Change& change) { ASSERT_TRUE(change.set_alias({address, targets})) << address; });
  }

  LocalUser alice(std::string detail = "") const { return {alice_, "alice@example.org", std::move(detail)}; }
  LocalUser bob(std::string detail = "") const { return {bob_, "bob@example.org", std::move(detail)}; }
  LocalUser carol(std::string detail = "") const { return {carol_, "carol@example.com", std::move(detail)}; }

  void expect_recipients(std::string_view address, const Recipients& expected) const {
    const auto resolution = writer_->resolve(address);
    ASSERT_TRUE(resolution) << address;
    const auto* recipients = std::get_if<Recipients>(&*resolution);
    ASSERT_NE(recipients, nullptr) << address;
    EXPECT_EQ(*recipients, expected) << address;
  }

  std::filesystem::path folder_;
  std::optional<Directory> writer_;
  UserId alice_{};
  UserId bob_{};
  UserId carol_{};
};

TEST_F(DirectoryTest, UserIsFoundByAddressWithoutCaseAndById) {
  populate();
  const auto by_address = writer_->find_user("ALICE@EXAMPLE.ORG");
  ASSERT_TRUE(by_address);
  EXPECT_EQ(by_address->id, alice_);
  EXPECT_EQ(by_address->address, "alice@example.org");
  EXPECT_EQ(by_address->display_name, "Alice");
  EXPECT_EQ(by_address->quota_octets, 1'000'000U);
  EXPECT_EQ(writer_->find_user(bob_)->quota_octets, std::nullopt);
  EXPECT_EQ(writer_->find_user("alice+x@example.org").error(), DirectoryError::not_found);
  EXPECT_EQ(writer_->find_user("alice").error(), DirectoryError::not_found);
  EXPECT_EQ(writer_->find_user("").error(), DirectoryError::not_found);
  EXPECT_EQ(writer_->find_user(std::string(5'000, 'a') + "@example.org").error(), DirectoryError::not_found);
  EXPECT_EQ(writer_->find_user(UserId{999}).error(), DirectoryError::not_found);
}

TEST_F(DirectoryTest, ADomainIsOneInEverySpelling) {
  constexpr std::string_view kSpellings[] = {"b\u00fccher.example", "xn--bcher-kva.example", "B\u00dcCHER.Example",
                                             "bu\u0308cher.example", "XN--BCHER-KVA.EXAMPLE"};
  for (const std::string_view added : kSpellings) {
    const std::string domain(added);
    commit([&](Change& change) {
      ASSERT_TRUE(change.add_domain(domain));
      alice_ = *change.add_user({"alice@" + domain, "", std::nullopt, true, WallTime{}});
      ASSERT_TRUE(change.set_alias({"team@" + domain, {"alice@" + domain}}));
      EXPECT_EQ(change.add_domain("b\u00fccher.example").error(), DirectoryError::exists);
      EXPECT_EQ(change.add_domain("xn--bcher-kva.example").error(), DirectoryError::exists);
    });
    for (const std::string_view asked : kSpellings) {
      const std::string spelling(asked);
      EXPECT_TRUE(*writer_->is_our_domain(spelling)) << spelling;
      EXPECT_EQ(writer_->find_user("alice@" + spelling)->id, alice_) << spelling;
      EXPECT_EQ(*writer_->name_of_login("Alice@" + spelling), "alice@b\u00fccher.example") << spelling;
      EXPECT_TRUE(*writer_->may_send_as(alice_, "alice@" + spelling, std::nullopt)) << spelling;
      Recipients alice_alone;
      alice_alone.users.push_back({alice_, "alice@b\u00fccher.example", ""});
      expect_recipients("team@" + spelling, alice_alone);
    }
    commit([&](Change& change) {
      ASSERT_TRUE(change.delete_alias("team@xn--bcher-kva.example"));
      ASSERT_TRUE(change.delete_user(alice_));
      ASSERT_TRUE(change.delete_domain("xn--bcher-kva.example"));
    });
  }
}

TEST_F(DirectoryTest, IdsAreNeverUsedAgain) {
  populate();
  commit([this](Change& change) { ASSERT_TRUE(change.delete_user(carol_)); });
  commit([this](Change& change) {
    const auto id = change.add_user({"carol@example.com", "", std::nullopt, true, WallTime{}});
    ASSERT_TRUE(id);
    EXPECT_GT(number(*id), number(carol_));
  });
  writer_.reset();
  writer_ = *Directory::open(folder_ / "directory", Role::writer);
  commit([this](Change& change) {
    const auto id = change.add_user({"dave@example.com", "", std::nullopt, true, WallTime{}});
    ASSERT_TRUE(id);
    EXPECT_EQ(number(*id), number(carol_) + 2);
  });
}

TEST_F(DirectoryTest, WhoWasDeletedStaysOnRecord) {
  populate();
  EXPECT_TRUE(writer_->departed_users(UserId{}, 10)->empty());
  commit([this](Change& change) {
    ASSERT_TRUE(change.delete_user(carol_));
    ASSERT_TRUE(change.delete_user(alice_));
  });
  const auto first = std::min(alice_, carol_);
  const auto last = std::max(alice_, carol_);
  EXPECT_EQ(*writer_->departed_users(UserId{}, 10), (std::vector<UserId>{first, last}));
  EXPECT_EQ(*writer_->departed_users(UserId{}, 1), std::vector<UserId>{first});
  EXPECT_EQ(*writer_->departed_users(first, 10), std::vector<UserId>{last});
  EXPECT_TRUE(writer_->departed_users(last, 10)->empty());
}

TEST_F(DirectoryTest, DroppedChangeChangesNothing) {
  populate();
  {
    auto change = writer_->change();
    ASSERT_TRUE(change);
    ASSERT_TRUE(change->delete_user(alice_));
    ASSERT_TRUE(change->add_domain("example.net"));
  }
  EXPECT_TRUE(writer_->find_user(alice_));
  EXPECT_EQ(writer_->is_our_domain("example.net"), false);
}

TEST_F(DirectoryTest, WrongChangesAreRefused) {
  populate();
  alias("info@example.org", {"alice@example.org"});
  commit([this](Change& change) {
    const NewUser nobody{"", "", std::nullopt, true, WallTime{}};
    auto named = [&nobody](std::string address) {
      auto user = nobody;
      user.address = std::move(address);
      return user;
    };
    EXPECT_EQ(change.add_domain("example.ORG").error(), DirectoryError::exists);
    EXPECT_EQ(change.add_domain("-").error(), DirectoryError::bad_address);
    EXPECT_EQ(change.delete_domain("example.org").error(), DirectoryError::in_use);
    EXPECT_EQ(change.delete_domain("example.net").error(), DirectoryError::not_found);
    EXPECT_EQ(change.add_user(named("ALICE@example.org")).error(), DirectoryError::exists);
    EXPECT_EQ(change.add_user(named("info@example.org")).error(), DirectoryError::exists);
    EXPECT_EQ(change.add_user(named("alice@example.net")).error(), DirectoryError::no_domain);
    EXPECT_EQ(change.add_user(named("@example.org")).error(), DirectoryError::bad_address);
    EXPECT_EQ(change.delete_user(UserId{999}).error(), DirectoryError::not_found);
    EXPECT_EQ(change.set_credential(UserId{999}, {}).error(), DirectoryError::not_found);
    EXPECT_EQ(change.set_alias({"bob@example.org", {"alice@example.org"}}).error(), DirectoryError::exists);
    EXPECT_EQ(change.set_alias({"x@example.net", {"alice@example.org"}}).error(), DirectoryError::no_domain);
    EXPECT_EQ(change.set_alias({"x@example.org", {}}).error(), DirectoryError::bad_address);
    EXPECT_EQ(change.set_alias({"x@example.org", {"alice"}}).error(), DirectoryError::bad_address);
    EXPECT_EQ(change.set_alias({"x", {"alice@example.org"}}).error(), DirectoryError::bad_address);
    const std::vector<std::string> many(kAliasTargetsMax + 1, "alice@example.org");
    EXPECT_EQ(change.set_alias({"x@example.org", many}).error(), DirectoryError::too_many);
    EXPECT_EQ(change.delete_alias("x@example.org").error(), DirectoryError::not_found);
    EXPECT_EQ(change.delete_alias("bob@example.org").error(), DirectoryError::not_found);
  });
}

TEST_F(DirectoryTest, DomainGoesWithItsAliases) {
  populate();
  alias("info@example.com", {"alice@example.org"});
  alias("@example.com", {"alice@example.org"});
  alias("info@example.org", {"alice@example.org"});
  commit([this](Change& change) {
    ASSERT_TRUE(change.delete_user(carol_));
    ASSERT_TRUE(change.delete_domain("example.com"));
  });
  EXPECT_EQ(writer_->list_domains(), std::vector<std::string>{"example.org"});
  const auto aliases = writer_->list_aliases();
  ASSERT_TRUE(aliases);
  ASSERT_EQ(aliases->size(), 1U);
  EXPECT_EQ(aliases->front().address, "info@example.org");
}

TEST_F(DirectoryTest, CredentialsVersionGrowsWithEachChange) {
  populate();
  EXPECT_EQ(writer_->find_credential(alice_).error(), DirectoryError::not_found);
  Credential credential;
  credential.hash = "$6$one";
  credential.scram_sha256 = ScramKeys{std::string{"s\0lt", 4}, 4'096, "stored", "server"};
  commit([&](Change& change) { ASSERT_TRUE(change.set_credential(alice_, credential)); });
  const auto first = writer_->find_credential(alice_);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->hash, "$6$one");
  EXPECT_EQ(first->scram_sha1, std::nullopt);
  EXPECT_EQ(first->scram_sha256, credential.scram_sha256);
  commit([&](Change& change) { ASSERT_TRUE(change.set_credential(alice_, *first)); });
  EXPECT_EQ(writer_->find_credential(alice_)->version, first->version + 1);
}

TEST_F(DirectoryTest, UpdateKeepsAddressAndCreation) {
  populate();
  auto user = *writer_->find_user(alice_);
  user.enabled = false;
  user.quota_octets = std::nullopt;
  user.address = "other@example.org";
  user.created += std::chrono::hours{1};
  commit([&](Change& change) { ASSERT_TRUE(change.update_user(user)); });
  const auto updated = writer_->find_user(alice_);
  ASSERT_TRUE(updated);
  EXPECT_FALSE(updated->enabled);
  EXPECT_EQ(updated->quota_octets, std::nullopt);
  EXPECT_EQ(updated->address, "alice@example.org");
  EXPECT_EQ(updated->created, WallTime{});
}

TEST_F(DirectoryTest, AddressesResolve) {
  populate();
  alias("all@example.org", {"Alice@example.org", "bob@example.org", "carol@example.com", "dan@example.net"});
  alias("nested@example.com", {"all@example.org", "bob+fixed@example.org"});
  alias("gone@example.org", {"nobody@example.org"});
  alias("half@example.org", {"nobody@example.org", "bob@example.org"});
  alias("bob+vip@example.org", {"alice@example.org"});
  alias("@example.com", {"bob@example.org"});

  expect_recipients("alice@example.org", {{alice()}, {}, {}});
  expect_recipients("ALICE+Lists@EXAMPLE.org", {{alice("Lists")}, {}, {}});
  expect_recipients("all@example.org", {{alice(), bob(), carol()}, {"dan@example.net"}, {}});
  expect_recipients("all+x@example.org", {{alice("x"), bob("x"), carol("x")}, {"dan@example.net"}, {}});
  expect_recipients("nested@example.com", {{bob("fixed"), alice(), carol()}, {"dan@example.net"}, {}});
  expect_recipients("half@example.org", {{bob()}, {}, {"nobody@example.org"}});
  expect_recipients("bob+vip@example.org", {{alice()}, {}, {}});
  expect_recipients("bob+other@example.org", {{bob("other")}, {}, {}});
  expect_recipients("carol@example.com", {{carol()}, {}, {}});
  expect_recipients("whoever@example.com", {{bob()}, {}, {}});
  for (const auto* nobody : {"nobody@example.org", "gone@example.org", "@example.org", "@example.com",
                             "+alice@example.org", "al@ice@example.org", "alice @example.org"}) {
    EXPECT_EQ(writer_->resolve(nobody), Resolution{UnknownUser{}}) << nobody;
  }
  for (const auto* foreign : {"alice@example.net", "alice@", "alice", "", "@", "alice@mail.example.org"}) {
    EXPECT_EQ(writer_->resolve(foreign), Resolution{NotOurDomain{}}) << foreign;
  }
  EXPECT_EQ(writer_->resolve("alice+lists@example.org", std::nullopt), Resolution{UnknownUser{}});
  EXPECT_EQ(writer_->resolve("alice-lists@example.org", '-'), (Resolution{Recipients{{alice("lists")}, {}, {}}}));
}

TEST_F(DirectoryTest, DetailKeepsItsCase) {
  populate();
  alias("info@example.org", {"alice@example.org"});
  alias("listed@example.org", {"Alice+Lists@Example.org"});
  const std::pair<const char*, const char*> cases[] = {
      {"alice+Lists@example.org", "Lists"},  {"ALICE+lISTS@EXAMPLE.ORG", "lISTS"},
      {"alice+a+B@example.org", "a+B"},      {"info+Lists@example.org", "Lists"},
      {"INFO+Lists@example.org", "Lists"},   {"listed@example.org", "Lists"},
      {"listed+Other@example.org", "Lists"}, {"alice+R\u00c4ume@example.org", "R\u00c4ume"},
  };
  for (const auto& [address, detail] : cases) expect_recipients(address, {{alice(detail)}, {}, {}});
}

TEST_F(DirectoryTest, LoopsEnd) {
  populate();
  alias("a@example.org", {"b@example.org"});
  alias("b@example.org", {"a@example.org", "B@example.org"});
  alias("c@example.org", {"c@example.org", "alice@example.org"});
  alias("@example.com", {"nobody@example.com"});
  EXPECT_EQ(writer_->resolve("a@example.org").error(), DirectoryError::alias_loop);
  EXPECT_EQ(writer_->resolve("nobody@example.com").error(), DirectoryError::alias_loop);
  expect_recipients("c@example.org", {{alice()}, {}, {}});
}

TEST_F(DirectoryTest, TenAliasesDeepIsTheLimit) {
  populate();
  for (int i = 1; i < 12; ++i) {
    alias("a" + std::to_string(i) + "@example.org", {"a" + std::to_string(i - 1) + "@example.org"});
  }
  alias("a0@example.org", {"alice@example.org"});
  expect_recipients("a9@example.org", {{alice()}, {}, {}});
  EXPECT_EQ(writer_->resolve("a10@example.org").error(), DirectoryError::alias_loop);
}

TEST_F(DirectoryTest, ExpansionHasALimit) {
  populate();
  std::vector<std::string> lists;
  for (std::size_t i = 0; i <= kExpansionMax / kAliasTargetsMax; ++i) {
    std::vector<std::string> targets;
    for (std::size_t j = 0; j < kAliasTargetsMax; ++j) {
      targets.push_back("a" + std::to_string(i * kAliasTargetsMax + j) + "@example.net");
    }
    lists.push_back("list" + std::to_string(i) + "@example.org");
    alias(lists.back(), targets);
  }
  alias("all@example.org", lists);
  EXPECT_EQ(writer_->resolve("all@example.org").error(), DirectoryError::too_many);
  EXPECT_TRUE(writer_->resolve(lists.front()));
}

TEST_F(DirectoryTest, EachDomainCanHaveItsPostmaster) {
  populate();
  commit([](Change& change) {
    ASSERT_TRUE(change.ensure_postmaster("example.org", "alice@example.org"));
    ASSERT_TRUE(change.ensure_postmaster("example.org", "bob@example.org"));
    EXPECT_EQ(change.ensure_postmaster("example.net", "bob@example.org").error(), DirectoryError::no_domain);
  });
  expect_recipients("Postmaster@example.org", {{alice()}, {}, {}});
}

TEST_F(DirectoryTest, SenderIsTheUsersOwnOrAnAliasToThem) {
  populate();
  alias("info@example.org", {"dan@example.net", "Alice@example.org"});
  alias("nested@example.org", {"info@example.org"});
  EXPECT_EQ(writer_->may_send_as(alice_, "ALICE@example.org"), true);
  EXPECT_EQ(writer_->may_send_as(alice_, "alice+x@example.org"), true);
  EXPECT_EQ(writer_->may_send_as(alice_, "info@example.org"), true);
  for (const auto* foreign : {"bob@example.org", "nested@example.org", "dan@example.net", "@example.org", "",
                              "alice", "alice@example.com", "x@example.org"}) {
    EXPECT_EQ(writer_->may_send_as(alice_, foreign), false) << foreign;
  }
  EXPECT_EQ(writer_->may_send_as(bob_, "info@example.org"), false);
}

TEST_F(DirectoryTest, LoginWithoutDomainNeedsThatThereIsOne) {
  commit([this](Change& change) {
    ASSERT_TRUE(change.add_domain("example.org"));
    alice_ = *change.add_user({"alice@example.org", "", std::nullopt, true, WallTime{}});
    ASSERT_TRUE(change.set_credential(alice_, {0, "$6$x", std::nullopt, std::nullopt}));
  });
  const auto account = writer_->find_account("Alice");
  ASSERT_TRUE(account);
  EXPECT_EQ(account->user.id, alice_);
  EXPECT_EQ(account->credential.hash, "$6$x");
  EXPECT_TRUE(writer_->find_account("alice@example.org"));
  EXPECT_EQ(writer_->find_account("").error(), DirectoryError::not_found);
  commit([](Change& change) { ASSERT_TRUE(change.add_domain("example.com")); });
  EXPECT_EQ(writer_->find_account("alice").error(), DirectoryError::not_found);
  EXPECT_TRUE(writer_->find_account("alice@example.org"));
}

TEST_F(DirectoryTest, ReaderSeesACommitAtOnceAndChangesNothing) {
  auto reader = Directory::open(folder_ / "directory", Role::reader);
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->change().error(), DirectoryError::read_only);
  EXPECT_EQ(reader->is_our_domain("example.org"), false);
  populate();
  EXPECT_EQ(reader->is_our_domain("EXAMPLE.org"), true);
  EXPECT_TRUE(reader->find_user("bob@example.org"));
}

TEST_F(DirectoryTest, ReaderOnItsOwnCanNotBecomeAWriter) {
  populate();
  writer_.reset();
  {
    const auto reader = Directory::open(folder_ / "directory", Role::reader);
    ASSERT_TRUE(reader);
    EXPECT_TRUE(reader->find_user("bob@example.org"));
    EXPECT_EQ(Directory::open(folder_ / "directory", Role::writer).error(), DirectoryError::read_only);
  }
  EXPECT_TRUE(Directory::open(folder_ / "directory", Role::writer));
}

TEST_F(DirectoryTest, DisguiseIsOfTheDirectoryAndLasts) {
  populate();
  const auto disguise = writer_->disguise("salt", "nobody@example.org");
  ASSERT_TRUE(disguise);
  EXPECT_EQ(disguise->size(), 32U);
  EXPECT_EQ(writer_->disguise("salt", "Nobody@EXAMPLE.org"), disguise);
  EXPECT_NE(writer_->disguise("salt", "nobody@example.com"), disguise);
  EXPECT_NE(writer_->disguise("other", "nobody@example.org"), disguise);
  const auto elsewhere = Directory::open(folder_ / "another", Role::writer);
  ASSERT_TRUE(elsewhere);
  EXPECT_NE(elsewhere->disguise("salt", "nobody@example.org"), disguise);
  writer_.reset();
  const auto reader = Directory::open(folder_ / "directory", Role::reader);
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->disguise("salt", "nobody@example.org"), disguise);
}

TEST_F(DirectoryTest, ReaderMakesNothing) {
  EXPECT_EQ(Directory::open(folder_ / "missing", Role::reader).error(), DirectoryError::not_found);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "missing"));
  std::filesystem::create_directory(folder_ / "empty");
  EXPECT_FALSE(Directory::open(folder_ / "empty", Role::reader));
}

TEST_F(DirectoryTest, FilesAreForTheirOwnerAlone) {
  struct stat status {};
  ASSERT_EQ(::stat((folder_ / "directory" / "data.mdb").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  ASSERT_EQ(::stat((folder_ / "directory").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0700U);
}

TEST_F(DirectoryTest, ThreadsReadWhileAnotherWrites) {
  populate();
  std::jthread reading{[this](const std::stop_token& stop) {
    while (!stop.stop_requested()) EXPECT_TRUE(writer_->find_user("alice@example.org"));
  }};
  for (int i = 0; i < 20; ++i) {
    commit([i](Change& change) {
      ASSERT_TRUE(change.add_user({"u" + std::to_string(i) + "@example.org", "", std::nullopt, true, WallTime{}}));
    });
  }
  EXPECT_EQ(writer_->list_users()->size(), 23U);
}

}  // namespace
}  // namespace posthaste::auth
