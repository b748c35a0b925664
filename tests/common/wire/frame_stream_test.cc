// Frames over real Unix sockets and the simulated network.
#include "common/wire/frame_stream.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "common/net/scope.h"
#include "common/net/sim_world.h"
#include "common/net/uv_loop.h"
#include "common/net/uv_network.h"

namespace posthaste::wire {
namespace {

using namespace std::chrono_literals;

class Folder {
 public:
  Folder() {
    auto pattern = (std::filesystem::temp_directory_path() / "posthaste-wire-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] net::Endpoint socket() const { return {(path_ / "s").string(), 0}; }

 private:
  std::filesystem::path path_;
};

/// Larger than any socket buffer: a message alone, one with two attachments, small ones.
std::vector<OutgoingFrame> large_frames() {
  const auto blob = [](char c) { return mailbox::put_blob(std::string(4'000'000, c), {}); };
  return {{std::string(3'000'000, 'm'), {}}, {"two", {blob('a'), blob('b')}}, {"", {}}, {"end", {}}};
}

net::Task<void> read_frames(FrameStream& frames, std::size_t count, std::vector<Frame>& read) {
  while (read.size() < count) {
    auto frame = co_await frames.read(10s);
    if (!frame) co_return;
    read.push_back(std::move(*frame));
  }
}

net::Task<void> exchange(std::unique_ptr<net::Transport> one, std::unique_ptr<net::Transport> other,
                         net::Clock& clock, std::vector<Frame>& at_one, std::vector<Frame>& at_other) {
  FrameStream a{std::move(one), clock};
  FrameStream b{std::move(other), clock};
  net::TaskScope senders;
  senders.spawn(a.send_queued());
  senders.spawn(b.send_queued());
  for (auto& frame : large_frames()) a.queue(frame);
  for (auto& frame : large_frames()) b.queue(frame);
  // Both send all before either reads.
  net::TaskScope readers;
  readers.spawn(read_frames(a, large_frames().size(), at_one));
  readers.spawn(read_frames(b, large_frames().size(), at_other));
  co_await readers.drained();
  EXPECT_EQ(a.queued_octets(), 0U);
  a.close();
  b.close();
  co_await senders.drained();
}

net::Task<void> exchange_over_sockets(net::UvLoop& loop, net::Endpoint endpoint, std::vector<Frame>& at_one,
                                      std::vector<Frame>& at_other) {
  const auto socket = net::ListeningSocket::bind(endpoint);
  net::UvListener listener{loop, *socket};
  net::UvNetwork network{loop};
  auto client = co_await network.connect(endpoint, 1s);
  auto server = co_await listener.accept();
  EXPECT_EQ((*client)->peer_user(), geteuid());
  co_await exchange(std::move(*client), std::move(server), loop, at_one, at_other);
  listener.close();
}

TEST(FrameStream, BothWaysAtOnceOverAUnixSocket) {
  const Folder folder;
  net::UvLoop loop;
  std::vector<Frame> at_one;
  std::vector<Frame> at_other;
  loop.run(exchange_over_sockets(loop, folder.socket(), at_one, at_other));
  const std::vector<Frame> expected{{std::string(3'000'000, 'm'), ""},
                                    {"two", std::string(4'000'000, 'a') + std::string(4'000'000, 'b')},
                                    {"", ""},
                                    {"end", ""}};
  EXPECT_TRUE(at_one == expected);
  EXPECT_TRUE(at_other == expected);
}

struct SlowCase {
  const char* name;
  std::string octets;  // sent at once; what follows comes one octet a second
  std::chrono::seconds ends_after;
};

const std::string kLargeAttached("\0\0\0\1\0\x5b\x8d\x80x", 9);  // 6,000,000 octets will follow

const SlowCase kSlow[] = {
    {"AHeaderOctetByOctet", "", 8s},  // then it is there, and names too much
    {"AMessage", std::string("\0\0\1\0\0\0\0\0", 8), FrameStream::kFrameTimeout},
    {"AnAttachmentHasTimeByItsLength", kLargeAttached, FrameStream::kFrameTimeout + 6s},
};

struct Slowness {
  net::StreamError error{};
  std::chrono::milliseconds lasted{};
};

net::Task<void> drip(net::SimWorld& sim, std::unique_ptr<net::Transport> transport, std::string octets) {
  net::Stream stream{std::move(transport), 1min};
  stream.write(octets);
  for (int i = 0; i < 100; ++i) {
    auto sent = co_await stream.flush();
    if (!sent) co_return;
    co_await sim.loop().sleep(1s);
    stream.write("x");
  }
}

net::Task<void> read_slowly(net::SimWorld& sim, std::string octets, Slowness& slowness) {
  const net::Endpoint endpoint{"/s", 0};
  const auto listener = sim.network().listen(endpoint);
  auto client = co_await sim.network().connect(endpoint, 1s);
  auto server = co_await listener->accept();
  net::TaskScope sender;
  sender.spawn(drip(sim, std::move(*client), std::move(octets)));
  const auto begun = sim.loop().now();
  {
    FrameStream frames{std::move(server), sim.loop()};
    auto frame = co_await frames.read(10s);
    if (!frame) slowness.error = frame.error();
    slowness.lasted = sim.loop().now() - begun;
    EXPECT_TRUE(frames.closed());
  }
  co_await sender.drained();
}

TEST(FrameStream, AFrameHasItsTimeFromItsFirstOctet) {
  for (const auto& test : kSlow) {
    net::SimWorld sim{1};
    Slowness slowness;
    ASSERT_TRUE(sim.run(read_slowly(sim, test.octets, slowness)));
    EXPECT_EQ(slowness.error, test.octets.empty() ? net::StreamError::too_long : net::StreamError::timed_out)
        << test.name;
    EXPECT_GE(slowness.lasted, test.ends_after) << test.name;
    EXPECT_LE(slowness.lasted, test.ends_after + 2s) << test.name;
  }
}

net::Task<void> read_without_memory(net::SimWorld& sim, std::vector<Frame>& frames) {
  const net::Endpoint endpoint{"/s", 0};
  const auto listener = sim.network().listen(endpoint);
  auto client = co_await sim.network().connect(endpoint, 1s);
  auto server = co_await listener->accept();
  FrameStream from{std::move(*client), sim.loop()};
  FrameStream to{std::move(server), sim.loop()};
  net::TaskScope sender;
  sender.spawn(from.send_queued());
  for (const char* message : {"kept", "lost", "next"}) {
    const bool lost = std::string_view{message} == "lost";
    from.queue({message, {mailbox::put_blob(std::string(lost ? 2'000'000 : 500'000, 'x'), {})}});
  }
  std::size_t asked_max = 0;
  for (int i = 0; i < 3; ++i) {
    GrantMemory grant = [&asked_max](std::size_t octets) {
      asked_max = std::max(asked_max, octets);
      return octets <= 1'000'000;
    };
    auto frame = co_await to.read(10s, std::move(grant));
    if (frame) frames.push_back(std::move(*frame));
  }
  EXPECT_LT(asked_max, 1'500'000U) << "asks for more after a refusal";
  from.close();
  co_await sender.drained();
}

TEST(FrameStream, AnAttachmentWithoutMemoryIsThrownAwayAlone) {
  net::SimWorld sim{1};
  std::vector<Frame> frames;
  ASSERT_TRUE(sim.run(read_without_memory(sim, frames)));
  const std::string kept(500'000, 'x');
  EXPECT_TRUE(frames == (std::vector<Frame>{{"kept", kept, false}, {"lost", "", true}, {"next", kept, false}}));
}

struct EndCase {
  const char* name;
  std::string octets;
  std::size_t whole_frames;
  net::StreamError error;
};

const EndCase kEnds[] = {
    {"Nothing", "", 0, net::StreamError::closed},
    {"HalfAHeader", std::string("\0\0\0\1", 4), 0, net::StreamError::closed},
    {"HalfAMessage", std::string("\0\0\0\2\0\0\0\0x", 9), 0, net::StreamError::closed},
    {"NoAttachment", std::string("\0\0\0\1\0\0\0\1x", 9), 0, net::StreamError::closed},
    {"OneAndAHalf", std::string("\0\0\0\1\0\0\0\1xy\0", 11), 1, net::StreamError::closed},
    {"MessageTooLong", std::string("\0\x40\0\1\0\0\0\0", 8), 0, net::StreamError::too_long},
    {"AttachmentTooLong", std::string("\0\0\0\1\x7f\0\0\0", 8), 0, net::StreamError::too_long},
};

net::Task<void> read_until_error(net::SimWorld& sim, std::string octets, std::size_t& whole,
                                 net::StreamError& error) {
  const net::Endpoint endpoint{"/s", 0};
  const auto listener = sim.network().listen(endpoint);
  auto client = co_await sim.network().connect(endpoint, 1s);
  auto server = co_await listener->accept();
  {
    net::Stream stream{std::move(*client), 1s};
    stream.write(octets);
    co_await stream.flush();
  }
  FrameStream frames{std::move(server), sim.loop()};
  for (;;) {
    auto frame = co_await frames.read(10s);
    if (!frame) {
      error = frame.error();
      co_return;
    }
    ++whole;
  }
}

TEST(FrameStream, EndsWithTheErrorInEverySplit) {
  for (const auto& test : kEnds) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      net::SimWorld sim{seed};
      std::size_t whole = 0;
      net::StreamError error{};
      ASSERT_TRUE(sim.run(read_until_error(sim, test.octets, whole, error)));
      EXPECT_EQ(whole, test.whole_frames) << test.name;
      EXPECT_EQ(error, test.error) << test.name;
    }
  }
}

net::Task<void> queue_to_the_deaf(net::UvLoop& loop, net::Endpoint endpoint, bool& still_open) {
  const auto socket = net::ListeningSocket::bind(endpoint);
  net::UvListener listener{loop, *socket};
  net::UvNetwork network{loop};
  auto client = co_await network.connect(endpoint, 1s);
  auto server = co_await listener.accept();
  FrameStream frames{std::move(*client), loop};
  net::TaskScope sender;
  sender.spawn(frames.send_queued());
  frames.queue({std::string(4'000'000, 'x'), {}});
  auto read = co_await frames.read(10ms);
  EXPECT_EQ(read.error(), net::StreamError::timed_out);
  still_open = !frames.closed() && frames.queued_octets() > 0;
  frames.close();
  co_await sender.drained();
  listener.close();
}

TEST(FrameStream, PatienceOfTheReaderIsNotThatOfTheSender) {
  const Folder folder;
  net::UvLoop loop;
  bool still_open = false;
  loop.run(queue_to_the_deaf(loop, folder.socket(), still_open));
  EXPECT_TRUE(still_open);
}

}  // namespace
}  // namespace posthaste::wire
