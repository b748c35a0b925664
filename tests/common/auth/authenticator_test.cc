#include "common/auth/authenticator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <tuple>
#include <vector>

#include "common/net/scope.h"
#include "common/net/sim_world.h"

namespace posthaste::auth {
namespace {

using Outcome = std::expected<Identity, AuthError>;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr const char* kPeer = "192.0.2.1";
constexpr const char* kPhone = "abcdefghijklmnopqrst";
constexpr const char* kPrinter = "uvwxyz234567abcdefgh";

/// Counts what is hashed, and can be full.
class CountingExecutor final : public net::Executor {
 public:
  CountingExecutor(net::Executor& real, net::SimLoop& loop) : real_(real), loop_(loop) {}
  void post(std::move_only_function<void()> work) override {
    ++posted;
    if (cost.count() == 0) return real_.post(std::move(work));
    loop_.at(loop_.now() + cost, std::move(work));
  }
  [[nodiscard]] bool has_room() const override { return !full; }

  int posted = 0;
  bool full = false;
  std::chrono::milliseconds cost{0};  // of each hash; 0: as the simulation has it

 private:
  net::Executor& real_;
  net::SimLoop& loop_;
};

net::Task<void> keep(net::Task<Outcome> task, Outcome& outcome) { outcome = co_await std::move(task); }

net::Task<void> keep_offer(net::Task<std::expected<ScramOffer, AuthError>> task, std::optional<ScramOffer>& offer) {
  auto offered = co_await std::move(task);
  if (offered) offer.emplace(std::move(*offered));
}

const LoginRules kRules{Service::imap, {kSaslMechanisms.begin(), kSaslMechanisms.end()}, false};

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
    authenticator_.emplace(*directory_, memory_, world_, kRules);
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

  ScramOffer offer(std::string login, ScramHash hash, std::string peer = kPeer) {
    std::optional<ScramOffer> result;
    auto task = authenticator_->offer_scram(std::move(login), hash, std::move(peer));
    EXPECT_TRUE(simulation_.run(keep_offer(std::move(task), result)));
    return std::move(*result);
  }

  Outcome conclude(ScramOffer offered, std::optional<std::size_t> proved) {
    Outcome outcome = std::unexpected(AuthError::unavailable);
    EXPECT_TRUE(simulation_.run(keep(authenticator_->conclude_scram(std::move(offered), proved), outcome)));
    return outcome;
  }

  net::Task<void> sleep(std::chrono::milliseconds time) { co_await world_.clock.sleep(time); }

  net::Task<void> check_all_at_once(std::vector<Outcome>& outcomes) {
    net::TaskScope scope;
    for (auto& outcome : outcomes) {
      scope.spawn(keep(authenticator_->check_password("alice@example.org", "wrong", kPeer), outcome));
    }
    co_await scope.drained();
  }

  /// 300 of them, each from its own address, and then somebody who knows the password.
  net::Task<void> guess_beside_a_login(std::vector<Outcome>& guesses, Outcome& login) {
    net::TaskScope scope;
    for (std::size_t i = 0; i < guesses.size(); ++i) {
      const std::string name = "nobody" + std::to_string(i) + "@example.org";
      scope.spawn(keep(authenticator_->check_password(name, "guess", name), guesses[i]));
    }
    scope.spawn(keep(authenticator_->check_password("alice@example.org", "secret", kPeer), login));
    co_await scope.drained();
  }

  net::Task<void> log_in_at_once(Authenticator& authenticator, std::vector<Outcome>& outcomes) {
    net::TaskScope scope;
    scope.spawn(keep(authenticator.check_password("alice@example.org", "wrong", "198.51.100.1"), outcomes[0]));
    scope.spawn(keep(authenticator.check_password("alice@example.org", "secret", "198.51.100.2"), outcomes[1]));
    scope.spawn(keep(authenticator.check_password("nobody@example.org", "guess", "198.51.100.3"), outcomes[2]));
    scope.spawn(keep(authenticator.check_password("alice@example.org", "secret", kPeer), outcomes[3]));
    co_await scope.drained();
  }

  void add_user(const std::string& address, const std::string& hash) {
    auto change = directory_->change();
    const auto id = change->add_user({address, "", std::nullopt, true, WallTime{}});
    EXPECT_TRUE(id);
    Credential credential;
    credential.hash = hash;
    EXPECT_TRUE(change->set_credential(*id, credential));
    EXPECT_TRUE(change->commit());
  }

  Identity alice(std::string app_password = {}) const {
    std::uint64_t version = directory_->find_credential(alice_)->version;
    if (!app_password.empty()) {
      const auto all = *directory_->app_passwords(alice_);
      version = version_of(*std::ranges::find(all, app_password, &AppPassword::name));
    }
    return {alice_, "alice@example.org", std::move(app_password), version};
  }

  /// What a login that comes alone has to wait.
  std::chrono::milliseconds delay(const std::string& account) {
    return memory_.delay(memory_.begin(kPeer, account), world_.clock.now());
  }

  /// Gives alice one; its SCRAM keys have the salt of her own password.
  void add_app_password(const std::string& name, const std::string& text, std::set<Service> scope) {
    AppPassword app_password;
    app_password.name = name;
    app_password.scope = std::move(scope);
    app_password.digest = *app_password_digest(text);
    app_password.scram_sha1 = scram_keys(ScramHash::sha1, text, "its own salt", 4'096);
    app_password.scram_sha256 = scram_keys(ScramHash::sha256, text, std::string(kScramSaltOctets, 's'), 4'096);
    auto change = directory_->change();
    EXPECT_TRUE(change->add_app_password(alice_, app_password));
    EXPECT_TRUE(change->commit());
  }

  std::filesystem::path folder_;
  std::optional<Directory> directory_;
  UserId alice_{};
  net::SimWorld simulation_{1};
  CountingExecutor hashing_{simulation_.world().hashing, simulation_.loop()};
  net::World world_{simulation_.world().loop,    simulation_.world().clock, simulation_.world().random,
                    simulation_.world().network, simulation_.world().io,    hashing_};
  LoginMemory memory_{{seconds{300}, seconds{1}, seconds{15}}, std::string(32, 'k')};
  LoginMemory memory_limited_{{seconds{300}, seconds{1}, seconds{15}, 1}, std::string(32, 'k')};
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

TEST_F(AuthenticatorTest, NobodyAndWrongAreToldAlikeAndNobodyIsNotHashed) {
  const Outcome wrong = std::unexpected(AuthError::wrong);
  for (const auto* login :
       {"nobody@example.org", "bob@example.org", "alice@example.net", "nobody", "", "@example.org"}) {
    EXPECT_EQ(check(login, "wrong"), wrong) << login;
  }
  EXPECT_EQ(check(std::string(100'000, 'a'), "secret"), wrong);
  EXPECT_EQ(hashing_.posted, 0);
  for (const auto& password :
       {std::string{"wrong"}, std::string{}, std::string(100'000, 'a'), std::string{"secret\0", 7}}) {
    EXPECT_EQ(check("alice@example.org", password), wrong);
  }
  EXPECT_EQ(hashing_.posted, 4);
}

TEST_F(AuthenticatorTest, EachFailureIsToldAtTheSameInstant) {
  add_user("eve@example.org",
           "$6$saltsalt$8RWsOfwR6M6PpnoeQiEiWzNTPo1f0HjVYjDnLZhGx16aBFRkeqiHAzfXP/LgrOWMBMXqiU2pLrXsSOHNUyUm91");
  add_app_password("printer", kPrinter, {Service::smtp});
  const std::tuple<const char*, const char*, std::chrono::milliseconds> kCases[] = {
      {"alice@example.org", "wrong", std::chrono::milliseconds{56}},    // yescrypt
      {"alice@example.org", "", std::chrono::milliseconds{1}},          // nothing that can be hashed
      {"eve@example.org", "wrong", std::chrono::milliseconds{5}},       // imported
      {"eve@example.org", "other", std::chrono::milliseconds{900}},     // many wait
      {"bob@example.org", "wrong", std::chrono::milliseconds{56}},      // without a password
      {"nobody@example.org", "wrong", std::chrono::milliseconds{900}},  // invented
      {"nobody@example.net", "wrong", std::chrono::milliseconds{0}},
  };
  int address = 0;
  for (const auto& [login, password, cost] : kCases) {
    hashing_.cost = cost;
    const auto before = world_.clock.now();
    EXPECT_EQ(check(login, password, "198.51.100." + std::to_string(++address)),
              Outcome{std::unexpected(AuthError::wrong)});
    EXPECT_EQ(world_.clock.now() - before, kFailedAnswerAfter) << login << ' ' << password;
    simulation_.run(sleep(minutes{20}));  // nothing is remembered against anybody
  }
}

TEST_F(AuthenticatorTest, AFailureThatTakesLongerIsToldAtAMultiple) {
  hashing_.cost = kFailedAnswerAfter;
  const auto before = world_.clock.now();
  EXPECT_FALSE(check("alice@example.org", "wrong"));
  EXPECT_EQ(world_.clock.now() - before, 2 * kFailedAnswerAfter);
}

TEST_F(AuthenticatorTest, EachScramFailureIsToldAtTheSameInstant) {
  add_app_password("printer", kPrinter, {Service::smtp});
  int address = 0;
  for (const auto& [login, hash] :
       {std::pair{"alice@example.org", ScramHash::sha256}, std::pair{"alice@example.org", ScramHash::sha1},
        std::pair{"bob@example.org", ScramHash::sha256}, std::pair{"nobody@example.org", ScramHash::sha256}}) {
    auto offered = offer(login, hash, "198.51.100." + std::to_string(++address));
    const auto before = world_.clock.now();
    EXPECT_FALSE(conclude(std::move(offered), std::nullopt));
    EXPECT_EQ(world_.clock.now() - before, kFailedAnswerAfter) << login;
    simulation_.run(sleep(minutes{20}));
  }
}

TEST_F(AuthenticatorTest, GuessersOfInventedNamesTakeNoPlaceFromAnybody) {
  std::vector<Outcome> guesses(300, std::unexpected(AuthError::unavailable));
  std::vector<Outcome> logins(1, std::unexpected(AuthError::unavailable));
  EXPECT_TRUE(simulation_.run(guess_beside_a_login(guesses, logins.front())));
  EXPECT_EQ(logins.front(), Outcome{alice()});
  for (const auto& guess : guesses) EXPECT_EQ(guess, Outcome{std::unexpected(AuthError::wrong)});
  EXPECT_EQ(hashing_.posted, 1);
}

TEST_F(AuthenticatorTest, GuessersOfAUserLeavePlacesToWhoIsAcquainted) {
  EXPECT_TRUE(check("alice@example.org", "secret"));
  simulation_.run(sleep(minutes{10}));  // longer than the password is remembered
  memory_limited_.note_success(memory_limited_.begin(kPeer, "alice@example.org"), world_.clock.now());
  Authenticator limited{*directory_, memory_limited_, world_, kRules};
  std::vector<Outcome> outcomes(4, std::unexpected(AuthError::unavailable));
  hashing_.cost = std::chrono::milliseconds{100};
  EXPECT_TRUE(simulation_.run(log_in_at_once(limited, outcomes)));
  EXPECT_EQ(outcomes[0], Outcome{std::unexpected(AuthError::wrong)});
  EXPECT_EQ(outcomes[1], Outcome{std::unexpected(AuthError::busy)});  // a second stranger
  EXPECT_EQ(outcomes[2], Outcome{std::unexpected(AuthError::busy)});  // and nobody, alike
  EXPECT_EQ(outcomes[3], Outcome{alice()});
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
  EXPECT_EQ(delay("alice@example.org"), seconds{0});
}

TEST_F(AuthenticatorTest, DisabledIsToldOnlyToWhoKnowsThePassword) {
  EXPECT_TRUE(check("alice@example.org", "secret"));
  disable();
  EXPECT_EQ(check("alice@example.org", "secret"), Outcome{std::unexpected(AuthError::disabled)});
  EXPECT_EQ(check("alice@example.org", "wrong"), Outcome{std::unexpected(AuthError::wrong)});
}

TEST_F(AuthenticatorTest, EachWayToWriteALoginIsSlowedAsOne) {
  for (const auto* login : {"alice", "ALICE@example.org", "alice@Example.ORG"}) EXPECT_FALSE(check(login, "wrong"));
  for (const auto* login : {"nobody", "NOBODY@example.org", "nobody@Example.ORG"}) {
    EXPECT_FALSE(check(login, "wrong", "198.51.100.1"));
  }
  const auto elsewhere = [this](const std::string& account) {
    return memory_.delay(memory_.begin("203.0.113.1", account), world_.clock.now());
  };
  EXPECT_EQ(elsewhere("alice@example.org"), seconds{4});
  EXPECT_EQ(elsewhere("nobody@example.org"), seconds{4});
}

TEST_F(AuthenticatorTest, NoAccountIsEverLockedAndNoProvidersAddressEither) {
  // A provider's address from which many users come, a few with old passwords, and an attacker on alice.
  for (int i = 0; i < 50; ++i) EXPECT_FALSE(check("nobody" + std::to_string(i) + "@example.org", "old"));
  for (int i = 0; i < 50; ++i) EXPECT_FALSE(check("alice@example.org", "guess", "198.51.100.1"));
  auto before = world_.clock.now();
  EXPECT_TRUE(check("alice@example.org", "secret"));
  EXPECT_GE(world_.clock.now() - before, seconds{15});
  EXPECT_LT(world_.clock.now() - before, seconds{16});
  simulation_.run(sleep(minutes{10}));  // longer than the password is remembered
  for (int i = 0; i < 50; ++i) EXPECT_FALSE(check("alice@example.org", "guess", "198.51.100.1"));
  before = world_.clock.now();
  EXPECT_TRUE(check("alice@example.org", "secret"));
  EXPECT_LT(world_.clock.now() - before, seconds{1});  // known there now
}

TEST_F(AuthenticatorTest, GuessesMadeAtOnceAreNoCheaperThanInTurn) {
  std::vector<Outcome> outcomes(40, std::unexpected(AuthError::unavailable));
  const auto before = world_.clock.now();
  EXPECT_TRUE(simulation_.run(check_all_at_once(outcomes)));
  for (const auto& outcome : outcomes) EXPECT_EQ(outcome, Outcome{std::unexpected(AuthError::wrong)});
  // All but the first ten waited, and most of them the longest.
  EXPECT_GE(world_.clock.now() - before, seconds{15});
  EXPECT_EQ(delay("alice@example.org"), seconds{15});
}

TEST_F(AuthenticatorTest, AppPasswordIsTakenForItsServicesWithoutHashing) {
  add_app_password("phone", kPhone, {Service::imap, Service::smtp});
  add_app_password("printer", kPrinter, {Service::smtp});
  EXPECT_EQ(check("alice", kPhone), Outcome{alice("phone")});
  EXPECT_EQ(check("alice", kPrinter), Outcome{std::unexpected(AuthError::out_of_scope)});
  EXPECT_EQ(hashing_.posted, 0);
  EXPECT_EQ(check("alice", "secret"), Outcome{alice()});
  EXPECT_EQ(check("bob", kPhone), Outcome{std::unexpected(AuthError::wrong)});
  EXPECT_EQ(check("nobody", kPhone), Outcome{std::unexpected(AuthError::wrong)});
  EXPECT_EQ(check("alice", "abcdefghijklmnopqrsu"), Outcome{std::unexpected(AuthError::wrong)});
  EXPECT_EQ(hashing_.posted, 2);
}

TEST_F(AuthenticatorTest, RevokedAppPasswordIsWorthNothingAtOnce) {
  add_app_password("phone", kPhone, {Service::imap});
  EXPECT_TRUE(check("alice", kPhone));
  auto change = directory_->change();
  EXPECT_TRUE(change->delete_app_password(alice_, "phone"));
  EXPECT_TRUE(change->commit());
  EXPECT_EQ(check("alice", kPhone), Outcome{std::unexpected(AuthError::wrong)});
}

TEST_F(AuthenticatorTest, AppPasswordOfADisabledUserIsNotTaken) {
  add_app_password("phone", kPhone, {Service::imap});
  disable();
  EXPECT_EQ(check("alice", kPhone), Outcome{std::unexpected(AuthError::disabled)});
}

TEST_F(AuthenticatorTest, NamesAndPasswordsAreTakenInEachSpelling) {
  set_password("pa\u0308sswort");
  EXPECT_TRUE(check("alice", "p\u00e4sswort"));
  EXPECT_TRUE(check("alice", "pa\u0308sswort"));
  EXPECT_TRUE(check("\uff41lice@example.org", "p\u00e4sswort"));  // FULLWIDTH LATIN SMALL LETTER A
  EXPECT_EQ(check("alice\u0007", "p\u00e4sswort"), Outcome{std::unexpected(AuthError::wrong)});
  EXPECT_EQ(check("alice\xff", "p\u00e4sswort"), Outcome{std::unexpected(AuthError::wrong)});
}

TEST_F(AuthenticatorTest, WithoutTlsNothingIsOfferedUnlessConfigured) {
  EXPECT_TRUE(authenticator_->mechanisms(nullptr).empty());
  EXPECT_FALSE(authenticator_->takes_passwords(nullptr));
  auto rules = kRules;
  rules.allow_plaintext = true;
  using enum SaslMechanism;
  Authenticator open{*directory_, memory_, world_, rules};
  EXPECT_EQ(open.mechanisms(nullptr), (std::vector{scram_sha_256, scram_sha_1, plain, login}));
  EXPECT_TRUE(open.takes_passwords(nullptr));
  rules.mechanisms = {scram_sha_256, scram_sha_256_plus};
  Authenticator strict{*directory_, memory_, world_, rules};
  EXPECT_EQ(strict.mechanisms(nullptr), std::vector{scram_sha_256});
  EXPECT_FALSE(strict.takes_passwords(nullptr));
}

TEST_F(AuthenticatorTest, ScramEndsWithTheIdentityOrAFailure) {
  {
    auto offered = offer("alice@example.org", ScramHash::sha256);
    EXPECT_EQ(offered.keys, std::vector{*directory_->find_credential(alice_)->scram_sha256});
    EXPECT_EQ(conclude(std::move(offered), std::nullopt), Outcome{std::unexpected(AuthError::wrong)});
  }
  EXPECT_EQ(delay("alice@example.org"), seconds{1});
  EXPECT_EQ(conclude(offer("alice@example.org", ScramHash::sha256), 0), Outcome{alice()});
  EXPECT_EQ(delay("alice@example.org"), seconds{0});
  disable();
  EXPECT_EQ(conclude(offer("alice@example.org", ScramHash::sha256), 0),
            Outcome{std::unexpected(AuthError::disabled)});
}

TEST_F(AuthenticatorTest, ScramProvesAppPasswordsOfThisServiceToo) {
  add_app_password("phone", kPhone, {Service::imap});
  add_app_password("printer", kPrinter, {Service::smtp});
  auto offered = offer("alice@example.org", ScramHash::sha256);
  ASSERT_EQ(offered.keys.size(), 2U);
  EXPECT_EQ(conclude(std::move(offered), 1), Outcome{alice("phone")});
  // She has keys for SCRAM-SHA-1 by app passwords alone.
  const auto sha1 = offer("alice@example.org", ScramHash::sha1);
  ASSERT_EQ(sha1.keys.size(), 1U);
  EXPECT_EQ(sha1.keys.front().salt, "its own salt");
}

TEST_F(AuthenticatorTest, SaltIsTheSameWhereNoAppPasswordIsForTheService) {
  add_app_password("printer", kPrinter, {Service::smtp});
  auto offered = offer("alice@example.org", ScramHash::sha1);
  EXPECT_EQ(offered.keys.front().salt, "its own salt");
  EXPECT_EQ(conclude(std::move(offered), 0), Outcome{std::unexpected(AuthError::wrong)});
}

TEST_F(AuthenticatorTest, WhoHasNoScramKeysIsOfferedSteadyOnesAndNeverAdmitted) {
  for (const auto& [login, hash] :
       {std::pair{"nobody@example.org", ScramHash::sha256}, std::pair{"bob@example.org", ScramHash::sha256},
        std::pair{"alice@example.org", ScramHash::sha1}}) {
    auto first = offer(login, hash);
    EXPECT_EQ(first.keys, offer(login, hash).keys) << login;
    EXPECT_EQ(first.keys.front().salt.size(), kScramSaltOctets) << login;
    EXPECT_EQ(conclude(std::move(first), 0), Outcome{std::unexpected(AuthError::wrong)}) << login;
  }
  const auto keys_of = [this](const char* login, ScramHash hash) { return offer(login, hash).keys.front(); };
  EXPECT_EQ(keys_of("Nobody@example.org", ScramHash::sha256), keys_of("nobody@EXAMPLE.org", ScramHash::sha256));
  EXPECT_EQ(keys_of("nobody", ScramHash::sha256), keys_of("nobody@example.org", ScramHash::sha256));
  EXPECT_NE(keys_of("nobody@example.org", ScramHash::sha1).salt,
            keys_of("nobody@example.org", ScramHash::sha256).salt);
}

}  // namespace
}  // namespace posthaste::auth
