// Messages that are too large for memory: they take a file's room, not the budget's, and nothing stays behind.
#include "installation.h"

namespace posthaste::smtpd {
namespace {

constexpr std::size_t kLargeOctets = 5'000'000;
constexpr std::size_t kSmallBudgetOctets = 1'000'000;
constexpr std::uint64_t kMoreThanAnyDiskHas = std::uint64_t{1} << 60;

/// Lines, each with its number, a dot in front of every seventh.
std::string numbered_lines(std::size_t octets) {
  std::string message = "Subject: large\r\n\r\n";
  for (std::size_t i = 0; message.size() < octets; ++i) {
    message += (i % 7 == 0 ? ".line " : "line ") + std::to_string(i) + "\r\n";
  }
  return message;
}

/// As DATA sends it (RFC 5321 §4.5.2).
std::string stuffed(std::string_view message) {
  std::string octets;
  for (std::size_t start = 0; start < message.size();) {
    const std::size_t end = message.find("\r\n", start) + 2;
    if (message[start] == '.') octets += '.';
    octets += message.substr(start, end - start);
    start = end;
  }
  return octets + ".\r\n";
}

/// Says something and reads the replies it gets, each on a line.
net::Task<std::string> ask(net::Stream& stream, std::string octets, std::size_t replies) {
  stream.write(octets);
  std::string heard;
  for (; replies > 0; --replies) {
    auto line = co_await stream.read_line(smtp::kReplyLineMaxOctets);
    if (!line) co_return heard + std::string{name_of(line.error())};
    heard += line->substr(0, 9);
    heard += '|';
  }
  co_return heard;
}

const std::string kEnvelope = "MAIL FROM:<smith@example.com>\r\nRCPT TO:<alice@example.org>\r\n";

/// Plays `client` in a session, then ends everything. False: a deadlock.
template <typename Client>
bool hold(net::SimWorld& sim, SimSmtpd& smtpd, FakeDeliveryd& deliveryd, Client client) {
  auto whole = [](SimSmtpd& server, FakeDeliveryd& sink, Client play) -> net::Task<void> {
    auto transport = co_await server.connect(Role::mx);
    std::optional<net::Stream> stream;
    stream.emplace(std::move(transport), std::chrono::hours{1});
    const std::string greeted = co_await ask(*stream, "HELO client.example.com\r\n", 2);
    EXPECT_EQ(greeted, "220 mail.|250 mail.|");
    co_await play(*stream, server, sink);
    stream.reset();
    co_await server.ended();
    co_await sink.ended();
  };
  const bool ended = sim.run(whole(smtpd, deliveryd, client));
  EXPECT_EQ(smtpd.memory.taken(), 0U);
  EXPECT_TRUE(std::filesystem::is_empty(installation().spool_folder()));
  return ended;
}

net::Task<void> send_data(net::Stream& stream, SimSmtpd& smtpd, FakeDeliveryd& deliveryd) {
  const std::string message = numbered_lines(kLargeOctets);
  const std::string begun = co_await ask(stream, kEnvelope + "DATA\r\n", 3);
  EXPECT_EQ(begun, "250 2.1.0|250 2.1.5|354 End d|");
  const std::string taken = co_await ask(stream, stuffed(message), 1);
  EXPECT_EQ(taken, "250 2.0.0|");
  EXPECT_EQ(smtpd.memory.taken(), 0U);
  if (deliveryd.delivered.size() != 1) {
    ADD_FAILURE() << "not delivered";
    co_return;
  }
  EXPECT_TRUE(deliveryd.delivered.front().message.ends_with("\r\n" + message));
}

TEST(LargeMessage, OfFiveMegabytesInDataNeedsNoMoreThanItsShareOfMemory) {
  net::SimWorld sim{1};
  SimSmtpd smtpd{sim, installation().config, kSmallBudgetOctets};
  FakeDeliveryd deliveryd{sim, smtpd.lmtp()};
  EXPECT_TRUE(hold(sim, smtpd, deliveryd, send_data));
}

net::Task<void> send_chunks(net::Stream& stream, SimSmtpd& smtpd, FakeDeliveryd& deliveryd) {
  const std::string message = numbered_lines(kLargeOctets);
  const std::size_t first = 300'000;  // too large for memory in its first chunk
  const std::string begun = co_await ask(stream, kEnvelope, 2);
  EXPECT_EQ(begun, "250 2.1.0|250 2.1.5|");
  const std::string taken =
      co_await ask(stream, "BDAT " + std::to_string(first) + "\r\n" + message.substr(0, first), 1);
  EXPECT_EQ(taken, "250 2.0.0|");
  EXPECT_LT(smtpd.memory.taken(), 2 * kMessageInMemoryMaxOctets);
  const std::string rest = message.substr(first);
  const std::string accepted = co_await ask(stream, "BDAT " + std::to_string(rest.size()) + " LAST\r\n" + rest, 1);
  EXPECT_EQ(accepted, "250 2.0.0|");
  if (deliveryd.delivered.size() != 1) {
    ADD_FAILURE() << "not delivered";
    co_return;
  }
  EXPECT_TRUE(deliveryd.delivered.front().message.ends_with("\r\n" + message));
}

TEST(LargeMessage, OfFiveMegabytesInChunksNeedsNoMoreThanItsShareOfMemory) {
  net::SimWorld sim{2};
  SimSmtpd smtpd{sim, installation().config, kSmallBudgetOctets};
  FakeDeliveryd deliveryd{sim, smtpd.lmtp()};
  EXPECT_TRUE(hold(sim, smtpd, deliveryd, send_chunks));
}

net::Task<void> find_the_disk_full(net::Stream& stream, SimSmtpd& /*smtpd*/, FakeDeliveryd& deliveryd) {
  const std::string large = stuffed(numbered_lines(kLargeOctets));
  const std::string begun = co_await ask(stream, kEnvelope + "DATA\r\n", 3);
  EXPECT_EQ(begun, "250 2.1.0|250 2.1.5|354 End d|");
  const std::string refused = co_await ask(stream, large, 1);
  EXPECT_EQ(refused, "452 4.3.1|");

  const std::string chunk(300'000, 'x');
  const std::string chunk_refused = co_await ask(stream, kEnvelope + "BDAT 300000\r\n" + chunk, 3);
  EXPECT_EQ(chunk_refused, "250 2.1.0|250 2.1.5|452 4.3.1|");
  const std::string too_late = co_await ask(stream, "BDAT 3 LAST\r\nxxx", 1);
  EXPECT_EQ(too_late, "503 5.5.1|");

  const std::string small = co_await ask(stream, kEnvelope + "DATA\r\n", 3);
  EXPECT_EQ(small, "250 2.1.0|250 2.1.5|354 End d|");
  const std::string accepted = co_await ask(stream, stuffed(numbered_lines(1000)), 1);
  EXPECT_EQ(accepted, "250 2.0.0|");
  EXPECT_EQ(deliveryd.delivered.size(), 1U);
}

TEST(LargeMessage, OnAFullDiskIsPutOffAndTheSessionGoesOn) {
  net::SimWorld sim{3};
  SimSmtpd smtpd{sim, installation().config, kMessageMemoryMaxOctets, kMoreThanAnyDiskHas};
  FakeDeliveryd deliveryd{sim, smtpd.lmtp()};
  EXPECT_TRUE(hold(sim, smtpd, deliveryd, find_the_disk_full));
}

net::Task<void> leave_in_the_middle(net::Stream& stream, SimSmtpd& smtpd, FakeDeliveryd& deliveryd) {
  const std::string begun = co_await ask(stream, kEnvelope + "DATA\r\n", 3);
  EXPECT_EQ(begun, "250 2.1.0|250 2.1.5|354 End d|");
  stream.write(stuffed(numbered_lines(kLargeOctets)).substr(0, kLargeOctets / 2));
  co_await stream.flush();
  stream.close();
  co_await smtpd.scope.drained();
  EXPECT_TRUE(deliveryd.delivered.empty());
}

TEST(LargeMessage, ThatNeverEndsLeavesNothingBehind) {
  net::SimWorld sim{4};
  SimSmtpd smtpd{sim};
  FakeDeliveryd deliveryd{sim, smtpd.lmtp()};
  EXPECT_TRUE(hold(sim, smtpd, deliveryd, leave_in_the_middle));
}

/// A message in pieces as a session reads them.
net::Task<void> receive(net::World& world, const Spool& spool, MessageMemory& memory, std::string octets,
                        std::shared_ptr<const MessageOctets>& whole) {
  IncomingMessage message{world, spool, Spool::Claim::user, memory.for_trusted(), octets.size(), 0};
  for (std::size_t at = 0; at < octets.size(); at += 65'536) {
    message.append(std::string_view{octets}.substr(at, 65'536));
    if (message.overflows()) co_await message.spill();
  }
  auto finished = co_await message.finish();
  if (finished) whole = std::move(*finished);
}

struct Kept {
  const char* name;
  std::size_t octets;
  std::size_t taken;  // of the budget, while the octets are kept
};
class KeptOctets : public testing::TestWithParam<Kept> {};

TEST_P(KeptOctets, OutliveTheMessageThatBroughtThem) {
  net::SimWorld sim{1};
  const auto spool = Spool::open(installation().spool_folder(), 0);
  ASSERT_TRUE(spool);
  MessageMemory memory{kSmallBudgetOctets};
  std::string octets(GetParam().octets, '\0');
  for (std::size_t i = 0; i < octets.size(); ++i) octets[i] = static_cast<char>(i * 7 + i / 65'536);
  std::shared_ptr<const MessageOctets> whole;
  ASSERT_TRUE(sim.run(receive(sim.world(), *spool, memory, octets, whole)));
  ASSERT_TRUE(whole);
  EXPECT_TRUE(whole->view() == octets);
  EXPECT_EQ(memory.taken(), GetParam().taken);
  whole.reset();
  EXPECT_EQ(memory.taken(), 0U);
}

INSTANTIATE_TEST_SUITE_P(OfEverySize, KeptOctets,
                         testing::Values(Kept{"Nothing", 0, 0}, Kept{"OneOctet", 1, 65'536},
                                         Kept{"TheMostThatStaysInMemory", 262'144, 262'144},
                                         Kept{"OneMore", 262'145, 0}, Kept{"AFileOfWholePages", 327'680, 0},
                                         Kept{"FiveMegabytes", kLargeOctets, 0}),
                         [](const auto& test) { return test.param.name; });

TEST(Spool, MakesItsFolderForItsOwnerAlone) {
  const auto folder = installation().spool_folder() / ".." / "another";
  ASSERT_TRUE(Spool::open(folder, 0));
  const auto mode = std::filesystem::status(folder).permissions();
  EXPECT_EQ(mode, std::filesystem::perms::owner_all);
  EXPECT_TRUE(Spool::open(folder, 0)) << "a second time";
}

TEST(Spool, SaysWhatIsInTheWayOfItsFolder) {
  const auto spool = Spool::open("/proc/no-such-folder/spool", 0);
  ASSERT_FALSE(spool);
  EXPECT_NE(spool.error().find("/proc/no-such-folder/spool"), std::string::npos) << spool.error();
}

TEST(Spool, ThatLostItsFolderCannotCreate) {
  const auto folder = installation().spool_folder() / ".." / "lost";
  const auto spool = Spool::open(folder, 0);
  ASSERT_TRUE(spool);
  std::filesystem::remove(folder);
  const auto file = spool->create(Spool::Claim::user);
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error(), SpoolError::io);
}

}  // namespace
}  // namespace posthaste::smtpd
