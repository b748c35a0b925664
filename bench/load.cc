// posthaste-load: sends messages by SMTP or LMTP over many sessions at once, and tells rate and latency as JSON.
//
// Every message is different (its number stands in Subject and Message-ID); the rest is text of 76-octet lines.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/net/scope.h"
#include "common/net/stream.h"
#include "common/net/uv_loop.h"
#include "common/net/uv_network.h"
#include "common/smtp/reply.h"

namespace posthaste::bench {
namespace {

using Clock = std::chrono::steady_clock;

struct Settings {
  std::string address = "127.0.0.1";  // or the path of a Unix socket
  std::uint16_t port = 25;
  bool lmtp = false;
  bool pipelining = false;
  std::size_t sessions = 10;
  std::size_t messages = 10'000;
  std::size_t messages_per_session = 1'000;
  std::size_t octets = 10'240;
  std::size_t users = 100;
  std::string domain = "example.org";
  std::string user_prefix = "user";
};

/// What all sessions share: the messages that are left, and what became of the others.
struct Run {
  const Settings& settings;
  std::string body;
  std::size_t next = 0;
  std::size_t accepted = 0;
  std::vector<std::string> failures;
  std::vector<double> latencies_ms;  // from MAIL to the final reply
};

std::string body_of(std::size_t octets) {
  static constexpr std::string_view kLine =
      "The quick brown fox jumps over the lazy dog, then does it all over again.\r\n";
  std::string body;
  while (body.size() < octets) body += kLine;
  return body;
}

/// One whole reply; its code is what counts.
net::Task<std::expected<smtp::Reply, std::string>> read_reply(net::Stream& stream) {
  std::vector<smtp::ReplyLine> lines;
  for (;;) {
    auto line = co_await stream.read_line(smtp::kReplyLineMaxOctets);
    if (!line) co_return std::unexpected(std::string{net::name_of(line.error())});
    auto parsed = smtp::parse_reply_line(*line);
    if (!parsed) co_return std::unexpected("not a reply: " + std::string{*line});
    lines.push_back(std::move(*parsed));
    if (!lines.back().last) continue;
    auto reply = smtp::join_reply(lines);
    if (!reply) co_return std::unexpected("not a reply");
    co_return std::move(*reply);
  }
}

net::Task<std::expected<void, std::string>> expect(net::Stream& stream, int code) {
  auto reply = co_await read_reply(stream);
  if (!reply) co_return std::unexpected(reply.error());
  if (reply->code != code) co_return std::unexpected(std::to_string(reply->code) + " " + reply->lines.front());
  co_return std::expected<void, std::string>{};
}

net::Task<std::expected<void, std::string>> send_message(net::Stream& stream, Run& run, std::size_t index) {
  const Settings& settings = run.settings;
  const std::string number = std::to_string(index);
  const std::string recipient =
      settings.user_prefix + std::to_string(index % settings.users) + "@" + settings.domain;
  const std::string commands[] = {"MAIL FROM:<load@" + settings.domain + ">\r\n", "RCPT TO:<" + recipient + ">\r\n",
                                  "DATA\r\n"};
  const int codes[] = {250, 250, 354};
  if (settings.pipelining) {
    for (const auto& command : commands) stream.write(command);
  }
  for (std::size_t i = 0; i < std::size(commands); ++i) {
    if (!settings.pipelining) stream.write(commands[i]);
    auto answer = co_await expect(stream, codes[i]);
    if (!answer) co_return answer;
  }
  stream.write("From: Load <load@" + settings.domain + ">\r\nTo: <" + recipient + ">\r\nSubject: Message " +
               number + "\r\nMessage-ID: <" + number + ".load@" + settings.domain +
               ">\r\nDate: Thu, 01 Jan 2026 00:00:00 +0000\r\n\r\n");
  stream.write(run.body);
  stream.write(".\r\n");
  co_return co_await expect(stream, 250);
}

net::Task<std::expected<void, std::string>> converse(net::Network& network, Run& run) {
  const Settings& settings = run.settings;
  constexpr std::chrono::milliseconds kTimeout{60'000};
  const net::Endpoint server{settings.address, settings.port};
  auto transport = co_await network.connect(server, kTimeout);
  if (!transport) co_return std::unexpected("connect: " + std::string{net::name_of(transport.error())});
  net::Stream stream{std::move(*transport), kTimeout};
  auto greeting = co_await expect(stream, 220);
  if (!greeting) co_return greeting;
  stream.write(settings.lmtp ? "LHLO load.example.org\r\n" : "EHLO load.example.org\r\n");
  auto hello = co_await expect(stream, 250);
  if (!hello) co_return hello;
  for (std::size_t i = 0; i < settings.messages_per_session && run.next < settings.messages; ++i) {
    const std::size_t index = run.next++;
    const auto start = Clock::now();
    auto sent = co_await send_message(stream, run, index);
    if (!sent) co_return sent;
    ++run.accepted;
    run.latencies_ms.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
  }
  stream.write("QUIT\r\n");
  auto goodbye = co_await expect(stream, 221);
  co_return goodbye;
}

net::Task<void> keep_sending(net::Network& network, Run& run) {
  constexpr std::size_t kFailuresMax = 20;
  while (run.next < run.settings.messages && run.failures.size() < kFailuresMax) {
    auto ended = co_await converse(network, run);
    if (!ended) run.failures.push_back(ended.error());
  }
}

net::Task<void> send_all(net::Network& network, Run& run) {
  net::TaskScope scope;
  for (std::size_t i = 0; i < run.settings.sessions; ++i) scope.spawn(keep_sending(network, run));
  co_await scope.drained();
}

double percentile(const std::vector<double>& sorted, double part) {
  if (sorted.empty()) return 0;
  return sorted[static_cast<std::size_t>(part * static_cast<double>(sorted.size() - 1))];
}

int report(Run& run, double seconds) {
  std::ranges::sort(run.latencies_ms);
  const nlohmann::json result{{"accepted", run.accepted},
                              {"seconds", seconds},
                              {"rate", static_cast<double>(run.accepted) / seconds},
                              {"p50_ms", percentile(run.latencies_ms, 0.50)},
                              {"p99_ms", percentile(run.latencies_ms, 0.99)},
                              {"failures", run.failures}};
  std::cout << result.dump() << "\n";
  return run.accepted == run.settings.messages ? 0 : 1;
}

}  // namespace
}  // namespace posthaste::bench

int main(int argc, char** argv) {
  namespace bench = posthaste::bench;
  namespace net = posthaste::net;
  bench::Settings settings;
  CLI::App app{"Sends messages by SMTP or LMTP and tells rate and latency as JSON."};
  app.add_option("--address", settings.address, "IP address, or path of a Unix socket")->capture_default_str();
  app.add_option("--port", settings.port)->capture_default_str();
  app.add_flag("--lmtp", settings.lmtp, "LMTP instead of SMTP");
  app.add_flag("--pipelining", settings.pipelining, "MAIL, RCPT and DATA in one packet (RFC 2920)");
  app.add_option("--sessions", settings.sessions, "at once")->capture_default_str();
  app.add_option("--messages", settings.messages, "in all")->capture_default_str();
  app.add_option("--per-session", settings.messages_per_session, "messages a session")->capture_default_str();
  app.add_option("--octets", settings.octets, "of the body")->capture_default_str();
  app.add_option("--users", settings.users, "recipients user0@, user1@ ... in turn")->capture_default_str();
  app.add_option("--domain", settings.domain)->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  bench::Run run{settings, bench::body_of(settings.octets), 0, 0, {}, {}};
  net::UvLoop loop;
  net::UvNetwork network{loop};
  const auto start = bench::Clock::now();
  loop.run(bench::send_all(network, run));
  return bench::report(run, std::chrono::duration<double>(bench::Clock::now() - start).count());
}
