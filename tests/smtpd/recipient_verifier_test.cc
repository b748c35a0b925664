// deliveryd's word on recipients: how long it holds, and what becomes of a question that is not answered.
#include "smtpd/recipient_verifier.h"

#include "installation.h"

namespace posthaste::smtpd {
namespace {

using namespace std::chrono_literals;
using Verified = std::expected<void, Unverified>;

const net::Endpoint kStoreSocket{"/run/posthaste/store.sock", 0};
const std::string kAddress = "alice@example.org";

/// Runs `play` against a store socket that is connected.
using Play = net::Task<void> (*)(net::SimWorld&, RecipientVerifier&, FakeStore&);

net::Task<void> with_store(net::SimWorld& sim, SimSmtpd& smtpd, Play play) {
  FakeStore store{sim, kStoreSocket};
  smtpd.connect_store();
  co_await sim.loop().sleep(1s);
  co_await play(sim, smtpd.verifier, store);
  co_await smtpd.ended();
  co_await store.ended();
}

void run(Play play) {
  net::SimWorld sim{1};
  SimSmtpd smtpd{sim};
  EXPECT_TRUE(sim.run(with_store(sim, smtpd, play)));
}

net::Task<void> ask_and_wait(net::SimWorld& sim, RecipientVerifier& verifier, FakeStore& store) {
  EXPECT_FALSE(verifier.is_verified(kAddress));
  const Verified verified = co_await verifier.verify(kAddress, 1'000);
  EXPECT_TRUE(verified);
  EXPECT_TRUE(verifier.is_verified(kAddress));
  EXPECT_FALSE(verifier.is_verified("bob@example.org"));
  EXPECT_EQ(store.questions.size(), 1U);
  EXPECT_EQ(store.questions.front().address, kAddress);
  EXPECT_EQ(store.questions.front().octets, 1'000U);
  co_await sim.loop().sleep(4'900ms);
  EXPECT_TRUE(verifier.is_verified(kAddress));
  co_await sim.loop().sleep(100ms);
  EXPECT_FALSE(verifier.is_verified(kAddress));
}

TEST(RecipientVerifier, RemembersAnOkForFiveSeconds) { run(ask_and_wait); }

net::Task<void> ask_for_the_refused(net::SimWorld& /*sim*/, RecipientVerifier& verifier, FakeStore& store) {
  store.states[kAddress] = wire::RecipientState::over_quota;
  Verified verified = co_await verifier.verify(kAddress, std::nullopt);
  EXPECT_EQ(verified, Verified{std::unexpected(Unverified::over_quota)});
  EXPECT_EQ(store.questions.front().octets, std::nullopt);
  store.states[kAddress] = wire::RecipientState::unknown;
  verified = co_await verifier.verify(kAddress, std::nullopt);
  EXPECT_EQ(verified, Verified{std::unexpected(Unverified::unknown)});
  store.states[kAddress] = wire::RecipientState::unavailable;
  verified = co_await verifier.verify(kAddress, std::nullopt);
  EXPECT_TRUE(verified);
  EXPECT_FALSE(verifier.is_verified(kAddress));
}

TEST(RecipientVerifier, RemembersNothingElse) { run(ask_for_the_refused); }

net::Task<void> ask_in_vain(net::SimWorld& sim, RecipientVerifier& verifier, FakeStore& store) {
  store.states[kAddress] = std::nullopt;
  const auto begun = sim.loop().now();
  const Verified verified = co_await verifier.verify(kAddress, std::nullopt);
  EXPECT_TRUE(verified);
  EXPECT_EQ(sim.loop().now() - begun, 2s);
  EXPECT_TRUE(verifier.is_verified("bob@example.org")) << "nobody else waits";
  co_await sim.loop().sleep(5s);
  EXPECT_FALSE(verifier.is_verified("bob@example.org")) << "but not for ever";
}

TEST(RecipientVerifier, WaitsTwoSecondsOnceForADeliverydThatDoesNotAnswer) { run(ask_in_vain); }

net::Task<void> ask_for_many(net::SimWorld& /*sim*/, RecipientVerifier& verifier, FakeStore& /*store*/) {
  const auto address = [](std::size_t i) { return std::to_string(i) + "@example.org"; };
  for (std::size_t i = 0; i < 30; ++i) {
    const Verified verified = co_await verifier.verify(address(i), std::nullopt);
    EXPECT_TRUE(verified);
  }
  for (std::size_t i = 0; i < 30; ++i) EXPECT_TRUE(verifier.is_verified(address(i)));
}

TEST(RecipientVerifier, RemembersManyAtOnce) { run(ask_for_many); }

net::Task<void> ask_nobody(net::SimWorld& sim, SimSmtpd& smtpd) {
  const auto begun = sim.loop().now();
  const Verified verified = co_await smtpd.verifier.verify(kAddress, std::nullopt);
  EXPECT_TRUE(verified);
  EXPECT_EQ(sim.loop().now(), begun);
  co_await smtpd.ended();
}

TEST(RecipientVerifier, DoesNotWaitForADeliverydThatIsAway) {
  net::SimWorld sim{1};
  SimSmtpd smtpd{sim};
  EXPECT_TRUE(sim.run(ask_nobody(sim, smtpd)));
}

}  // namespace
}  // namespace posthaste::smtpd
