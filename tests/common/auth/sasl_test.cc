// Whole exchanges, in the clear and over TLS: what a client says, and what comes of it.
#include "common/auth/sasl.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <vector>

#include "common/net/scope.h"
#include "common/net/sim_world.h"
#include "common/net/stream.h"
#include "scram_client.h"

namespace posthaste::auth {
namespace {

using std::chrono::seconds;
using enum SaslMechanism;

/// A client of prepared answers; each sees the challenge.
class Client final : public SaslPeer {
 public:
  using Answer = std::function<std::expected<std::string, SaslError>(const std::string& challenge)>;

  explicit Client(std::vector<Answer> answers) : answers_(std::move(answers)) {}

  net::Task<std::expected<std::string, SaslError>> ask(std::string challenge) override {
    challenges.push_back(challenge);
    if (challenges.size() > answers_.size()) co_return std::unexpected(SaslError::gone);
    co_return answers_[challenges.size() - 1](challenge);
  }

  std::vector<std::string> challenges;

 private:
  std::vector<Answer> answers_;
};

Client::Answer says(std::string text) {
  return [text = std::move(text)](const std::string&) { return text; };
}

Client::Answer fails(SaslError error) {
  return [error](const std::string&) { return std::unexpected(error); };
}

class SaslTest : public testing::Test {
 protected:
  SaslTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "sasl_test.XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    directory_ = *Directory::open(folder_ / "directory", Role::writer);
    auto change = directory_->change();
    EXPECT_TRUE(change->add_domain("example.org"));
    alice_ = *change->add_user({"alice@example.org", "", std::nullopt, true, WallTime{}});
    Credential credential;
    credential.hash = "$1$posthast$FxD8ruMh6JUl6h9YY8r17.";  // of "secret", quick to check
    credential.scram_sha1 = scram_keys(ScramHash::sha1, "secret", "salt of sha1", 16);
    credential.scram_sha256 = scram_keys(ScramHash::sha256, "secret", "salt of sha256", 16);
    EXPECT_TRUE(change->set_credential(alice_, credential));
    AppPassword phone;
    phone.name = "phone";
    phone.scope = {Service::imap};
    phone.digest = *app_password_digest(kPhone);
    phone.scram_sha256 = scram_keys(ScramHash::sha256, kPhone, "salt of sha256", 16);
    EXPECT_TRUE(change->add_app_password(alice_, phone));
    EXPECT_TRUE(change->commit());
    rules_ = {Service::imap, {kSaslMechanisms.begin(), kSaslMechanisms.end()}, true};
  }
  ~SaslTest() override {
    directory_.reset();
    std::filesystem::remove_all(folder_);
  }

  net::Task<void> keep(SaslMechanism mechanism, const net::TlsSession* tls, std::optional<std::string> initial,
                       Client& client, SaslOutcome& outcome) {
    Authenticator authenticator{*directory_, memory_, simulation_.world(), rules_};
    auto exchange = authenticate(authenticator, mechanism, tls, std::move(initial), "192.0.2.1", client);
    outcome = co_await exchange;
  }

  SaslOutcome run(SaslMechanism mechanism, std::optional<std::string> initial, Client& client) {
    SaslOutcome outcome{"", std::unexpected(SaslError::gone)};
    EXPECT_TRUE(simulation_.run(keep(mechanism, nullptr, std::move(initial), client, outcome)));
    return outcome;
  }

  /// A SCRAM exchange in the clear.
  SaslOutcome run(SaslMechanism mechanism, ScramClient scram) {
    Client client{{says(scram.first()), [&scram](const std::string& first) { return scram.final(first); },
                   [&scram](const std::string& final) {
                     EXPECT_EQ(final, scram.server_final());
                     return "";
                   }}};
    return run(mechanism, std::nullopt, client);
  }

  using OnTls = std::function<net::Task<void>(const net::TlsSession& server, const net::TlsSession& client)>;

  net::Task<void> serve_tls(net::Listener& listener, const net::TlsServer& tls,
                            std::optional<net::Stream>& stream) {
    auto transport = co_await listener.accept();
    stream.emplace(std::move(transport), seconds{5});
    auto secured = co_await stream->accept_tls(tls);
    EXPECT_TRUE(secured);
  }

  net::Task<void> connect_tls(const net::TlsServer& tls, OnTls meanwhile) {
    const net::Endpoint endpoint{"192.0.2.1", 993};
    const auto listener = simulation_.network().listen(endpoint);
    std::optional<net::Stream> server;
    net::TaskScope scope;
    scope.spawn(serve_tls(*listener, tls, server));
    auto transport = co_await simulation_.network().connect(endpoint, seconds{5});
    net::Stream client{std::move(*transport), seconds{5}};
    const net::TlsClient tls_client;
    auto secured = co_await client.connect_tls(tls_client, "mail.example.org");
    EXPECT_TRUE(secured);
    co_await scope.drained();
    auto task = meanwhile(*server->tls(), *client.tls());
    co_await task;
  }

  /// A SCRAM exchange over TLS, where the client binds to what `channel` makes of the connection as it sees it.
  SaslOutcome run_over_tls(SaslMechanism mechanism, const std::string& gs2_header,
                           const std::function<std::string(const net::TlsSession&)>& channel) {
    const auto pair =
        net::make_self_signed("mail.example.org", WallTime{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}});
    std::ofstream{folder_ / "cert.pem"} << pair.certificate_pem;
    std::ofstream{folder_ / "key.pem"} << pair.key_pem;
    const auto tls = net::TlsServer::load(folder_ / "cert.pem", folder_ / "key.pem");
    EXPECT_TRUE(tls);
    SaslOutcome outcome{"", std::unexpected(SaslError::gone)};
    std::optional<ScramClient> scram;
    Client client{{[&scram](const std::string&) { return scram->first(); },
                   [&scram](const std::string& first) { return scram->final(first); },
                   [&scram](const std::string& final) {
                     EXPECT_EQ(final, scram->server_final());
                     return "";
                   }}};
    auto exchange = [&](const net::TlsSession& server, const net::TlsSession& seen) {
      const bool sha1 = mechanism == scram_sha_1 || mechanism == scram_sha_1_plus;
      scram.emplace(sha1 ? ScramHash::sha1 : ScramHash::sha256, "alice", "secret", gs2_header, channel(seen));
      return keep(mechanism, &server, std::nullopt, client, outcome);
    };
    EXPECT_TRUE(simulation_.run(connect_tls(*tls, exchange)));
    return outcome;
  }

  static constexpr const char* kPhone = "abcdefghijklmnopqrst";
  std::filesystem::path folder_;
  std::optional<Directory> directory_;
  UserId alice_{};
  net::SimWorld simulation_{1};
  LoginMemory memory_{{seconds{300}, seconds{0}, seconds{0}}, std::string(32, 'k')};
  LoginRules rules_;
};

SaslOutcome::Failure failure(const SaslOutcome& outcome) {
  EXPECT_FALSE(outcome.identity);
  return outcome.identity ? SaslOutcome::Failure{SaslError::gone} : outcome.identity.error();
}

const std::string kPlain{"\0alice\0secret", 13};

TEST_F(SaslTest, PlainAtOnceOrAsked) {
  Client silent{{}};
  const auto at_once = run(plain, kPlain, silent);
  ASSERT_TRUE(at_once.identity);
  EXPECT_EQ(at_once.identity->address, "alice@example.org");
  EXPECT_EQ(at_once.login, "alice");
  Client asked{{says(kPlain)}};
  EXPECT_TRUE(run(plain, std::nullopt, asked).identity);
  EXPECT_EQ(asked.challenges, std::vector<std::string>{""});
  Client as_oneself{{says(std::string{"Alice@example.org\0alice@example.org\0secret", 42})}};
  EXPECT_TRUE(run(plain, std::nullopt, as_oneself).identity);
}

TEST_F(SaslTest, LoginAsksTwiceOrOnce) {
  Client asked{{says("alice"), says("secret")}};
  EXPECT_TRUE(run(login, std::nullopt, asked).identity);
  EXPECT_EQ(asked.challenges, (std::vector<std::string>{"Username:", "Password:"}));
  Client once{{says("secret")}};
  EXPECT_TRUE(run(login, "alice", once).identity);
  EXPECT_EQ(once.challenges, std::vector<std::string>{"Password:"});
}

TEST_F(SaslTest, WhatIsNoMessageOfPlainOrLogin) {
  struct Case {
    const char* name;
    SaslMechanism mechanism;
    std::vector<Client::Answer> answers;
    SaslOutcome::Failure expected;
  };
  const Case kCases[] = {
      {"Empty", plain, {says("")}, SaslError::bad_message},
      {"NoNul", plain, {says("alice secret")}, SaslError::bad_message},
      {"NoPassword", plain, {says(std::string{"\0alice\0", 7})}, SaslError::bad_message},
      {"ThreeNuls", plain, {says(kPlain + std::string{"\0", 1})}, SaslError::bad_message},
      {"AnotherIdentity", plain, {says("bob" + kPlain)}, SaslError::impersonation},
      {"Cancelled", plain, {fails(SaslError::cancelled)}, SaslError::cancelled},
      {"NotBase64", plain, {fails(SaslError::bad_base64)}, SaslError::bad_base64},
      {"Gone", plain, {fails(SaslError::gone)}, SaslError::gone},
      {"WrongPassword", plain, {says(std::string{"\0alice\0Secret", 13})}, AuthError::wrong},
      {"NoName", login, {says(""), says("secret")}, SaslError::bad_message},
      {"NameNotUtf8", login, {says("\xff"), says("secret")}, SaslError::bad_message},
      {"NameTooLong", login, {says(std::string(256, 'a')), says("secret")}, SaslError::bad_message},
      {"NoPasswordToLogin", login, {says("alice"), says("")}, SaslError::bad_message},
      {"CancelledAtThePassword", login, {says("alice"), fails(SaslError::cancelled)}, SaslError::cancelled},
  };
  for (const auto& test : kCases) {
    Client client{test.answers};
    EXPECT_EQ(failure(run(test.mechanism, std::nullopt, client)), test.expected) << test.name;
  }
}

TEST_F(SaslTest, ScramProvesOnesOwnPasswordOrAnAppPassword) {
  const auto own = run(scram_sha_256, {ScramHash::sha256, "alice@example.org", "secret"});
  ASSERT_TRUE(own.identity);
  EXPECT_EQ(*own.identity, (Identity{alice_, "alice@example.org", "", 1}));
  EXPECT_TRUE(run(scram_sha_1, {ScramHash::sha1, "alice", "secret"}).identity);
  EXPECT_TRUE(run(scram_sha_256, {ScramHash::sha256, "alice", "secret", "n,a=alice,"}).identity);
  const auto phone = run(scram_sha_256, {ScramHash::sha256, "alice", kPhone});
  ASSERT_TRUE(phone.identity);
  EXPECT_EQ(phone.identity->app_password, "phone");
  // "y" is right where we offer no -PLUS, as without TLS.
  EXPECT_TRUE(run(scram_sha_256, {ScramHash::sha256, "alice", "secret", "y,,"}).identity);
}

TEST_F(SaslTest, ScramFailsWithoutSayingWhy) {
  const SaslOutcome::Failure wrong = AuthError::wrong;
  EXPECT_EQ(failure(run(scram_sha_256, {ScramHash::sha256, "alice", "Secret"})), wrong);
  EXPECT_EQ(failure(run(scram_sha_256, {ScramHash::sha256, "nobody", "secret"})), wrong);
  EXPECT_EQ(failure(run(scram_sha_1, {ScramHash::sha1, "alice", kPhone})), wrong);  // no keys for that
  rules_.service = Service::smtp;
  EXPECT_EQ(failure(run(scram_sha_256, {ScramHash::sha256, "alice", kPhone})), wrong);
}

TEST_F(SaslTest, WhatIsNoMessageOfScram) {
  ScramClient scram{ScramHash::sha256, "alice", "secret"};
  const auto final = [&scram](const std::string& first) { return scram.final(first); };
  struct Case {
    const char* name;
    std::vector<Client::Answer> answers;
    SaslError expected;
  };
  const Case kCases[] = {
      {"Empty", {says("")}, SaslError::bad_message},
      {"Plain", {says(kPlain)}, SaslError::bad_message},
      {"Extension", {says("n,,m=1,n=alice,r=nonce")}, SaslError::bad_message},
      {"AnotherIdentity", {says("n,a=bob,n=alice,r=nonce")}, SaslError::impersonation},
      {"BindsThoughTheMechanismDoesNot", {says("p=tls-exporter,,n=alice,r=nonce")}, SaslError::bad_message},
      {"CancelledAtTheStart", {fails(SaslError::cancelled)}, SaslError::cancelled},
      {"CancelledInTheMiddle", {says(scram.first()), fails(SaslError::cancelled)}, SaslError::cancelled},
      {"NoProof", {says(scram.first()), says("c=biws,r=clientnonce")}, SaslError::bad_message},
      {"AnotherNonce", {says(scram.first()), says("c=biws,r=clientnonce,p=AAAA")}, SaslError::bad_message},
      {"CancelledAtTheEnd", {says(scram.first()), final, fails(SaslError::cancelled)}, SaslError::cancelled},
      {"GoneAtTheEnd", {says(scram.first()), final}, SaslError::gone},
      {"TalkativeAtTheEnd", {says(scram.first()), final, says("thanks")}, SaslError::bad_message},
  };
  for (const auto& test : kCases) {
    Client client{test.answers};
    EXPECT_EQ(failure(run(scram_sha_256, std::nullopt, client)), SaslOutcome::Failure{test.expected}) << test.name;
  }
}

std::string exporter(const net::TlsSession& tls) { return *tls.channel_binding(net::ChannelBinding::tls_exporter); }
std::string end_point(const net::TlsSession& tls) {
  return *tls.channel_binding(net::ChannelBinding::tls_server_end_point);
}
std::string nothing(const net::TlsSession&) { return {}; }
std::string anothers(const net::TlsSession&) { return std::string(32, 'x'); }

TEST_F(SaslTest, PlusBindsToTheTlsConnection) {
  struct Case {
    const char* name;
    SaslMechanism mechanism;
    const char* gs2_header;
    std::string (*channel)(const net::TlsSession&);
    std::optional<SaslError> error;
  };
  const Case kCases[] = {
      {"Exporter256", scram_sha_256_plus, "p=tls-exporter,,", exporter, std::nullopt},
      {"Exporter1", scram_sha_1_plus, "p=tls-exporter,,", exporter, std::nullopt},
      {"EndPoint256", scram_sha_256_plus, "p=tls-server-end-point,,", end_point, std::nullopt},
      {"EndPoint1", scram_sha_1_plus, "p=tls-server-end-point,,", end_point, std::nullopt},
      {"ClientCannotBind", scram_sha_256, "n,,", nothing, std::nullopt},
      {"AnothersConnection", scram_sha_256_plus, "p=tls-exporter,,", anothers, SaslError::other_channel},
      {"AnothersCertificate", scram_sha_256_plus, "p=tls-server-end-point,,", anothers, SaslError::other_channel},
      {"NothingBoundTo", scram_sha_256_plus, "p=tls-exporter,,", nothing, SaslError::other_channel},
      {"KindsMixedUp", scram_sha_256_plus, "p=tls-exporter,,", end_point, SaslError::other_channel},
      {"Unique", scram_sha_256_plus, "p=tls-unique,,", exporter, SaslError::bad_message},
      {"PlusWithoutBinding", scram_sha_256_plus, "n,,", nothing, SaslError::bad_message},
      {"PlusThatSawNoPlus", scram_sha_256_plus, "y,,", nothing, SaslError::bad_message},
      {"BindingWithoutPlus", scram_sha_256, "p=tls-exporter,,", exporter, SaslError::bad_message},
      // Somebody took the -PLUS mechanisms out of our list (RFC 5802 §6).
      {"Downgraded", scram_sha_256, "y,,", nothing, SaslError::other_channel},
      {"Downgraded1", scram_sha_1, "y,,", nothing, SaslError::other_channel},
  };
  for (const auto& test : kCases) {
    const auto outcome = run_over_tls(test.mechanism, test.gs2_header, test.channel);
    EXPECT_EQ(outcome.identity.has_value(), !test.error) << test.name;
    if (test.error) {
      EXPECT_EQ(failure(outcome), SaslOutcome::Failure{*test.error}) << test.name;
    }
  }
  rules_.mechanisms = {scram_sha_256};  // then the client was told the truth
  EXPECT_TRUE(run_over_tls(scram_sha_256, "y,,", nothing).identity);
}

TEST(ReadSaslResponse, IsBase64OrAStar) {
  EXPECT_EQ(read_sasl_response(""), "");
  EXPECT_EQ(read_sasl_response("YWxpY2U="), "alice");
  EXPECT_EQ(read_sasl_response("*"), std::unexpected(SaslError::cancelled));
  for (const auto* text : {"=", "YWxpY2U", "YWxpY2U= ", "**", "alice!", " "}) {
    EXPECT_EQ(read_sasl_response(text), std::unexpected(SaslError::bad_base64)) << text;
  }
}

}  // namespace
}  // namespace posthaste::auth
