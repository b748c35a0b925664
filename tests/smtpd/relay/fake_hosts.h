// Hosts that play a script over the simulated network, and a relay that talks to them.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/octets.h"
#include "common/dns/sim_resolver.h"
#include "common/log/sink.h"
#include "common/net/scope.h"
#include "common/net/sim_world.h"
#include "common/net/stream.h"
#include "smtpd/relay/relay.h"

namespace posthaste::relay {

using namespace std::chrono_literals;

/// The simulated network, with hosts that say nothing and networks that cannot be reached.
class HoleyNetwork final : public net::Network {
 public:
  HoleyNetwork(net::SimNetwork& network, net::Clock& clock) : network_(network), clock_(clock) {}

  net::Task<std::expected<std::unique_ptr<net::Transport>, net::ConnectError>> connect(
      net::Endpoint endpoint, std::chrono::milliseconds timeout) override {
    ++connects[net::to_string(endpoint)];
    if (silent.contains(endpoint.address)) {
      co_await clock_.sleep(timeout);
      co_return std::unexpected(net::ConnectError::timed_out);
    }
    if (endpoint.is_ipv6() && !ipv6_reachable) co_return std::unexpected(net::ConnectError::unreachable);
    co_return co_await network_.connect(endpoint, timeout);
  }
  std::expected<std::unique_ptr<net::Datagrams>, net::ConnectError> open_datagrams(
      const net::Endpoint& server) override {
    return network_.open_datagrams(server);
  }

  std::set<std::string> silent;
  bool ipv6_reachable = true;
  std::map<std::string, int> connects;

 private:
  net::SimNetwork& network_;
  net::Clock& clock_;
};

/// A certificate for smart.test, made once: signing has a randomness of its own.
class Certificate {
 public:
  Certificate() {
    auto pattern = (std::filesystem::temp_directory_path() / "posthaste-relay-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    constexpr WallTime kNow{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}};
    const auto pair = net::make_self_signed("smart.test", kNow);
    std::ofstream{path()} << pair.certificate_pem;
    std::ofstream{folder_ / "key.pem"} << pair.key_pem;
    server_.emplace(std::move(*net::TlsServer::load(path(), folder_ / "key.pem")));
  }
  ~Certificate() { std::filesystem::remove_all(folder_); }
  [[nodiscard]] std::string path() const { return folder_ / "cert.pem"; }
  [[nodiscard]] const net::TlsServer& server() const { return *server_; }

 private:
  std::filesystem::path folder_;
  std::optional<net::TlsServer> server_;
};

inline const Certificate& certificate() {
  static const Certificate certificate;
  return certificate;
}

/// A script has a step a line:
///   S: text     the host sends it
///   L: text     likewise, with LF alone at its end
///   C: text     the client must send it
///   B: text     the client must send these octets, in which \r, \n and \0 are escaped
///   N: count    the client must send so many octets
///   W: seconds  the host waits
///   TLS         the host shakes hands
///   NOTLS       the host answers the handshake with nonsense
///   CLOSE       the host closes; at the end of a script it closes once the client has said QUIT or gone
///   HANG        the host says no more and waits for the client to go
///   TLSREFUSED  the host shakes hands, but the client does not take its certificate
inline net::Task<void> play(net::Clock& clock, std::unique_ptr<net::Transport> transport, std::string script,
                            std::string name) {
  net::Stream stream{std::move(transport), 24h};
  std::istringstream steps{script};
  for (std::string step; std::getline(steps, step);) {
    if (step.empty()) continue;
    if (step == "CLOSE") {
      static_cast<void>(co_await stream.flush());
      co_return;
    }
    if (step == "HANG") {
      auto octets = co_await stream.read_some(1'000'000);
      while (octets) octets = co_await stream.read_some(1'000'000);
      co_return;
    }
    if (step == "TLS") {
      auto secured = co_await stream.accept_tls(certificate().server());
      if (!secured) {
        ADD_FAILURE() << name << ": no handshake";
        co_return;
      }
      continue;
    }
    if (step == "TLSREFUSED") {
      auto secured = co_await stream.accept_tls(certificate().server());
      auto line = co_await stream.read_line(1000);
      EXPECT_FALSE(secured && line) << name << ": the client has taken the certificate";
      co_return;
    }
    if (step == "NOTLS") {
      stream.write("this is no handshake, whatever you say\r\n");
      static_cast<void>(co_await stream.flush());
      continue;
    }
    const auto text = step.substr(3);
    if (step.starts_with("S: ")) {
      stream.write(text + "\r\n");
      continue;
    }
    if (step.starts_with("L: ")) {
      stream.write(text + "\n");
      continue;
    }
    if (step.starts_with("C: ")) {
      auto line = co_await stream.read_line(100'000);
      const auto said = line ? std::string{*line} : "(" + std::string{net::name_of(line.error())} + ")";
      EXPECT_EQ(said, text) << name;
      if (said != text) co_return;
      continue;
    }
    if (step.starts_with("W: ")) {
      static_cast<void>(co_await stream.flush());
      co_await clock.sleep(std::chrono::seconds{std::stoi(text)});
      continue;
    }
    if (step.starts_with("N: ")) {
      std::string octets;
      auto read = co_await stream.read_exactly(std::stoul(text), octets);
      EXPECT_TRUE(read) << name << ": only " << octets.size() << " octets";
      if (!read) co_return;
      continue;
    }
    std::string expected;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const bool escape = text[i] == '\\' && i + 1 < text.size();
      if (!escape) {
        expected += text[i];
        continue;
      }
      const char code = text[++i];
      expected += code == 'r' ? '\r' : code == 'n' ? '\n' : '\0';
    }
    std::string octets;
    static_cast<void>(co_await stream.read_exactly(expected.size(), octets));
    EXPECT_EQ(octets, expected) << name;
    if (octets != expected) co_return;
  }
  auto line = co_await stream.read_line(1000);
  if (!line) co_return;
  EXPECT_EQ(*line, "QUIT") << name;
  stream.write("221 Goodbye\r\n");
  static_cast<void>(co_await stream.flush());
}

/// A world with hosts, and the relay.
class Scene {
 public:
  explicit Scene(Options options = {.hostname = "relay.test"}, std::uint64_t seed = 1)
      : sim(seed),
        network(sim.network(), sim.loop()),
        world{sim.loop(), sim.loop(), sim.random(), network, sim.world().io, sim.world().hashing},
        resolver(world),
        log(sink, "smtpd", log::Format::text, log::Level::debug, [this] { return sim.loop().wall(); }),
        relay(world, resolver, std::move(options), log) {}

  /// The next connection to `endpoint` meets this script, the one after it the next that is given.
  void host(const net::Endpoint& endpoint, std::string script) {
    auto& host = hosts_[net::to_string(endpoint)];
    if (!host.listener) {
      host.listener = sim.network().listen(endpoint);
      listening_.spawn(listen(host, net::to_string(endpoint)));
    }
    host.scripts.push_back(std::move(script));
  }
  /// Nobody listens there any more.
  void close(const net::Endpoint& endpoint) { hosts_[net::to_string(endpoint)].listener->close(); }

  /// Runs `main`, then stops the relay and sees all end.
  void run(net::Task<void> main) { ASSERT_TRUE(sim.run(whole(std::move(main)))) << "deadlock"; }

  [[nodiscard]] int connects(const std::string& endpoint) { return network.connects[endpoint]; }

  net::SimWorld sim;
  HoleyNetwork network;
  net::World world;
  dns::SimResolver resolver;
  log::MemorySink sink;
  log::Log log;
  Relay relay;

 private:
  struct Host {
    std::unique_ptr<net::Listener> listener;
    std::vector<std::string> scripts;
    std::size_t next = 0;
  };

  net::Task<void> listen(Host& host, std::string name) {
    for (;;) {
      auto transport = co_await host.listener->accept();
      if (!transport) co_return;
      if (host.next == host.scripts.size()) {
        ADD_FAILURE() << name << " has no script for connection " << host.next + 1;
        continue;
      }
      const auto script = host.scripts[host.next++];
      sessions_.spawn(play(sim.loop(), std::move(transport), script, name + " #" + std::to_string(host.next)));
    }
  }

  net::Task<void> whole(net::Task<void> main) {
    co_await std::move(main);
    relay.stop();
    co_await relay.run();
    for (auto& [name, host] : hosts_) {
      EXPECT_EQ(host.next, host.scripts.size()) << name << " met fewer connections than it has scripts";
      host.listener->close();
    }
    co_await listening_.drained();
    co_await sessions_.drained();
  }

  std::map<std::string, Host> hosts_;
  net::TaskScope listening_;
  net::TaskScope sessions_;
};

/// A message of `text`, from alice@sender.test.
inline Message message_of(std::string text) {
  auto owner = std::make_shared<const std::string>(std::move(text));
  Message message;
  message.trace_id = "0123456789abcdef";
  message.reverse_path = smtp::Mailbox{"alice", "sender.test"};
  message.content.pieces = {std::string_view{*owner}.substr(0, owner->size() / 2),
                            std::string_view{*owner}.substr(owner->size() / 2)};
  message.content.owner = owner;
  return message;
}

/// Recipients a@rcpt.test, b@rcpt.test and so on, with indexes from 10 on.
inline std::vector<Recipient> recipients_of(std::size_t count) {
  std::vector<Recipient> recipients;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string local_part =
        count <= 26 ? std::string(1, static_cast<char>('a' + i)) : "u" + std::to_string(i);
    recipients.push_back({static_cast<std::uint32_t>(10 + i), {local_part, "rcpt.test"}});
  }
  return recipients;
}

/// "10 relayed 250 2.0.0 Ok | mx1.rcpt.test 192.0.2.1 TLSv1.3 dsn": what we say ourselves is without its text.
inline std::string in_words(const Outcome& outcome) {
  std::ostringstream words;
  words << outcome.index << " " << name_of(outcome.result) << " " << outcome.reply.code;
  if (outcome.reply.enhanced_code) words << " " << smtp::to_string(*outcome.reply.enhanced_code);
  if (!outcome.host.empty()) {
    for (const auto& line : outcome.reply.lines) words << " " << line;
  }
  words << " |";
  if (!outcome.host.empty()) words << " " << outcome.host;
  if (!outcome.address.empty()) words << " " << outcome.address;
  if (!outcome.tls.empty()) words << " " << outcome.tls;
  if (outcome.dsn_passed_on) words << " dsn";
  return words.str();
}

inline std::vector<std::string> in_words(std::vector<Outcome> outcomes) {
  std::ranges::sort(outcomes, {}, &Outcome::index);
  std::vector<std::string> words;
  for (const auto& outcome : outcomes) words.push_back(in_words(outcome));
  return words;
}

inline net::Task<void> deliver(Relay& relay, Destination destination, Message message,
                               std::vector<Recipient> recipients, std::vector<Outcome>& outcomes) {
  auto made = co_await relay.deliver(std::move(destination), std::move(message), std::move(recipients));
  outcomes = std::move(made);
}

}  // namespace posthaste::relay
