// A user's mail, a real store, and pop3d's sessions in the simulated world.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "../relaying_transport.h"
#include "common/net/sim_world.h"
#include "common/store/group_commit.h"
#include "pop3d/limits.h"
#include "pop3d/session.h"

namespace posthaste::pop3d {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "posthaste-pop3d-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// alice@example.org has the password "secret", bob@example.org has it too and may not log in.
class Accounts {
 public:
  Accounts() : directory_(*auth::Directory::open(folder_.path() / "directory", auth::Role::writer)) {
    auto change = directory_.change();
    EXPECT_TRUE(change->add_domain("example.org"));
    alice_ = *change->add_user({"alice@example.org", "", std::nullopt, true, WallTime{}});
    const auto bob = *change->add_user({"bob@example.org", "", std::nullopt, false, WallTime{}});
    auth::Credential credential;
    credential.hash = "$1$posthast$FxD8ruMh6JUl6h9YY8r17.";  // quick to check
    for (const UserId user : {alice_, bob}) EXPECT_TRUE(change->set_credential(user, credential));
    EXPECT_TRUE(change->commit());

    const auto pair =
        net::make_self_signed("mail.example.org", WallTime{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}});
    const auto certificate = folder_.path() / "cert.pem";
    const auto key = folder_.path() / "key.pem";
    std::ofstream{certificate} << pair.certificate_pem;
    std::ofstream{key} << pair.key_pem;
    certificates_ = *daemon::Certificates::load(certificate, key);
  }
  [[nodiscard]] const auth::Directory& directory() const { return directory_; }
  [[nodiscard]] const daemon::Certificates& certificates() const { return *certificates_; }
  [[nodiscard]] UserId alice() const { return alice_; }

 private:
  TemporaryFolder folder_;
  auth::Directory directory_;
  std::unique_ptr<daemon::Certificates> certificates_;
  UserId alice_{};
};

/// Opened once: a process opens an environment once.
inline const Accounts& accounts() {
  static const Accounts accounts;
  return accounts;
}

/// deliveryd is away.
class AwayApplier final : public mailbox::Applier {
 public:
  net::Task<std::expected<mailbox::ApplyResult, mailbox::StoreError>> apply(UserId, mailbox::Batch,
                                                                            mailbox::IdempotencyKey) override {
    co_return std::unexpected(mailbox::StoreError::unavailable);
  }
};

inline config::Config test_config() {
  config::Config config;
  config.hostname = "mail.example.org";
  config.auth.allow_plaintext = true;
  return config;
}

inline const net::Endpoint kPop3{"192.0.2.110", 110};
inline const net::Endpoint kPop3s{"192.0.2.110", 995};

class PostOffice {
 public:
  explicit PostOffice(std::uint64_t seed, config::Config config = test_config(), net::SimConditions conditions = {},
                      std::size_t output_memory_octets = kOutputMemoryOctets)
      : config_(std::move(config)),
        output_memory_(output_memory_octets),
        sim_(seed, conditions),
        writer_(open_writer()),
        group_commit_(*writer_, sim_.world().io),
        local_store_(group_commit_, sim_.loop(), sim_.loop()),
        authenticator_(accounts().directory(), memory_, sim_.world(),
                       auth::login_rules(config_.auth, auth::Service::pop3)) {}

  void deliver(const std::vector<std::string>& messages) {
    std::vector<store::Request> requests;
    for (const auto& octets : messages) {
      mailbox::Deliver message;
      message.user = accounts().alice();
      message.blob = mailbox::put_blob(octets, {});
      requests.emplace_back(std::move(message));
    }
    commit(requests);
  }

  /// What another client does.
  void expunge(Uid uid) {
    mailbox::Batch batch;
    batch.operations.emplace_back(mailbox::Expunge{inbox()->id, {{uid, uid}}, mailbox::ExpungeWhich::all});
    commit({store::ApplyRequest{accounts().alice(), std::move(batch), {}}});
  }

  [[nodiscard]] std::optional<mailbox::MailboxInfo> inbox() const {
    const auto snapshot = writer_->store().read(accounts().alice());
    auto info = snapshot->mailbox("INBOX");
    return info ? std::optional{*info} : std::nullopt;
  }

  [[nodiscard]] std::vector<std::uint32_t> uids() const {
    std::vector<std::uint32_t> uids;
    const auto info = inbox();
    if (!info) return uids;
    const auto snapshot = writer_->store().read(accounts().alice());
    const auto add = [&uids](const mailbox::Message& message) { uids.push_back(number(message.uid)); };
    EXPECT_TRUE(snapshot->scan(info->id, mailbox::kAllUids, SIZE_MAX, add));
    return uids;
  }

  [[nodiscard]] std::size_t output_memory_taken() const { return output_memory_.taken(); }

  void take_deliveryd_away() { deliveryd_is_away_ = true; }

  [[nodiscard]] net::SimWorld& sim() { return sim_; }
  [[nodiscard]] std::string log_text() const { return sink_.text(); }

  /// Serves both ports while `client` runs. False after a deadlock.
  bool run(net::Task<void> client) { return sim_.run(serve_and(std::move(client))); }

  /// Time goes by.
  void pass(std::chrono::milliseconds time) {
    const auto sleep = [](net::Clock& clock, std::chrono::milliseconds span) -> net::Task<void> {
      co_await clock.sleep(span);
    };
    EXPECT_TRUE(sim_.run(sleep(sim_.world().clock, time)));
  }

  /// The daemon is told to stop.
  void stop() { sessions_.stop(); }

 private:
  [[nodiscard]] std::unique_ptr<store::Writer> open_writer() const {
    store::WriterOptions options;
    options.directory = folder_.path();
    options.map_octets = std::uint64_t{1} << 28;
    options.reserve_octets = 0;
    auto writer = store::Writer::open(std::move(options));
    EXPECT_TRUE(writer);
    return std::move(*writer);
  }

  void commit(const std::vector<store::Request>& requests) {
    const auto check = [](std::span<const store::Outcome> outcomes) {
      const auto succeeded = [](const store::Outcome& outcome) {
        const auto* applied = std::get_if<store::ApplyOutcome>(&outcome);
        const auto* delivered = std::get_if<store::DeliverOutcome>(&outcome);
        return (applied != nullptr && *applied) || (delivered != nullptr && *delivered);
      };
      EXPECT_TRUE(std::ranges::all_of(outcomes, succeeded));
    };
    const auto outcomes = writer_->commit(requests, mailbox::Time{}, store::Publication::now, check);
    EXPECT_EQ(outcomes.size(), requests.size());
  }

  net::Task<void> serve_and(net::Task<void> client) {
    mailbox::Applier& applier = deliveryd_is_away_ ? static_cast<mailbox::Applier&>(away_) : local_store_;
    const Surroundings surroundings{
        sim_.world(), config_,      writer_->store(), applier, authenticator_, accounts().certificates(),
        locks_,       last_logins_, output_memory_,   log_};
    const auto pop3 = sim_.network().listen(kPop3);
    const auto pop3s = sim_.network().listen(kPop3s);
    net::TaskScope accepting;
    accepting.spawn(accept(*pop3, surroundings, session::Security::starttls));
    accepting.spawn(accept(*pop3s, surroundings, session::Security::implicit_tls));
    co_await client;
    pop3->close();
    pop3s->close();
    co_await accepting.drained();
    co_await sessions_.drained();
  }

  net::Task<void> accept(net::Listener& listener, const Surroundings& surroundings, session::Security security) {
    while (auto transport = co_await listener.accept()) {
      sessions_.spawn(serve(surroundings, std::move(transport), security, sessions_));
    }
  }

  static net::Task<void> serve(const Surroundings& surroundings, std::unique_ptr<net::Transport> transport,
                               session::Security security, net::TaskScope& scope) {
    Session session{surroundings, throwing(std::move(transport)), security};
    co_await session.converse(scope);
  }

  const config::Config config_;
  daemon::MemoryBudget output_memory_;
  TemporaryFolder folder_;
  net::SimWorld sim_;
  std::unique_ptr<store::Writer> writer_;
  store::GroupCommit group_commit_;
  store::LocalStore local_store_;
  AwayApplier away_;
  bool deliveryd_is_away_ = false;
  auth::LoginMemory memory_{{std::chrono::seconds{300}, std::chrono::seconds{1}, std::chrono::seconds{15}},
                            std::string(32, 'k')};
  auth::Authenticator authenticator_;
  MaildropLocks locks_;
  LastLogins last_logins_{config_.pop3.login_delay};
  log::MemorySink sink_;
  log::Log log_{sink_, "pop3d", log::Format::text, log::Level::debug, [] { return WallTime{}; }};
  net::TaskScope sessions_;
};

}  // namespace posthaste::pop3d
