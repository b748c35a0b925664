#include "common/auth/login_watch.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <list>
#include <string>

#include "common/net/sim_world.h"

namespace posthaste::auth {
namespace {

using std::chrono::milliseconds;

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "posthaste-logins-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// alice and bob with passwords; alice has an app password "phone" too.
class LoginWatchTest : public testing::Test {
 protected:
  LoginWatchTest() {
    change([this](Change& change) {
      EXPECT_TRUE(change.add_domain("example.org"));
      alice = *change.add_user({"alice@example.org", "", std::nullopt, true, WallTime{}});
      bob = *change.add_user({"bob@example.org", "", std::nullopt, true, WallTime{}});
      for (const UserId user : {alice, bob}) EXPECT_TRUE(change.set_credential(user, Credential{}));
      EXPECT_TRUE(change.add_app_password(alice, phone(1)));
    });
  }

  static AppPassword phone(int generation) {
    AppPassword made;
    made.name = "phone";
    made.scope = {Service::imap};
    made.digest = digest(ScramHash::sha256, std::to_string(generation));
    return made;
  }

  void change(const std::function<void(Change&)>& work) {
    auto change = directory.change();
    work(*change);
    EXPECT_TRUE(change->commit());
  }

  /// Which of `logins` have been told to end, `span` after a change that follows their beginning by `before`.
  std::vector<bool> ended(const std::vector<ProvedLogin>& logins, milliseconds before,
                          const std::function<void(Change&)>& work, milliseconds span) {
    LoginWatch watch{directory, sim.loop()};
    std::vector<bool> told(logins.size(), false);
    EXPECT_TRUE(sim.run(live(watch, logins, told, before, work, span)));
    return told;
  }

  net::Task<void> live(LoginWatch& watch, std::vector<ProvedLogin> logins, std::vector<bool>& told,
                       milliseconds before, std::function<void(Change&)> work, milliseconds span) {
    net::TaskScope running;
    running.spawn(watch.run());
    std::list<LoginWatch::Place> places;
    for (std::size_t i = 0; i < logins.size(); ++i) {
      const auto end = [&told, i] {
        EXPECT_FALSE(told[i]) << "told twice";
        told[i] = true;
      };
      places.push_back(watch.add(logins[i], end));
    }
    co_await sim.loop().sleep(before);
    change(work);
    co_await sim.loop().sleep(span);
    places.clear();
    watch.stop();
    co_await running.drained();
  }

  [[nodiscard]] std::vector<ProvedLogin> all() const {
    return {{alice, "", 1}, {alice, "phone", version_of(phone(1))}, {bob, "", 1}};
  }

  Folder folder;
  Directory directory{*Directory::open(folder.path() / "directory", Role::writer)};
  net::SimWorld sim{1};
  UserId alice{};
  UserId bob{};
};

TEST_F(LoginWatchTest, EachChangeEndsTheLoginsItConcernsAndNoOthers) {
  struct Case {
    const char* name;
    std::function<void(Change&)> work;
    std::vector<bool> told;
  };
  const Case cases[] = {
      {"NothingThatConcernsALogin",
       [](Change& c) { EXPECT_TRUE(c.add_domain("example.net")); },
       {false, false, false}},
      {"PasswordLeavesAppPasswords",
       [this](Change& c) { EXPECT_TRUE(c.set_credential(alice, Credential{})); },
       {true, false, false}},
      {"AppPasswordMadeAnewUnderItsName",
       [this](Change& c) {
         EXPECT_TRUE(c.delete_app_password(alice, "phone"));
         EXPECT_TRUE(c.add_app_password(alice, phone(2)));
       },
       {true, true, false}},  // alice's own password has changed in the case before
      {"DisabledUser",
       [this](Change& c) {
         auto user = directory.find_user(bob);
         user->enabled = false;
         EXPECT_TRUE(c.update_user(*user));
       },
       {true, true, true}},
  };
  for (const Case& test : cases) {
    EXPECT_EQ(ended(all(), milliseconds{1500}, test.work, milliseconds{1100}), test.told) << test.name;
  }
}

TEST_F(LoginWatchTest, DeletedUserLosesAllSessions) {
  const auto remove = [this](Change& c) { EXPECT_TRUE(c.delete_user(alice)); };
  EXPECT_EQ(ended(all(), milliseconds{10'000}, remove, milliseconds{1100}), (std::vector<bool>{true, true, false}));
}

TEST_F(LoginWatchTest, ChangeBetweenTheCheckAndTheBeginningIsNoticed) {
  LoginWatch watch{directory, sim.loop()};
  bool told = false;
  const auto late = [&]() -> net::Task<void> {
    net::TaskScope running;
    running.spawn(watch.run());
    change([this](Change& c) { EXPECT_TRUE(c.set_credential(alice, Credential{})); });
    co_await sim.loop().sleep(milliseconds{3'000});  // the change is an old one to the watch
    const auto end = [&told] { told = true; };
    const auto place = watch.add({alice, "", 1}, end);
    co_await sim.loop().sleep(milliseconds{1'100});
    watch.stop();
    co_await running.drained();
  };
  ASSERT_TRUE(sim.run(late()));
  EXPECT_TRUE(told);
}

TEST_F(LoginWatchTest, EachIsToldOnce) {
  // 1,000 logins of a user who was never there: each is told once, at the first look, and left alone after it.
  LoginWatch watch{directory, sim.loop()};
  std::size_t told = 0;
  const auto idle = [&]() -> net::Task<void> {
    net::TaskScope running;
    running.spawn(watch.run());
    std::list<LoginWatch::Place> places;
    for (int i = 0; i < 1'000; ++i) {
      const auto end = [&told] { ++told; };
      places.push_back(watch.add({UserId{4711}, "", 1}, end));
    }
    co_await sim.loop().sleep(milliseconds{5'500});
    places.clear();
    watch.stop();
    co_await running.drained();
  };
  ASSERT_TRUE(sim.run(idle()));
  EXPECT_EQ(told, 1'000U);
}

}  // namespace
}  // namespace posthaste::auth
