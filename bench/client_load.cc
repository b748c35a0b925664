// posthaste-client-load: what mail clients do, as fast as it goes: logins, APPENDs, connections that stay in IDLE,
// and downloads by POP3. Tells the rate as JSON.
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
#include "common/net/tls.h"
#include "common/net/uv_loop.h"
#include "common/net/uv_network.h"

namespace posthaste::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Done = std::expected<void, std::string>;
using Session = std::unique_ptr<net::Stream>;

constexpr std::chrono::milliseconds kTimeout{60'000};
constexpr std::chrono::hours kHeldFor{24};
constexpr std::size_t kLineMaxOctets = 65'536;
constexpr std::size_t kReadMaxOctets = 1'048'576;
constexpr std::string_view kMultiLineEnd = "\r\n.\r\n";  // RFC 1939 §3
constexpr std::string_view kTextLine =
    "The quick brown fox jumps over the lazy dog, then does it all over again.\r\n";

struct Settings {
  std::string address = "127.0.0.1";
  std::uint16_t port = 143;
  bool tls = false;
  bool pipelining = false;
  std::size_t sessions = 10;
  std::size_t count = 1'000;  // logins, messages or connections
  std::size_t octets = 1'024;
  std::string user;  // empty: each session has its own, user0@ ...
  std::string password;
  std::string domain = "example.org";
};

/// What all sessions share.
struct Run {
  const Settings& settings;
  net::UvLoop& loop;
  net::UvNetwork& network;
  net::TlsClient tls;
  std::size_t next = 0;
  std::size_t done = 0;
  std::size_t octets = 0;
  std::vector<std::string> failures;
  std::vector<Session> held;
};

std::string user_of(const Settings& settings, std::size_t session) {
  const std::string name = settings.user.empty() ? "user" + std::to_string(session) : settings.user;
  return name + "@" + settings.domain;
}

std::string login_command(const Settings& settings, std::size_t session) {
  return "LOGIN \"" + user_of(settings, session) + "\" \"" + settings.password + "\"";
}

/// Connected, with the greeting read.
net::Task<std::expected<Session, std::string>> connect(Run& run) {
  const net::Endpoint server{run.settings.address, run.settings.port};
  auto transport = co_await run.network.connect(server, kTimeout);
  if (!transport) co_return std::unexpected("connect: " + std::string{net::name_of(transport.error())});
  auto session = std::make_unique<net::Stream>(std::move(*transport), kTimeout);
  if (run.settings.tls) {
    auto shaken = co_await session->connect_tls(run.tls, "mail." + run.settings.domain);
    if (!shaken) co_return std::unexpected("handshake: " + std::string{net::name_of(shaken.error())});
  }
  auto greeting = co_await session->read_line(kLineMaxOctets);
  if (!greeting) co_return std::unexpected("greeting: " + std::string{net::name_of(greeting.error())});
  co_return std::move(session);
}

/// Reads lines up to one that begins with `end`, which may be told to begin with `good`.
net::Task<Done> read_until(net::Stream& stream, std::string_view end, std::string_view good) {
  for (;;) {
    auto line = co_await stream.read_line(kLineMaxOctets);
    if (!line) co_return std::unexpected(std::string{net::name_of(line.error())});
    if (!line->starts_with(end)) continue;
    if (!line->starts_with(good)) co_return std::unexpected(std::string{*line});
    co_return Done{};
  }
}

/// An IMAP command, up to its tagged OK.
net::Task<Done> imap_command(net::Stream& stream, std::string text) {
  stream.write("a " + text + "\r\n");
  co_return co_await read_until(stream, "a ", "a OK");
}

/// A POP3 command, up to its +OK.
net::Task<Done> pop3_command(net::Stream& stream, std::string text) {
  stream.write(text + "\r\n");
  co_return co_await read_until(stream, "", "+OK");
}

net::Task<Done> log_in_and_out(Run& run, std::size_t session) {
  auto stream = co_await connect(run);
  if (!stream) co_return std::unexpected(stream.error());
  auto in = co_await imap_command(**stream, login_command(run.settings, session));
  if (!in) co_return in;
  co_return co_await imap_command(**stream, "LOGOUT");
}

net::Task<Done> log_in_often(Run& run, std::size_t session) {
  while (run.next < run.settings.count) {
    ++run.next;
    auto ended = co_await log_in_and_out(run, session);
    if (!ended) co_return ended;
    ++run.done;
  }
  co_return Done{};
}

std::string message_of(std::size_t octets) {
  std::string message =
      "From: Load <load@example.org>\r\nSubject: A message\r\nDate: Thu, 01 Jan 2026 00:00:00 +0000\r\n\r\n";
  while (message.size() < octets) message += kTextLine;
  return message;
}

net::Task<Done> append(Run& run, std::size_t session) {
  auto stream = co_await connect(run);
  if (!stream) co_return std::unexpected(stream.error());
  auto in = co_await imap_command(**stream, login_command(run.settings, session));
  if (!in) co_return in;
  const std::string message = message_of(run.settings.octets);
  const std::string command = "APPEND INBOX {" + std::to_string(message.size()) + "+}\r\n" + message;
  while (run.next < run.settings.count) {
    ++run.next;
    auto appended = co_await imap_command(**stream, command);
    if (!appended) co_return appended;
    ++run.done;
  }
  co_return co_await imap_command(**stream, "LOGOUT");
}

net::Task<Done> begin_to_idle(Run& run, std::size_t session) {
  while (run.next < run.settings.count) {
    ++run.next;
    auto stream = co_await connect(run);
    if (!stream) co_return std::unexpected(stream.error());
    auto in = co_await imap_command(**stream, login_command(run.settings, session));
    if (!in) co_return in;
    auto selected = co_await imap_command(**stream, "SELECT INBOX");
    if (!selected) co_return selected;
    (*stream)->write("a IDLE\r\n");
    auto idling = co_await read_until(**stream, "+", "+");
    if (!idling) co_return idling;
    run.held.push_back(std::move(*stream));
    ++run.done;
  }
  co_return Done{};
}

/// Reads a multi-line response (RFC 1939 §3), of which nothing was read yet and after which nothing comes.
net::Task<std::expected<std::size_t, std::string>> read_multi_line(net::Stream& stream) {
  std::size_t octets = 0;
  std::string tail;
  while (tail != kMultiLineEnd) {
    auto some = co_await stream.read_some(kReadMaxOctets);
    if (!some) co_return std::unexpected(std::string{net::name_of(some.error())});
    if (octets == 0 && some->front() != '+') co_return std::unexpected(std::string{*some});
    octets += some->size();
    tail += some->substr(some->size() - std::min(some->size(), kMultiLineEnd.size()));
    tail.erase(0, tail.size() - std::min(tail.size(), kMultiLineEnd.size()));
  }
  co_return octets;
}

net::Task<Done> retrieve_one_by_one(Run& run, net::Stream& stream) {
  while (run.done < run.settings.count) {
    stream.write("RETR " + std::to_string(run.done + 1) + "\r\n");
    auto octets = co_await read_multi_line(stream);
    if (!octets) co_return std::unexpected(octets.error());
    run.octets += *octets;
    ++run.done;
  }
  co_return co_await pop3_command(stream, "QUIT");
}

/// All at once (RFC 2449 §6.6); the server's end of the connection is the end.
net::Task<Done> retrieve_pipelined(Run& run, net::Stream& stream) {
  for (std::size_t i = 1; i <= run.settings.count; ++i) stream.write("RETR " + std::to_string(i) + "\r\n");
  stream.write("QUIT\r\n");
  for (;;) {
    auto some = co_await stream.read_some(kReadMaxOctets);
    if (!some && some.error() == net::StreamError::closed) break;
    if (!some) co_return std::unexpected(std::string{net::name_of(some.error())});
    run.octets += some->size();
  }
  run.done = run.settings.count;
  co_return Done{};
}

net::Task<Done> download(Run& run, std::size_t session) {
  auto stream = co_await connect(run);
  if (!stream) co_return std::unexpected(stream.error());
  auto user = co_await pop3_command(**stream, "USER " + user_of(run.settings, session));
  if (!user) co_return user;
  auto pass = co_await pop3_command(**stream, "PASS " + run.settings.password);
  if (!pass) co_return pass;
  if (run.settings.pipelining) co_return co_await retrieve_pipelined(run, **stream);
  co_return co_await retrieve_one_by_one(run, **stream);
}

using Work = net::Task<Done> (*)(Run&, std::size_t session);

net::Task<void> note_failure(Run& run, net::Task<Done> work) {
  auto ended = co_await std::move(work);
  if (!ended) run.failures.push_back(ended.error());
}

net::Task<void> run_all(Run& run, Work work) {
  net::TaskScope scope;
  for (std::size_t i = 0; i < run.settings.sessions; ++i) scope.spawn(note_failure(run, work(run, i)));
  co_await scope.drained();
}

int report(const Run& run, double seconds) {
  const nlohmann::json result{{"done", run.done},
                              {"octets", run.octets},
                              {"seconds", seconds},
                              {"rate", static_cast<double>(run.done) / seconds},
                              {"failures", run.failures}};
  std::cout << result.dump() << std::endl;
  return run.failures.empty() ? 0 : 1;
}

net::Task<void> hold(net::UvLoop& loop) { co_await loop.sleep(kHeldFor); }

}  // namespace
}  // namespace posthaste::bench

int main(int argc, char** argv) {
  namespace bench = posthaste::bench;
  namespace net = posthaste::net;
  bench::Settings settings;
  CLI::App app{"Does what mail clients do, as fast as it goes, and tells the rate as JSON."};
  app.add_option("--address", settings.address)->capture_default_str();
  app.add_option("--port", settings.port)->capture_default_str();
  app.add_flag("--tls", settings.tls, "from the first octet; a full handshake each time");
  app.add_option("--sessions", settings.sessions, "at once")->capture_default_str();
  app.add_option("--count", settings.count, "logins, messages or connections in all")->capture_default_str();
  app.add_option("--user", settings.user, "the one user of all sessions; otherwise user0@, user1@ ...");
  app.add_option("--password", settings.password);
  app.add_option("--domain", settings.domain)->capture_default_str();
  app.require_subcommand(1);
  app.fallthrough();
  auto* login = app.add_subcommand("login", "IMAP: connect, LOGIN, LOGOUT");
  auto* append = app.add_subcommand("append", "IMAP: messages into INBOX");
  append->add_option("--octets", settings.octets, "of a message")->capture_default_str();
  auto* idle =
      app.add_subcommand("idle", "IMAP: connections that select INBOX and stay in IDLE until this is killed");
  auto* pop3 = app.add_subcommand("pop3", "POP3: messages 1 to --count, by one session");
  pop3->add_flag("--pipelining", settings.pipelining, "all RETR in one packet");
  CLI11_PARSE(app, argc, argv);
  if (pop3->parsed()) settings.sessions = 1;

  net::UvLoop loop;
  net::UvNetwork network{loop};
  bench::Run run{settings, loop, network, {}, 0, 0, 0, {}, {}};
  const bench::Work work = login->parsed()    ? bench::log_in_often
                           : append->parsed() ? bench::append
                           : idle->parsed()   ? bench::begin_to_idle
                                              : bench::download;
  const auto start = bench::Clock::now();
  loop.run(bench::run_all(run, work));
  const int status = bench::report(run, std::chrono::duration<double>(bench::Clock::now() - start).count());
  if (idle->parsed() && status == 0) loop.run(bench::hold(loop));
  return status;
}
