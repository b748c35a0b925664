// What one user asks for does not keep the others waiting.
#include <gtest/gtest.h>

#include "house.h"

namespace posthaste::imapd {
namespace {

constexpr int kSessions = 16;
constexpr int kQuestions = 20;

net::Task<void> until(net::Stream& client, std::string start) {
  for (;;) {
    auto line = co_await client.read_line(10'000'000);
    if (!line || line->starts_with(start)) co_return;
  }
}

/// Asks for much until somebody else is done.
net::Task<void> ask_for_much(House& house, const bool& others_are_done) {
  auto client = co_await house.connect();
  client->write("l LOGIN alice@example.org " + std::string{kPassword} + "\r\ns SELECT INBOX\r\n");
  const std::string selected = "s ";
  co_await until(*client, selected);
  while (!others_are_done) {
    client->write("a SEARCH BODY nowhere\r\n");
    const std::string answered = "a ";
    co_await until(*client, answered);
  }
}

/// How long bob waits for all of his answers.
net::Task<void> ask_for_little(House& house, bool& is_done, std::chrono::milliseconds& waited) {
  auto client = co_await house.connect();
  client->write("l LOGIN bob@example.org " + std::string{kPassword} + "\r\n");
  const std::string logged_in = "l ";
  co_await until(*client, logged_in);
  co_await house.clock().sleep(std::chrono::seconds{1});  // of virtual time: then all of the others search
  const net::Instant start = house.now();
  for (int i = 0; i < kQuestions; ++i) {
    client->write("a LIST \"\" \"*\"\r\n");
    const std::string answered = "a ";
    co_await until(*client, answered);
  }
  waited = std::chrono::duration_cast<std::chrono::milliseconds>(house.now() - start);
  is_done = true;
}

net::Task<void> ask_together(House& house, int sessions, std::chrono::milliseconds& waited) {
  bool bob_is_done = false;
  net::TaskScope clients;
  for (int i = 0; i < sessions; ++i) clients.spawn(ask_for_much(house, bob_is_done));
  co_await ask_for_little(house, bob_is_done, waited);
  co_await clients.drained();
}

std::chrono::milliseconds waits_beside(int sessions) {
  House house{1, {std::chrono::milliseconds{0}, std::chrono::milliseconds{3}}};
  house.config.imap.connections_per_user_max = kSessions;
  house.append("INBOX", "Subject: a\r\n\r\ntext\r\n");
  std::chrono::milliseconds waited{};
  house.serve([&] { return ask_together(house, sessions, waited); });
  return waited;
}

TEST(Fairness, AUserOfManySessionsDoesNotHoldUpAnother) {
  const auto alone = waits_beside(0);
  const auto beside = waits_beside(kSessions);
  EXPECT_GT(alone.count(), 0);
  EXPECT_LE(beside, 4 * alone) << "alone " << alone.count() << " ms, beside " << kSessions
                               << " sessions of one user " << beside.count() << " ms";
}

}  // namespace
}  // namespace posthaste::imapd
