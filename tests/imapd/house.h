// A whole imapd in the simulated world: real store, real directory, and clients that speak from a script.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "../common/scratch_directory.h"
#include "common/net/sim_world.h"
#include "common/store/group_commit.h"
#include "imapd/limits.h"
#include "imapd/session.h"

namespace posthaste::imapd {

inline constexpr const char* kPassword = "secret";

/// As deliveryd does it.
[[nodiscard]] mailbox::Summary summarize(const std::string& octets);

/// The store's writer as it is behind deliveryd's socket: it makes the summaries itself.
class TestApplier final : public mailbox::Applier {
 public:
  explicit TestApplier(mailbox::Applier& local) : local_(local) {}

  net::Task<std::expected<mailbox::ApplyResult, mailbox::StoreError>> apply(UserId user, mailbox::Batch batch,
                                                                            mailbox::IdempotencyKey key) override;

  int batches = 0;
  std::optional<mailbox::StoreError> failure;
  std::map<int, mailbox::Batch> others;  // what another session does just before the batch of that number

 private:
  mailbox::Applier& local_;
};

class TestSubscriptions final : public mailbox::Changes {
 public:
  explicit TestSubscriptions(net::Loop& loop) : loop_(loop) {}

  std::unique_ptr<mailbox::Subscription> subscribe(UserId user, mailbox::OnChange on_change) override;
  void publish(const mailbox::Change& change);
  [[nodiscard]] std::size_t count() const { return entries_.size(); }

 private:
  struct Entry {
    UserId user;
    mailbox::OnChange on_change;
  };
  class Held;

  net::Loop& loop_;
  std::list<Entry> entries_;
};

/// Lines of a conversation. "1C: a NOOP" is sent by client 1 with CRLF, "1C+ x" without; "1S: a OK *" is the next
/// line it must hear, where a "*" at the end stands for anything. And directives:
///   "1 connect" (by itself before a client's first line), "1 connect tls", "1 starttls" (the handshake), "1
///   compress" (from now on), "1 login", "1 login bob", "1 closed", "1 silent" (nothing more has come), "1 select
///   INBOX" (reads up to OK), "1 until a OK *" (passes over all lines before it), "1 never b" (until the end no
///   answer to tag b), "lose messages" (their octets are gone), "deliver NAME MAILBOX" (a message comes in for
///   alice), "password USER" (it is changed), "remove USER".
using Script = std::vector<std::string>;

class House {
 public:
  explicit House(std::uint64_t seed = 1, net::SimConditions conditions = {},
                 std::uint32_t mailboxes_max = mailbox::kMailboxesMax);
  House(const House&) = delete;
  House& operator=(const House&) = delete;
  ~House();

  /// Messages by name, for the script.
  std::map<std::string, std::string> messages;
  config::Config config;
  std::uint64_t append_memory_octets = kAppendMemoryOctets;
  std::optional<std::uint64_t> user_memory_octets;  // all, unless said
  const bool rows_at_hand;  // or sessions wait for every look at the store: so it is for every other seed
  /// Messages that came before are \Recent to nobody: all of those that are there when the first session comes.
  std::chrono::sys_seconds recent_since = std::chrono::sys_seconds::max();

  /// Plays a script; every difference is a failure of the test.
  void play(const Script& script);

  /// Serves as long as `clients`, a task of its making, runs.
  void serve(const std::function<net::Task<void>()>& clients);

  net::Task<std::unique_ptr<net::Stream>> connect();
  [[nodiscard]] net::Clock& clock() { return sim_.loop(); }

  void append(const std::string& mailbox, const std::string& octets, mailbox::FlagSet flags = {},
              std::vector<std::string> keywords = {}, mailbox::InternalDate date = {});

  /// Sets alice's quota.
  void limit(mailbox::QuotaLimits limits);

  /// All messages are lost, though the store believes it has them.
  void lose_messages();

  [[nodiscard]] net::Instant now() { return sim_.loop().now(); }
  [[nodiscard]] std::string log_text() const { return sink_.text(); }
  [[nodiscard]] const store::Store& store() const { return writer_->store(); }
  [[nodiscard]] UserId alice() const;

 private:
  struct Client {
    std::unique_ptr<net::Stream> stream;
    int tag = 0;
  };

  net::SimWorld sim_;

 public:
  TestSubscriptions subscriptions;

 private:
  std::unique_ptr<store::Writer> open_writer(std::uint32_t mailboxes_max);
  net::Task<void> append_now(std::string mailbox, std::string octets, mailbox::FlagSet flags,
                             std::vector<std::string> keywords, mailbox::InternalDate date);
  net::Task<void> limit_now(mailbox::QuotaLimits limits);
  net::Task<void> serve(net::Listener& listener, const Surroundings& surroundings, session::Security security,
                        net::TaskScope& scope);
  net::Task<void> converse(std::unique_ptr<net::Transport> transport, const Surroundings& surroundings,
                           session::Security security, net::TaskScope& scope);
  net::Task<void> serve_while(const std::function<net::Task<void>()>& clients, const Surroundings& surroundings);
  net::Task<void> perform(const Script& script);
  net::Task<bool> speak(std::map<char, Client>& clients, std::string line);
  /// False when the line does not come, or the tagged answer comes before it.
  net::Task<bool> hears_at_last(Client& client, std::string expected);
  net::Task<bool> hears(Client& client, std::string expected);

  ScratchDirectory folder_{quick_directory()};
  log::MemorySink sink_;
  log::Log log_{sink_, "imapd", log::Format::text, log::Level::error, [this] { return sim_.loop().wall(); }};
  net::TlsClient tls_client_;
  std::unique_ptr<store::Writer> writer_;
  store::GroupCommit group_commit_{*writer_, sim_.world().io};
  store::LocalStore local_{group_commit_, sim_.loop(), sim_.loop()};
  auth::LoginMemory login_memory_{{std::chrono::minutes{5}, std::chrono::seconds{1}, std::chrono::seconds{15}},
                                  std::string(32, 'k')};

 public:
  TestApplier applier{local_};
};

}  // namespace posthaste::imapd
