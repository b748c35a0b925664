// smtpd's sessions, deliveryd's sessions and the store together in the simulated world, from a seed: connections
// break, nothing accepted is lost, nothing is stored twice, and the same seed tells the same story.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/auth/directory.h"
#include "common/auth/login_memory.h"
#include "common/config/layout.h"
#include "common/daemon/certificates.h"
#include "common/log/log.h"
#include "common/log/sink.h"
#include "common/net/sim_world.h"
#include "common/net/stream.h"
#include "smtpd/session.h"

#include "../common/scratch_directory.h"
#include "../smtpd/outbound.h"
#include "deliveryd.h"

namespace posthaste {
namespace {

using namespace std::chrono_literals;

const std::vector<std::string> kUsers{"alice", "bob", "carol", "dave"};
const net::Endpoint kSmtp{"192.0.2.25", 25};

/// A folder with a directory and a certificate, made once: hashing and signing have randomness of their own.
class Ground {
 public:
  Ground() {
    auto pattern = (quick_directory() / "posthaste-simulation-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    const auto pair = net::make_self_signed("mail.example.org", wall_clock());
    std::ofstream{folder_ / "cert.pem"} << pair.certificate_pem;
    std::ofstream{folder_ / "key.pem"} << pair.key_pem;
    directory_.emplace(std::move(*auth::Directory::open(folder_ / "directory", auth::Role::writer)));
    auto change = std::move(*directory_->change());
    EXPECT_TRUE(change.add_domain("example.org"));
    for (const auto& user : kUsers)
      EXPECT_TRUE(change.add_user({user + "@example.org", "", std::nullopt, true, {}}));
    EXPECT_TRUE(change.set_alias({"team@example.org", {"alice@example.org", "bob@example.org"}}));
    EXPECT_TRUE(change.commit());
    certificates_ = std::move(*daemon::Certificates::load(folder_ / "cert.pem", folder_ / "key.pem"));
  }
  ~Ground() { std::filesystem::remove_all(folder_); }

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  [[nodiscard]] const auth::Directory& directory() const { return *directory_; }
  [[nodiscard]] const daemon::Certificates& certificates() const { return *certificates_; }

 private:
  std::filesystem::path folder_;
  std::optional<auth::Directory> directory_;
  std::unique_ptr<daemon::Certificates> certificates_;
};

const Ground& ground() {
  static const Ground ground;
  return ground;
}

config::Config make_config() {
  config::Config config;
  config.hostname = "mail.example.org";
  config.paths.run = "/run/posthaste";
  return config;
}

/// What a run leaves behind.
struct Story {
  std::string log;
  std::multiset<std::string> accepted;        // "user: Subject" for each recipient of a message with 250
  std::map<std::string, std::size_t> stored;  // the same, and how often
  bool operator==(const Story&) const = default;
};

/// One whole installation, without its ports' privileges.
class Installation {
 public:
  Installation(std::uint64_t seed, const net::SimConditions& conditions, const std::filesystem::path& store,
               const std::filesystem::path& queue)
      : sim_(seed, conditions),
        log_(sink_, "simulation", log::Format::text, log::Level::debug, [this] { return sim_.loop().wall(); }),
        deliveryd_(sim_, config_, ground().directory(), store, log_),
        logins_({300s, 1s, 15s}, std::string(32, 's')),
        authenticator_(ground().directory(), logins_, sim_.world(), auth::login_rules({}, auth::Service::smtp)),
        pool_(sim_.world(), {config::lmtp_socket(config_), 0}, config_.hostname),
        queue_(smtpd::open_queue(queue, at_once_)),
        outbound_(sim_.world(), config_, ground().directory(), *queue_, pool_, log_),
        smtpd_{sim_.world(),
               config_,
               ground().directory(),
               authenticator_,
               ground().certificates(),
               pool_,
               verifier_,
               *queue_,
               outbound_.dispatcher,
               memory_,
               clients_,
               user_connections_,
               spool_,
               scope_,
               log_} {}

  Story live(std::size_t clients, std::size_t messages_each) {
    EXPECT_TRUE(sim_.run(run(clients, messages_each))) << "nothing is left to happen, and not all is done";
    look_into_mailboxes();
    deliveryd_.expect_sound();
    story_.log = sink_.text();
    return story_;
  }

 private:
  static net::Task<void> serve_smtp(std::unique_ptr<net::Transport> transport, smtpd::Context& context) {
    smtpd::Session session{std::move(transport), context, smtpd::Role::mx};
    co_await session.converse();
  }
  net::Task<void> accept_smtp(net::Listener& listener) {
    for (;;) {
      auto transport = co_await listener.accept();
      if (!transport) co_return;
      scope_.spawn(serve_smtp(std::move(transport), smtpd_));
    }
  }

  /// One message; true if its 250 was read.
  static net::Task<bool> send_message(net::Stream& stream, std::vector<std::string> recipients, std::string subject,
                                      std::string body) {
    stream.write("MAIL FROM:<sender@example.com>\r\n");
    for (const auto& recipient : recipients) stream.write("RCPT TO:<" + recipient + "@example.org>\r\n");
    stream.write("DATA\r\n");
    for (std::size_t i = 0; i < recipients.size() + 2; ++i) {
      const auto reply = co_await stream.read_line(1000);
      if (!reply || (!reply->starts_with("250") && !reply->starts_with("354"))) co_return false;
    }
    stream.write("Subject: " + subject + "\r\n\r\n" + body + "\r\n.\r\n");
    const auto reply = co_await stream.read_line(1000);
    co_return reply && reply->starts_with("250");
  }

  static net::Task<bool> greet(net::Stream& stream) {
    auto greeting = co_await stream.read_line(1000);
    if (!greeting) co_return false;
    stream.write("EHLO client.example.com\r\n");
    for (;;) {
      const auto line = co_await stream.read_line(1000);
      if (!line) co_return false;
      if (line->starts_with("250 ")) co_return true;
    }
  }

  /// Sends its messages once each; one whose fate is unknown because the connection broke is not sent again.
  net::Task<void> be_a_client(std::size_t client, std::size_t messages) {
    std::optional<net::Stream> stream;
    for (std::size_t i = 0; i < messages; ++i) {
      if (!stream) {
        auto transport = co_await sim_.network().connect(kSmtp, 10s);
        if (!transport) continue;
        stream.emplace(std::move(*transport), 600s);
        const bool greeted = co_await greet(*stream);
        if (!greeted) {
          stream.reset();
          continue;
        }
      }
      std::vector<std::string> recipients;
      for (const auto& user : kUsers) {
        if (sim_.random().chance(0.4)) recipients.push_back(user);
      }
      if (recipients.empty()) recipients = {"team"};
      const std::string subject = "message " + std::to_string(client) + "." + std::to_string(i);
      // Now and then one that is too large for smtpd's memory.
      std::string body(sim_.random().up_to(sim_.random().chance(0.05) ? 400'000 : 40'000), 'x');
      for (std::size_t at = 70; at + 2 < body.size(); at += 72) body.replace(at, 2, "\r\n");
      const bool accepted = co_await send_message(*stream, recipients, subject, std::move(body));
      if (!accepted) {
        stream.reset();
        continue;
      }
      if (recipients.front() == "team") recipients = {"alice", "bob"};
      for (const auto& user : recipients) story_.accepted.insert(user + ": " + subject);
    }
  }

  net::Task<void> run(std::size_t clients, std::size_t messages_each) {
    const auto smtp = sim_.network().listen(kSmtp);
    deliveryd_.start();
    net::TaskScope accepting;
    accepting.spawn(accept_smtp(*smtp));
    net::TaskScope connection;
    connection.spawn(store_client_.run());
    outbound_.start();
    net::TaskScope sending;
    for (std::size_t i = 0; i < clients; ++i) sending.spawn(be_a_client(i, messages_each));
    co_await sending.drained();
    // What deliveryd could not be given at once comes out of the queue a little later.
    for (int looks = 0; looks < 100 && !queue_is_empty(); ++looks) co_await sim_.loop().sleep(10s);
    smtp->close();
    scope_.stop();
    store_client_.stop();
    co_await accepting.drained();
    co_await connection.drained();
    co_await scope_.drained();
    co_await outbound_.ended();
    co_await deliveryd_.ended();
  }

  [[nodiscard]] bool queue_is_empty() const {
    bool empty = true;
    const auto note = [&empty](const queue::Summary&) { return empty = false; };
    EXPECT_TRUE(queue_->reader().walk(note));
    return empty;
  }

  void look_into_mailboxes() {
    for (const auto& user : kUsers) {
      for (const auto& message : deliveryd_.messages_of(user + "@example.org")) {
        const std::size_t start = message.find("Subject: ") + 9;
        ++story_.stored[user + ": " + message.substr(start, message.find("\r\n", start) - start)];
      }
    }
  }

  const config::Config config_ = make_config();
  net::SimWorld sim_;
  log::MemorySink sink_;
  log::Log log_;
  net::TaskScope scope_;
  SimDeliveryd deliveryd_;
  auth::LoginMemory logins_;
  auth::Authenticator authenticator_;
  smtpd::LmtpPool pool_;
  wire::StoreClient store_client_{sim_.world(), {config::store_socket(config_), 0}, log_};
  smtpd::RecipientVerifier verifier_{sim_.world().clock, store_client_};
  smtpd::MessageMemory memory_{std::size_t{1} << 30};
  daemon::Clients clients_{{}, SipKey{1, 2}};
  daemon::UserConnections user_connections_{100};
  smtpd::AtOnce at_once_;
  std::unique_ptr<queue::Queue> queue_;
  smtpd::SimOutbound outbound_;
  smtpd::Spool spool_ = std::move(*smtpd::Spool::open(ground().folder() / "spool", 0));
  smtpd::Context smtpd_;
  Story story_;
};

Story live_through(std::uint64_t seed, const net::SimConditions& conditions) {
  const auto store = ground().folder() / "store";
  const auto queue = ground().folder() / "queue";
  for (const auto& folder : {store, queue}) {
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
  }
  return Installation{seed, conditions, store, queue}.live(8, 6);
}

void expect_nothing_lost_nothing_twice(const Story& story, std::uint64_t seed) {
  for (const auto& accepted : story.accepted)
    EXPECT_TRUE(story.stored.contains(accepted)) << accepted << ", seed " << seed;
  for (const auto& [message, times] : story.stored) EXPECT_EQ(times, 1U) << message << ", seed " << seed;
}

TEST(SmtpToMailbox, EverythingAcceptedIsStoredOnce) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const Story story = live_through(seed, {});
    EXPECT_GE(story.accepted.size(), 48U);
    EXPECT_EQ(story.accepted.size(), story.stored.size());
    expect_nothing_lost_nothing_twice(story, seed);
  }
}

TEST(SmtpToMailbox, BrokenConnectionsLoseNothingAndRepeatNothing) {
  std::size_t accepted = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Story story = live_through(seed, {.network_delay_max = 50ms, .reset_probability = 0.01});
    expect_nothing_lost_nothing_twice(story, seed);
    accepted += story.accepted.size();
  }
  EXPECT_GT(accepted, 100U);
}

TEST(SmtpToMailbox, TheSameSeedTellsTheSameStory) {
  const net::SimConditions conditions{.network_delay_max = 50ms, .reset_probability = 0.01};
  const Story first = live_through(42, conditions);
  EXPECT_FALSE(first.log.empty());
  EXPECT_EQ(first, live_through(42, conditions));
  EXPECT_NE(first.log, live_through(43, conditions).log);
}

}  // namespace
}  // namespace posthaste
