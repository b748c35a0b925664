// The compressing transport: octets made by another DEFLATE, its own over the simulated network, and what it holds.
#include "common/net/deflate.h"

#include <gtest/gtest.h>

#include <fstream>

#include "../scratch_directory.h"
#include "common/net/scope.h"
#include "common/net/sim_world.h"
#include "common/net/stream.h"
#include "common/net/tls.h"

namespace posthaste::net {
namespace {

using namespace std::chrono_literals;

/// A carrier whose peer is the test.
class TestCarrier final : public Transport {
 public:
  std::expected<bool, StreamError> receive(std::string& input) override {
    if (arriving.empty() && closed) return std::unexpected(StreamError::closed);
    const bool something = !arriving.empty();
    input += std::exchange(arriving, {});
    return something;
  }
  Task<std::expected<Readiness, StreamError>> wait(std::chrono::milliseconds) override {
    ++waits;
    co_return std::unexpected(StreamError::timed_out);
  }
  ValueOrTask<std::expected<void, StreamError>> send(std::string_view octets, std::chrono::milliseconds) override {
    sent += octets;
    return std::expected<void, StreamError>{};
  }
  void wake() override {}
  void interrupt() override {}
  void close(std::string_view last_words) override { sent += last_words; }
  [[nodiscard]] const Endpoint& peer() const override { return endpoint; }
  [[nodiscard]] const Endpoint& local() const override { return endpoint; }
  [[nodiscard]] std::optional<std::uint32_t> peer_user() const override { return std::nullopt; }

  std::string arriving;
  std::string sent;
  bool closed = false;
  int waits = 0;
  Endpoint endpoint{"192.0.2.1", 1};
};

struct Compressor {
  Compressor() : owned(std::make_unique<TestCarrier>()), carrier(*owned), transport(std::move(owned)) {}

  /// All that can be read now.
  std::expected<std::string, StreamError> read() {
    std::string input;
    for (;;) {
      const auto received = transport.receive(input);
      if (!received) return std::unexpected(received.error());
      if (!*received) return input;
    }
  }
  void rest() {
    auto wait = [](Transport& waiting) -> Task<void> {
      auto ready = co_await waiting.wait(1s);
      EXPECT_FALSE(ready);
    };
    EXPECT_TRUE(sim.run(wait(transport)));
  }
  std::string send(std::string_view octets) {
    auto sending = [](Transport& sender, std::string text) -> Task<void> {
      auto sent = co_await sender.send(text, 1s);
      EXPECT_TRUE(sent);
    };
    EXPECT_TRUE(sim.run(sending(transport, std::string{octets})));
    return std::exchange(carrier.sent, {});
  }

  SimWorld sim{1};
  std::unique_ptr<TestCarrier> owned;
  TestCarrier& carrier;
  DeflateTransport transport;
};

/// "a NOOP" CRLF twice, each with a sync flush, by another DEFLATE; the second refers back to the first.
const std::string kFirst{"\x4a\x54\xf0\xf3\xf7\x0f\xe0\xe5\x02\x00\x00\x00\xff\xff", 14};
const std::string kSecond{"\x4a\x84\xd2\x00\x00\x00\x00\xff\xff", 9};

TEST(Deflate, ReadsWhatAnotherHasWritten) {
  Compressor compressor;
  compressor.carrier.arriving = kFirst;
  EXPECT_EQ(compressor.read(), "a NOOP\r\n");
  compressor.carrier.arriving = kSecond;
  EXPECT_EQ(compressor.read(), "a NOOP\r\n");
}

TEST(Deflate, ReadsItInEverySplit) {
  const std::string both = kFirst + kSecond;
  for (std::size_t split = 0; split <= both.size(); ++split) {
    Compressor compressor;
    compressor.carrier.arriving = both.substr(0, split);
    const auto one = compressor.read();
    compressor.rest();
    compressor.carrier.arriving = both.substr(split);
    const auto other = compressor.read();
    EXPECT_EQ(*one + *other, "a NOOP\r\na NOOP\r\n") << split;
  }
}

TEST(Deflate, ReadsWhatIsFlushedInTheMidstOfAnOctet) {  // Z_PARTIAL_FLUSH: nothing can be given back then
  Compressor compressor;
  compressor.carrier.arriving = std::string{"\x4a\x54\xf0\xf3\xf7\x0f\xe0\xe5\x02\x08", 10};
  EXPECT_EQ(compressor.read(), "a NOOP\r\n");
  compressor.rest();
  compressor.carrier.arriving = std::string{"\xa0\x24\x28\x0d\x10", 5};
  EXPECT_EQ(compressor.read(), "b NOOP\r\n");
}

TEST(Deflate, WhatIsSentCanBeReadAtOnce) {
  Compressor sender;
  Compressor reader;
  for (int i = 0; i < 50; ++i) {
    const std::string text =
        "* " + std::to_string(i) + " EXISTS\r\n" + std::string(static_cast<std::size_t>(i) * 5'000, 'x');
    reader.carrier.arriving = sender.send(text);
    EXPECT_EQ(reader.read(), text);
    if (i % 3 == 0) sender.rest();  // a new deflater goes on where the old one left off
    if (i % 4 == 0) reader.rest();
  }
}

TEST(Deflate, CompressesOctetsThatAreNoText) {
  Compressor sender;
  Compressor reader;
  std::string octets;
  std::uint32_t state = 1;
  for (int i = 0; i < 300'000; ++i) octets += static_cast<char>((state = state * 1'664'525 + 1'013'904'223) >> 24U);
  const std::string compressed = sender.send(octets);
  EXPECT_LT(compressed.size(), octets.size() + 1'000);
  reader.carrier.arriving = compressed;
  EXPECT_EQ(reader.read(), octets);
}

TEST(Deflate, HoldsLittleWhileItWaits) {
  Compressor compressor;
  EXPECT_LT(compressor.transport.held_octets(), 100U);
  compressor.carrier.arriving = kFirst;
  EXPECT_EQ(compressor.read(), "a NOOP\r\n");
  compressor.send("a OK done\r\n");
  EXPECT_LT(compressor.transport.held_octets(), 320'000U);
  compressor.rest();
  EXPECT_LT(compressor.transport.held_octets(), 100U);  // the line itself

  Compressor talkative;
  Compressor sender;
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += std::to_string(std::int64_t{i} * i);
  talkative.carrier.arriving = sender.send(text);
  EXPECT_EQ(talkative.read(), text);
  talkative.rest();
  EXPECT_LT(talkative.transport.held_octets(), 33'000U);
  sender.rest();
  talkative.carrier.arriving = sender.send(text);
  EXPECT_EQ(talkative.read(), text);
}

TEST(Deflate, GivesOutLittleAtATime) {
  Compressor sender;
  Compressor reader;
  reader.carrier.arriving = sender.send(std::string(50'000'000, 'x'));
  EXPECT_LT(reader.carrier.arriving.size(), 1'000'000U);
  std::string input;
  EXPECT_EQ(reader.transport.receive(input), true);
  EXPECT_LE(input.size(), 65'536U);
  auto wait = [](Transport& waiting) -> Task<void> {  // which comes to an end while there is more
    auto ready = co_await waiting.wait(1s);
    EXPECT_EQ(ready, Readiness::input);
  };
  EXPECT_TRUE(reader.sim.run(wait(reader.transport)));
  EXPECT_EQ(reader.carrier.waits, 0);
}

struct Broken {
  const char* name;
  std::string octets;
};

const Broken kBroken[] = {
    {"PlainText", "a NOOP\r\n"},
    {"AReservedBlockType", "\x07"},
    {"AReferenceToNothing", std::string{"\x4a\x84\xd2\x00\x00\x00\x00\xff\xff", 9}},
    {"AStoredBlockOfTwoLengths", std::string{"\x00\x05\x00\x05\x00", 5}},
    {"Zlib", std::string{"\x78\x9c\x4b\x4c\x06\x00", 6}},
};

TEST(Deflate, WhatIsNoDeflateEndsTheConnection) {
  for (const auto& test : kBroken) {
    Compressor compressor;
    compressor.carrier.arriving = test.octets;
    EXPECT_EQ(compressor.read(), std::unexpected(StreamError::closed)) << test.name;
    EXPECT_EQ(compressor.read(), std::unexpected(StreamError::closed)) << test.name;
  }
}

TEST(Deflate, AfterTheLastBlockThereIsNothing) {
  Compressor compressor;
  compressor.carrier.arriving = std::string{"\x4b\x54\xf0\xf3\xf7\x0f\xe0\xe5\x02\x00", 10} + kFirst;
  std::string input;
  EXPECT_EQ(compressor.transport.receive(input), true);
  EXPECT_EQ(input, "a NOOP\r\n");
  EXPECT_EQ(compressor.read(), std::unexpected(StreamError::closed));
}

TEST(Deflate, TheCarriersEndIsItsOwn) {
  Compressor compressor;
  compressor.carrier.arriving = kFirst;
  compressor.carrier.closed = true;
  std::string input;
  EXPECT_EQ(compressor.transport.receive(input), true);
  EXPECT_EQ(compressor.transport.receive(input), std::unexpected(StreamError::closed));
}

Task<void> converse(Stream& stream, int lines, bool begins, bool tls, const TlsServer& server,
                    const TlsClient& client) {
  if (tls && begins) {
    auto secured = co_await stream.connect_tls(client, "example.org");
    EXPECT_TRUE(secured);
  } else if (tls) {
    auto secured = co_await stream.accept_tls(server);
    EXPECT_TRUE(secured);
  }
  auto compressed = co_await stream.compress();
  EXPECT_TRUE(compressed);
  for (int i = 0; i < lines; ++i) {
    const std::string text = std::to_string(i) + std::string(static_cast<std::size_t>(i) * 997, 'y');
    if (begins) stream.write(text + "\r\n");
    auto line = co_await stream.read_line(1'000'000);
    EXPECT_TRUE(line);
    if (!line) co_return;
    EXPECT_EQ(*line, text);
    if (!begins) stream.write(text + "\r\n");
  }
  co_await stream.flush();
}

Task<void> serve(Listener& listener, int lines, bool tls, const TlsServer& server, const TlsClient& client) {
  auto transport = co_await listener.accept();
  Stream stream{std::move(transport), 10s};
  co_await converse(stream, lines, false, tls, server, client);
}

Task<void> both(SimWorld& sim, bool tls, const TlsServer& server, const TlsClient& client) {
  constexpr int kLines = 60;
  const Endpoint endpoint{"192.0.2.25", 143};
  const auto listener = sim.network().listen(endpoint);
  TaskScope scope;
  scope.spawn(serve(*listener, kLines, tls, server, client));
  auto transport = co_await sim.network().connect(endpoint, 1s);
  Stream stream{std::move(*transport), 10s};
  co_await converse(stream, kLines, true, tls, server, client);
  co_await scope.drained();
}

TEST(CompressedStream, CarriesAConversationPlainAndOverTls) {
  const ScratchDirectory folder;
  const auto pair =
      make_self_signed("example.org", WallTime{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}});
  std::ofstream{folder.path() / "cert.pem"} << pair.certificate_pem;
  std::ofstream{folder.path() / "key.pem"} << pair.key_pem;
  const auto server = TlsServer::load(folder.path() / "cert.pem", folder.path() / "key.pem");
  const TlsClient client;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    for (const bool tls : {false, true}) {
      SimWorld sim{seed};
      EXPECT_TRUE(sim.run(both(sim, tls, *server, client)));
    }
  }
}

}  // namespace
}  // namespace posthaste::net
