// Streams over real sockets, and over the simulated network in every split.
#include "common/net/stream.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>

#include "common/net/scope.h"
#include "common/net/sim_world.h"
#include "common/net/system_random.h"
#include "common/net/thread_pool.h"
#include "common/net/uv_loop.h"
#include "common/net/uv_network.h"

namespace posthaste::net {
namespace {

using namespace std::chrono_literals;
using Line = std::expected<std::string, StreamError>;

using Reader = ValueOrTask<std::expected<std::string_view, StreamError>> (Stream::*)(std::size_t max_octets);

Task<void> read_lines(std::unique_ptr<Transport> transport, Reader reader, std::size_t max_octets,
                      std::vector<Line>& lines) {
  Stream stream{std::move(transport), 1s};
  for (;;) {
    auto line = co_await (stream.*reader)(max_octets);
    if (!line) {
      lines.emplace_back(std::unexpected(line.error()));
      co_return;
    }
    lines.emplace_back(std::string{*line});
  }
}

Task<void> accept_lines(Listener& listener, Reader reader, std::size_t max_octets, std::vector<Line>& lines) {
  auto transport = co_await listener.accept();
  co_await read_lines(std::move(transport), reader, max_octets, lines);
}

Task<void> send_and_close(Network& network, Endpoint endpoint, std::string octets) {
  auto transport = co_await network.connect(endpoint, 1s);
  if (!transport) co_return;
  Stream stream{std::move(*transport), 1s};
  stream.write(octets);
  co_await stream.flush();
}

Task<void> both(SimWorld& sim, Reader reader, std::string octets, std::size_t max_octets,
                std::vector<Line>& lines) {
  const Endpoint endpoint{"192.0.2.25", 25};
  const auto listener = sim.network().listen(endpoint);
  TaskScope scope;
  scope.spawn(accept_lines(*listener, reader, max_octets, lines));
  co_await send_and_close(sim.network(), endpoint, octets);
  co_await scope.drained();
}

using Transports = std::vector<std::unique_ptr<Transport>>;

Task<void> press(Network& network, Endpoint endpoint, std::string_view octets, Transports& clients) {
  auto transport = co_await network.connect(endpoint, 1s);
  if (!transport) co_return;
  clients.push_back(std::move(*transport));
  Transport& client = *clients.back();
  co_await client.send(octets, 2s);  // nobody takes all of it
}

Task<void> crowd(UvLoop& loop, std::size_t connections, std::size_t octets_each, std::size_t& unused_max,
                 std::size_t& unused_at_last) {
  const Endpoint endpoint{"127.0.0.1", 0};
  const auto socket = ListeningSocket::bind(endpoint);
  UvListener listener{loop, *socket};
  UvNetwork network{loop};
  const std::string octets(octets_each, 'x');
  {
    Transports clients;
    Transports servers;
    TaskScope pressing;
    for (std::size_t i = 0; i < connections; ++i) {
      pressing.spawn(press(network, socket->endpoint(), octets, clients));
      auto server = co_await listener.accept();
      servers.push_back(std::move(server));
    }
    co_await pressing.drained();
    unused_max = loop.unused_octets();
    // Who asks for more has used what came, and gets all in the end.
    std::string input;
    while (input.size() < octets_each) {
      auto ready = co_await servers.front()->wait(1s);
      if (!ready) break;
      auto received = servers.front()->receive(input);
      if (!received) break;
    }
    EXPECT_GE(input.size(), std::size_t{64} << 10);
  }
  unused_at_last = loop.unused_octets();
  listener.close();
}

TEST(ReadAhead, OfAllConnectionsIsBounded) {
  constexpr std::size_t kConnections = 400;
  UvLoop loop;
  std::size_t unused_max = 0;
  std::size_t unused_at_last = 1;
  loop.run(crowd(loop, kConnections, 400'000, unused_max, unused_at_last));
  EXPECT_GT(unused_max, kReadAheadOfLoopMaxOctets / 2);
  EXPECT_LE(unused_max, kReadAheadOfLoopMaxOctets + kConnections * 4'096 + 65'536);
  EXPECT_EQ(unused_at_last, 0U);
}

struct LineCase {
  const char* name;
  std::string octets;
  std::vector<Line> lines;
};

const LineCase kLineCases[] = {
    {"LinesComeWithoutCrlf", "EHLO a\r\nNOOP\r\n", {"EHLO a", "NOOP", std::unexpected(StreamError::closed)}},
    {"EmptyLine", "\r\n", {"", std::unexpected(StreamError::closed)}},
    {"NulIsAnOctet", std::string("a\0b\r\n", 5), {std::string("a\0b", 3), std::unexpected(StreamError::closed)}},
    {"HalfALineIsNoLine", "NOO", {std::unexpected(StreamError::closed)}},
    {"CrAtTheEndIsNoLine", "NOOP\r", {std::unexpected(StreamError::closed)}},
    {"BareLf", "NOOP\nQUIT\r\n", {std::unexpected(StreamError::bare_line_ending)}},
    {"BareCr", "NO\rOP\r\n", {std::unexpected(StreamError::bare_line_ending)}},
    {"CrCrLf", "NOOP\r\r\n", {std::unexpected(StreamError::bare_line_ending)}},
    {"SixteenOctetsFit", "12345678901234\r\n", {"12345678901234", std::unexpected(StreamError::closed)}},
    {"SeventeenAreTooLong", "123456789012345\r\n", {std::unexpected(StreamError::too_long)}},
    {"TooLongWithoutAnEnd", "1234567890123456789", {std::unexpected(StreamError::too_long)}},
};

const LineCase kLooseCases[] = {
    {"CrlfAndLfEndALine", "250 a\r\n250 b\n", {"250 a", "250 b", std::unexpected(StreamError::closed)}},
    {"EmptyLines", "\n\r\n", {"", "", std::unexpected(StreamError::closed)}},
    {"BareCrIsAnOctet", "a\rb\n", {"a\rb", std::unexpected(StreamError::closed)}},
    {"CrCrLfKeepsOne", "a\r\r\n", {"a\r", std::unexpected(StreamError::closed)}},
    {"HalfALineIsNoLine", "250 a\r", {std::unexpected(StreamError::closed)}},
    {"SixteenOctetsFit", "12345678901234\r\n", {"12345678901234", std::unexpected(StreamError::closed)}},
    {"SeventeenAreTooLong", "1234567890123456\n", {std::unexpected(StreamError::too_long)}},
    {"TooLongWithoutAnEnd", "1234567890123456789", {std::unexpected(StreamError::too_long)}},
};

void expect_lines(Reader reader, std::span<const LineCase> cases) {
  for (const auto& test : cases) {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
      SimWorld sim{seed};
      std::vector<Line> lines;
      ASSERT_TRUE(sim.run(both(sim, reader, test.octets, 16, lines))) << test.name;
      EXPECT_EQ(lines, test.lines) << test.name << " seed " << seed;
    }
  }
}

TEST(ReadLine, SaysTheSameInEverySplit) { expect_lines(&Stream::read_line, kLineCases); }
TEST(ReadLooseLine, SaysTheSameInEverySplit) { expect_lines(&Stream::read_loose_line, kLooseCases); }

/// A directory of its own with a certificate in it.
class TlsFiles {
 public:
  TlsFiles() {
    auto pattern = (std::filesystem::temp_directory_path() / "posthaste-net-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
    const auto pair =
        make_self_signed("mail.example.org", WallTime{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}});
    std::ofstream{certificate()} << pair.certificate_pem;
    std::ofstream{key()} << pair.key_pem;
  }
  ~TlsFiles() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string certificate() const { return path_ / "cert.pem"; }
  [[nodiscard]] std::string key() const { return path_ / "key.pem"; }
  [[nodiscard]] std::string path(const char* name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

Task<void> echo_one(std::unique_ptr<Transport> transport, const TlsServer* tls) {
  Stream stream{std::move(transport), 5s};
  if (tls != nullptr) {
    auto secured = co_await stream.accept_tls(*tls);
    if (!secured) co_return;
  }
  for (;;) {
    auto line = co_await stream.read_line(10'000'000);
    if (!line) co_return;
    stream.write(std::string{*line} + "\r\n");
  }
}

Task<void> serve_echo(Listener& listener, const TlsServer* tls, TaskScope& sessions) {
  for (;;) {
    auto transport = co_await listener.accept();
    if (!transport) co_return;
    sessions.spawn(echo_one(std::move(transport), tls));
  }
}

Task<void> converse(Network& network, Endpoint endpoint, const TlsClient* tls, std::vector<std::string> lines,
                    std::vector<std::string>& answers) {
  auto transport = co_await network.connect(endpoint, 5s);
  if (!transport) co_return;
  Stream stream{std::move(*transport), 5s};
  if (tls != nullptr) {
    auto secured = co_await stream.connect_tls(*tls, "mail.example.org");
    if (!secured) co_return;
  }
  for (const auto& line : lines) stream.write(line + "\r\n");
  for (std::size_t i = 0; i < lines.size(); ++i) {
    auto answer = co_await stream.read_line(10'000'000);
    if (!answer) co_return;
    answers.emplace_back(*answer);
  }
}

Task<void> echo_conversation(UvLoop& loop, Network& network, Endpoint endpoint, const TlsServer* server,
                             const TlsClient* client, std::vector<std::string> lines,
                             std::vector<std::string>& answers) {
  const auto socket = ListeningSocket::bind(endpoint);
  if (!socket) co_return;
  UvListener listener{loop, *socket};
  TaskScope scope;
  scope.spawn(serve_echo(listener, server, scope));
  co_await converse(network, socket->endpoint(), client, lines, answers);
  listener.close();
  co_await scope.drained();
}

void expect_echo(const Endpoint& endpoint, bool tls) {
  const TlsFiles files;
  const auto server = TlsServer::load(files.certificate(), files.key());
  ASSERT_TRUE(server) << server.error();
  const TlsClient client;
  // The second line is larger than any socket buffer.
  const std::vector<std::string> lines{"a", std::string(8'000'000, 'x'), "", "z"};
  std::vector<std::string> answers;
  UvLoop loop;
  UvNetwork network{loop};
  loop.run(echo_conversation(loop, network, endpoint, tls ? &*server : nullptr, tls ? &client : nullptr, lines,
                             answers));
  EXPECT_EQ(answers, lines);
}

TEST(Sockets, TcpCarriesLinesBothWays) { expect_echo({"127.0.0.1", 0}, false); }
TEST(Sockets, TlsCarriesLinesBothWays) { expect_echo({"127.0.0.1", 0}, true); }
TEST(Sockets, AUnixSocketCarriesLinesBothWays) {
  const TlsFiles files;
  expect_echo({files.path("echo.sock"), 0}, false);
}

Task<void> see_timeout(UvLoop& loop, Network& network, std::optional<StreamError>& error, Instant& waited) {
  const auto socket = ListeningSocket::bind({"127.0.0.1", 0});
  UvListener listener{loop, *socket};
  auto transport = co_await network.connect(socket->endpoint(), 1s);
  auto other = co_await listener.accept();
  Stream stream{std::move(*transport), 50ms};
  const auto start = loop.now();
  auto line = co_await stream.read_line(100);
  if (!line) error = line.error();
  waited = Instant{loop.now() - start};
}

TEST(Sockets, ASilentPeerTimesOut) {
  UvLoop loop;
  UvNetwork network{loop};
  std::optional<StreamError> error;
  Instant waited;
  loop.run(see_timeout(loop, network, error, waited));
  EXPECT_EQ(error, StreamError::timed_out);
  EXPECT_GE(waited.time_since_epoch(), 49ms);
}

Task<void> see_refusal(Network& network, std::optional<ConnectError>& error) {
  Endpoint closed;
  {
    const auto socket = ListeningSocket::bind({"127.0.0.1", 0});
    closed = socket->endpoint();
  }
  auto transport = co_await network.connect(closed, 1s);
  if (!transport) error = transport.error();
}

TEST(Sockets, NobodyListeningIsARefusal) {
  UvLoop loop;
  UvNetwork network{loop};
  std::optional<ConnectError> error;
  loop.run(see_refusal(network, error));
  EXPECT_EQ(error, ConnectError::refused);
}

Task<void> read_until_error(Stream& stream, std::optional<StreamError>& error) {
  auto line = co_await stream.read_line(100);
  if (!line) error = line.error();
}

Task<void> interrupt_reader(UvLoop& loop, Network& network, std::optional<StreamError>& error, Readiness& woken) {
  const auto socket = ListeningSocket::bind({"127.0.0.1", 0});
  UvListener listener{loop, *socket};
  auto transport = co_await network.connect(socket->endpoint(), 1s);
  auto other = co_await listener.accept();
  Stream stream{std::move(*transport), 10s};
  loop.post([&stream] { stream.wake(); });
  auto ready = co_await stream.wait();
  woken = ready.value();
  TaskScope scope;
  scope.spawn(read_until_error(stream, error));
  stream.interrupt();
  co_await scope.drained();
}

TEST(Sockets, WakeAndInterruptEndAWait) {
  UvLoop loop;
  UvNetwork network{loop};
  std::optional<StreamError> error;
  Readiness woken = Readiness::input;
  loop.run(interrupt_reader(loop, network, error, woken));
  EXPECT_EQ(woken, Readiness::woken);
  EXPECT_EQ(error, StreamError::interrupted);
}

Task<void> smuggle(UvLoop& loop, Network& network, const TlsServer& tls, std::optional<StreamError>& error) {
  const auto socket = ListeningSocket::bind({"127.0.0.1", 0});
  UvListener listener{loop, *socket};
  auto transport = co_await network.connect(socket->endpoint(), 1s);
  Stream client{std::move(*transport), 1s};
  client.write("STARTTLS\r\nMAIL FROM:<a@example.org>\r\n");
  co_await client.flush();
  auto accepted = co_await listener.accept();
  Stream server{std::move(accepted), 1s};
  auto line = co_await server.read_line(100);
  if (!line) co_return;
  auto secured = co_await server.accept_tls(tls);
  if (!secured) error = secured.error();
}

TEST(StartTls, InputThatWaitsAlreadyEndsTheSession) {
  const TlsFiles files;
  const auto tls = TlsServer::load(files.certificate(), files.key());
  UvLoop loop;
  UvNetwork network{loop};
  std::optional<StreamError> error;
  loop.run(smuggle(loop, network, *tls, error));
  EXPECT_EQ(error, StreamError::plaintext_after_tls);
}

Task<void> hash(Loop& loop, Executor& executor, int& result) {
  result = co_await executor.run(loop, [] { return 42; });
}

TEST(ThreadPool, BringsAResultBackToTheLoop) {
  UvLoop loop;
  ThreadPool pool{2};
  int result = 0;
  loop.run(hash(loop, pool, result));
  EXPECT_EQ(result, 42);
}

Task<void> fail_on_pool(Loop& loop, Executor& executor, std::string& heard) {
  try {
    const int result = co_await executor.run(loop, []() -> int { throw std::length_error("too long"); });
    heard = std::to_string(result);
  } catch (const std::length_error& failure) {
    heard = failure.what();
  }
}

TEST(ThreadPool, BringsAnExceptionBackToWhoAwaitsIt) {
  UvLoop loop;
  ThreadPool pool{2};
  std::string heard;
  loop.run(fail_on_pool(loop, pool, heard));
  EXPECT_EQ(heard, "too long");
  int result = 0;
  loop.run(hash(loop, pool, result));
  EXPECT_EQ(result, 42) << "the pool goes on";
}

Task<void> sum_on_pool(Loop& loop, Executor& executor, long& sum) {
  for (long i = 0; i < 2000; ++i) sum += co_await executor.run(loop, [i] { return i; });
}

TEST(ThreadPool, ManyLoopsShareIt) {
  ThreadPool pool{2};
  std::vector<long> sums(4);
  {
    std::vector<std::jthread> threads;
    for (auto& sum : sums) {
      threads.emplace_back([&pool, &sum] {
        UvLoop loop;
        loop.run(sum_on_pool(loop, pool, sum));
      });
    }
  }
  EXPECT_EQ(sums, std::vector<long>(4, 1999L * 1000));
}

std::vector<std::uint64_t> story(std::uint64_t seed) {
  SimWorld sim{seed, {.reset_probability = 0.01}};
  std::vector<Line> lines;
  std::string octets;
  for (int i = 0; i < 100; ++i) octets += "NOOP\r\n";
  EXPECT_TRUE(sim.run(both(sim, &Stream::read_line, octets, 100, lines)));
  return {lines.size(), static_cast<std::uint64_t>(sim.loop().now().time_since_epoch().count()),
          sim.random().next()};
}

TEST(SimWorld, TheSameSeedTellsTheSameStory) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) EXPECT_EQ(story(seed), story(seed));
  EXPECT_NE(story(1), story(2));
}

}  // namespace
}  // namespace posthaste::net
