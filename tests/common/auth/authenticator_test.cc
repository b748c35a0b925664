#include "common/auth/authenticator.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "common/auth/scram.h"
#include "common/base/base64.h"
#include "common/net/sim_world.h"

namespace posthaste::auth {
namespace {

using Outcome = std::expected<Identity, AuthError>;
using std::chrono::seconds;

constexpr const char* kPeer = "192.0.2.1";

/// Counts what is hashed, and can be full.
class CountingExecutor final : public net::Executor {
 public:
  explicit CountingExecutor(net::Executor& real) : real_(real) {}
  void post(std::move_only_function<void()> work) override {
    ++posted;
    real_.post(std::move(work));
  }
  [[nodiscard]] bool has_room() const override { return !full; }

  int posted = 0;
  bool full = false;

 private:
  net::Executor& real_;
};

net::Task<void> keep(net::Task<Outcome> task, Outcome& outcome) { outcome = co_await std::move(task); }

net::Task<void> keep_offer(net::Task<std::expected<ScramOffer, AuthError>> task,
                           std::expected<ScramOffer, AuthError>& offer) {
  offer = co_await std::move(task);
}

class AuthenticatorTest : public testing::Test {
 protected:
  AuthenticatorTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "authenticator_test.XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    directory_ = *Directory::open(folder_ / "directory", Role::writer);
    auto change = directory_->change();
    EXPECT_TRUE(change->add_domain("example.org"));
    alice_ = *change->add_user({"alice@example.org", "", std::nullopt, true, WallTime{}});
    const auto nobody = change->add_user({"bob@example.org", "", std::nullopt, true, WallTime{}});
    EXPECT_TRUE(nobody);  // has no credential
    EXPECT_TRUE(change->commit());
    set_password("secret");
    authenticator_.emplace(*directory_, memory_, world_);
  }
  ~AuthenticatorTest() override {
    directory_.reset();
    std::filesystem::remove_all(folder_);
  }

  void set_password(const std::string& password) {
    Credential credential;
    credential.hash = *hash_password(password, std::string(kHashSaltOctets, 's'));
    credential.scram_sha256 = scram_keys(ScramHash::sha256, password, std::string(kScramSaltOctets, 's'), 4'096);
    auto change = directory_->change();
    EXPECT_TRUE(change->set_credential(alice_, credential));
    EXPECT_TRUE(change->commit());
  }

  void disable() {
    auto user = *directory_->find_user(alice_);
    user.enabled = false;
    auto change = directory_->change();
    EXPECT_TRUE(change->update_user(user));
    EXPECT_TRUE(change->commit());
  }

  Outcome check(std::string login, std::string password, std::string peer = kPeer) {
    Outcome outcome = std::unexpected(AuthError::unavailable);
    auto task = authenticator_->check_password(std::move(login), std::move(password), std::move(peer));
    EXPECT_TRUE(simulation_.run(keep(std::move(task), outcome)));
    return outcome;
  }

  ScramOffer offer(std::string login, ScramHash hash) {
    std::expected<ScramOffer, AuthError> result = std::unexpected(AuthError::unavailable);
    auto task = authenticator_->offer_scram(std::move(login), hash, kPeer);
    EXPECT_TRUE(simulation_.run(keep_offer(std::move(task), result)));
    return *result;
  }

  Identity alice() const { return {alice_, "alice@example.org"}; }

  std::filesystem::path folder_;
  std::optional<Directory> directory_;
  UserId alice_{};
  net::SimWorld simulation_{1};
  CountingExecutor hashing_{simulation_.world().hashing};
  net::World world_{simulation_.world().loop,    simulation_.world().clock, simulation_.world().random,
                    simulation_.world().network, simulation_.world().io,    hashing_};
  LoginMemory memory_{{seconds{300}, seconds{1}, seconds{15}}, std::string(32, 'k')};
  std::optional<Authenticator> authenticator_;
};

TEST_F(AuthenticatorTest, RightPasswordIsHashedOnceAndThenRemembered) {
  EXPECT_EQ(check("Alice@Example.org", "secret"), Outcome{alice()});
  EXPECT_EQ(check("alice", "secret"), Outcome{alice()});
  EXPECT_EQ(hashing_.posted, 1);
}

TEST_F(AuthenticatorTest, ChangedPasswordIsForgottenAtOnce) {
  EXPECT_TRUE(check("alice@example.org", "secret"));
  set_password("other");
  EXPECT_EQ(check("alice@example.org", "secret"), Outcome{std::unexpected(AuthError::wrong)});
  EXPECT_EQ(check("alice@example.org", "other"), Outcome{alice()});
}

TEST_F(AuthenticatorTest, NobodyAndWrongAreToldAlikeAndBothAreHashed) {
  const Outcome wrong = std::unexpected(AuthError::wrong);
  int tries = 0;
  for (const auto* login : {"alice@example.org", "nobody@example.org", "bob@example.org", "alice@example.net",
                            "nobody", "", "@example.org"}) {
    EXPECT_EQ(check(login, "wrong"), wrong) << login;
    EXPECT_EQ(hashing_.posted, ++tries) << login;
  }
  EXPECT_EQ(check("alice@example.org", ""), wrong);
  EXPECT_EQ(check(std::string(100'000, 'a'), "secret"), wrong);
  EXPECT_EQ(check("alice@example.org", std::string(100'000, 'a')), wrong);
  EXPECT_EQ(check("alice@example.org", std::string{"secret\0", 7}), wrong);
}

TEST_F(AuthenticatorTest, FailuresSlowTheNextLogin) {
  EXPECT_FALSE(check("alice@example.org", "wrong"));
  EXPECT_FALSE(check("alice@example.org", "wrong"));
  const auto before = world_.clock.now();
  EXPECT_TRUE(check("alice@example.org", "secret", "192.0.2.2"));
  EXPECT_GE(world_.clock.now() - before, seconds{2});
}

TEST_F(AuthenticatorTest, KnownClientIsNotSlowedByAnAttackersFailures) {
  EXPECT_TRUE(check("alice@example.org", "secret"));
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(check("alice@example.org", "wrong", "198.51.100.1"));
  const auto before = world_.clock.now();
  EXPECT_TRUE(check("alice@example.org", "secret"));
  EXPECT_EQ(world_.clock.now(), before);
}

TEST_F(AuthenticatorTest, FullPoolIsBusyForEverybodyAlikeAndNoFailure) {
  hashing_.full = true;
  EXPECT_EQ(check("alice@example.org", "secret"), Outcome{std::unexpected(AuthError::busy)});
  EXPECT_EQ(check("nobody@example.org", "secret"), Outcome{std::unexpected(AuthError::busy)});
  EXPECT_EQ(hashing_.posted, 0);
  EXPECT_EQ(memory_.delay(kPeer, "alice@example.org", world_.clock.now()), seconds{0});
}

TEST_F(AuthenticatorTest, DisabledIsToldOnlyToWhoKnowsThePassword) {
  EXPECT_TRUE(check("alice@example.org", "secret"));
  disable();
  EXPECT_EQ(check("alice@example.org", "secret"), Outcome{std::unexpected(AuthError::disabled)});
  EXPECT_EQ(check("alice@example.org", "wrong"), Outcome{std::unexpected(AuthError::wrong)});
}

TEST_F(AuthenticatorTest, ScramEndsWithTheIdentityOrAFailure) {
  const auto offered = offer("alice@example.org", ScramHash::sha256);
  EXPECT_EQ(offered.keys, directory_->find_credential(alice_)->scram_sha256);
  EXPECT_EQ(authenticator_->conclude_scram(offered, true, kPeer), Outcome{alice()});
  EXPECT_EQ(authenticator_->conclude_scram(offered, false, kPeer), Outcome{std::unexpected(AuthError::wrong)});
  EXPECT_EQ(memory_.delay(kPeer, "alice@example.org", world_.clock.now()), seconds{1});
  disable();
  EXPECT_EQ(authenticator_->conclude_scram(offer("alice@example.org", ScramHash::sha256), true, kPeer),
            Outcome{std::unexpected(AuthError::disabled)});
}

TEST_F(AuthenticatorTest, WhoHasNoScramKeysIsOfferedSteadyOnesAndNeverAdmitted) {
  for (const auto& [login, hash] :
       {std::pair{"nobody@example.org", ScramHash::sha256}, std::pair{"bob@example.org", ScramHash::sha256},
        std::pair{"alice@example.org", ScramHash::sha1}}) {
    const auto first = offer(login, hash);
    EXPECT_EQ(first.keys, offer(login, hash).keys) << login;
    EXPECT_EQ(first.keys.salt.size(), kScramSaltOctets) << login;
    EXPECT_EQ(authenticator_->conclude_scram(first, true, kPeer), Outcome{std::unexpected(AuthError::wrong)})
        << login;
  }
  EXPECT_EQ(offer("Nobody@example.org", ScramHash::sha256).keys,
            offer("nobody@EXAMPLE.org", ScramHash::sha256).keys);
  EXPECT_EQ(offer("nobody", ScramHash::sha256).keys, offer("nobody@example.org", ScramHash::sha256).keys);
  EXPECT_NE(offer("nobody@example.org", ScramHash::sha1).keys.salt,
            offer("nobody@example.org", ScramHash::sha256).keys.salt);
}

}  // namespace
}  // namespace posthaste::auth
