// What an attempt's outcomes come to: fates, next attempts, and what the sender hears for each NOTIFY (RFC 3461
// §4.1, §5.2).
#include "smtpd/settlement.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "common/net/sim_world.h"

namespace posthaste::smtpd {
namespace {

using namespace std::chrono_literals;
using dsn::Action;
using queue::Fate;
using relay::Result;

constexpr WallTime kArrived{std::chrono::sys_days{std::chrono::year{2026} / 7 / 1} + 12h};
constexpr auto kOnTime = 1h;
constexpr auto kLate = 5h;
constexpr auto kExpired = 121h;

config::Queue rules() {
  config::Queue rules;
  rules.retry_delay_min = 5min;
  rules.expire = 120h;
  rules.delay_warning = 4h;
  return rules;
}

// As NOTIFY says it.
const std::optional<smtp::Notify> kUnsaid;
const std::optional<smtp::Notify> kNever = smtp::Notify{};
const std::optional<smtp::Notify> kSuccess = smtp::Notify{.success = true, .failure = false, .delay = false};
const std::optional<smtp::Notify> kFailure = smtp::Notify{.success = false, .failure = true, .delay = false};
const std::optional<smtp::Notify> kDelay = smtp::Notify{.success = false, .failure = false, .delay = true};
const std::optional<smtp::Notify> kAll = smtp::Notify{.success = true, .failure = true, .delay = true};

const smtp::Mailbox kSender{"smith", "example.com"};
const smtp::Mailbox kJones{"jones", "example.net"};

queue::Envelope envelope() {
  queue::Envelope envelope;
  envelope.trace_id = "t";
  envelope.reverse_path = kSender;
  envelope.arrived = kArrived;
  return envelope;
}

smtp::Reply reply_of(Result result) {
  switch (result) {
    case Result::delivered:
    case Result::relayed: return {250, {2, 1, 5}, "Fine"};
    case Result::not_tried:
    case Result::deferred: return {451, {4, 7, 1}, "Greylisted"};
    case Result::failed: return {550, {5, 1, 1}, "No such user"};
  }
  std::unreachable();
}

relay::Outcome outcome_of(Result result, std::uint32_t index = 0) {
  return {.index = index,
          .result = result,
          .reply = reply_of(result),
          .host = "mx.example.net",
          .address = "192.0.2.1",
          .dsn_passed_on = false,
          .tls = {}};
}

queue::QueuedRecipient recipient_with(std::optional<smtp::Notify> notify) {
  queue::QueuedRecipient recipient;
  recipient.recipient = {kJones, notify, smtp::OriginalRecipient{"rfc822", "Jones@example.net"}};
  recipient.status.next_attempt = kArrived;
  return recipient;
}

/// Of one recipient.
Settlement settled(const queue::QueuedRecipient& recipient, const relay::Outcome& outcome,
                   std::chrono::milliseconds after = kOnTime, const queue::Envelope& about = envelope(),
                   Obstacle obstacle = Obstacle::other_host) {
  net::SimRandom random{1};
  return settle(rules(), about, {recipient}, {outcome}, obstacle, kArrived + after, random);
}

struct Case {
  const char* name;
  std::optional<smtp::Notify> notify;
  Result result;
  std::chrono::milliseconds after;
  Fate fate;
  std::optional<Action> reported;  // to the sender
};
void PrintTo(const Case& test, std::ostream* out) { *out << test.name; }

const Case kCases[] = {
    {"DeliveredSaidNothing", kUnsaid, Result::delivered, kOnTime, Fate::delivered, {}},
    {"DeliveredNever", kNever, Result::delivered, kOnTime, Fate::delivered, {}},
    {"DeliveredSuccess", kSuccess, Result::delivered, kOnTime, Fate::delivered, Action::delivered},
    {"DeliveredFailure", kFailure, Result::delivered, kOnTime, Fate::delivered, {}},
    {"DeliveredDelay", kDelay, Result::delivered, kLate, Fate::delivered, {}},
    {"DeliveredAll", kAll, Result::delivered, kOnTime, Fate::delivered, Action::delivered},
    {"RelayedSaidNothing", kUnsaid, Result::relayed, kOnTime, Fate::relayed, {}},
    {"RelayedNever", kNever, Result::relayed, kOnTime, Fate::relayed, {}},
    {"RelayedSuccess", kSuccess, Result::relayed, kOnTime, Fate::relayed, Action::relayed},
    {"RelayedFailure", kFailure, Result::relayed, kOnTime, Fate::relayed, {}},
    {"RelayedDelay", kDelay, Result::relayed, kLate, Fate::relayed, {}},
    {"RelayedAll", kAll, Result::relayed, kOnTime, Fate::relayed, Action::relayed},
    {"RelayedAfterItsTime", kSuccess, Result::relayed, kExpired, Fate::relayed, Action::relayed},
    {"FailedSaidNothing", kUnsaid, Result::failed, kOnTime, Fate::failed, Action::failed},
    {"FailedNever", kNever, Result::failed, kOnTime, Fate::failed, {}},
    {"FailedSuccess", kSuccess, Result::failed, kOnTime, Fate::failed, {}},
    {"FailedFailure", kFailure, Result::failed, kOnTime, Fate::failed, Action::failed},
    {"FailedDelay", kDelay, Result::failed, kLate, Fate::failed, {}},
    {"FailedAll", kAll, Result::failed, kOnTime, Fate::failed, Action::failed},
    {"DeferredSaidNothing", kUnsaid, Result::deferred, kOnTime, Fate::waiting, {}},
    {"DeferredAll", kAll, Result::deferred, kOnTime, Fate::waiting, {}},
    {"LateSaidNothing", kUnsaid, Result::deferred, kLate, Fate::waiting, Action::delayed},
    {"LateNever", kNever, Result::deferred, kLate, Fate::waiting, {}},
    {"LateSuccess", kSuccess, Result::deferred, kLate, Fate::waiting, {}},
    {"LateFailure", kFailure, Result::deferred, kLate, Fate::waiting, {}},
    {"LateDelay", kDelay, Result::deferred, kLate, Fate::waiting, Action::delayed},
    {"LateAll", kAll, Result::deferred, kLate, Fate::waiting, Action::delayed},
    {"ExpiredSaidNothing", kUnsaid, Result::deferred, kExpired, Fate::failed, Action::failed},
    {"ExpiredNever", kNever, Result::deferred, kExpired, Fate::failed, {}},
    {"ExpiredSuccess", kSuccess, Result::deferred, kExpired, Fate::failed, {}},
    {"ExpiredFailure", kFailure, Result::deferred, kExpired, Fate::failed, Action::failed},
    {"ExpiredDelay", kDelay, Result::deferred, kExpired, Fate::failed, {}},
    {"ExpiredAll", kAll, Result::deferred, kExpired, Fate::failed, Action::failed},
};

class Settled : public testing::TestWithParam<Case> {};

TEST_P(Settled, HasItsFateAndIsToldAsAskedFor) {
  const auto& test = GetParam();
  const auto settlement = settled(recipient_with(test.notify), outcome_of(test.result), test.after);
  ASSERT_EQ(settlement.changes.size(), 1U);
  const auto& status = settlement.changes.front().status;
  EXPECT_EQ(status.fate, test.fate);
  EXPECT_EQ(status.attempts, 1U);
  EXPECT_EQ(status.last_attempt, kArrived + test.after);
  EXPECT_EQ(status.last_host, "mx.example.net");
  EXPECT_EQ(status.last_reply, on_one_line(reply_of(test.result)));
  EXPECT_EQ(status.next_attempt > kArrived + test.after, test.fate == Fate::waiting);
  ASSERT_EQ(settlement.reports.size(), test.reported ? 1U : 0U);
  if (!test.reported) return;
  const auto& report = settlement.reports.front();
  EXPECT_EQ(report.action, *test.reported);
  EXPECT_EQ(report.final_recipient, kJones);
  EXPECT_EQ(report.original_recipient, (smtp::OriginalRecipient{"rfc822", "Jones@example.net"}));
  EXPECT_EQ(report.will_retry_until.has_value(), test.reported == Action::delayed);  // RFC 3464 §2.3.9
}

INSTANTIATE_TEST_SUITE_P(Settlement, Settled, testing::ValuesIn(kCases),
                         [](const auto& test) { return test.param.name; });

// RFC 3464 §2.3.4: the class says what has become of the recipient, whatever the host's last word was.

struct StatusCase {
  const char* name;
  relay::Outcome outcome;
  std::chrono::milliseconds after;
  smtp::EnhancedCode status;
};
void PrintTo(const StatusCase& test, std::ostream* out) { *out << test.name; }

relay::Outcome outcome_with(Result result, smtp::Reply reply) {
  auto outcome = outcome_of(result);
  outcome.reply = std::move(reply);
  return outcome;
}

const StatusCase kStatuses[] = {
    {"TheHostsOwn", outcome_with(Result::failed, {550, {5, 7, 26}, "No"}), kOnTime, {5, 7, 26}},
    {"NoneIsUndefined", outcome_with(Result::failed, {550, "No"}), kOnTime, {5, 0, 0}},
    {"NoneOfSuccessIsUndefined", outcome_with(Result::relayed, {250, "Yes"}), kOnTime, {2, 0, 0}},
    {"NoneOfADelayIsUndefined", outcome_with(Result::deferred, {451, "Later"}), kLate, {4, 0, 0}},
    {"APermanentReplyThatDefersIsADelay",
     outcome_with(Result::deferred, {554, {5, 3, 2}, "Not you"}),
     kLate,
     {4, 3, 2}},
    {"ATransientCodeOfAFailureIsAFailure",
     outcome_with(Result::failed, {550, {4, 2, 2}, "Full"}),
     kOnTime,
     {5, 2, 2}},
    {"ExpiryIsWhatEndedIt", outcome_of(Result::deferred), kExpired, {5, 4, 7}},  // RFC 3463 §3.5
};

class StatusOf : public testing::TestWithParam<StatusCase> {};

TEST_P(StatusOf, AgreesWithTheAction) {
  const auto& test = GetParam();
  const auto settlement = settled(recipient_with(kAll), test.outcome, test.after);
  ASSERT_EQ(settlement.reports.size(), 1U);
  EXPECT_EQ(settlement.reports.front().status, test.status);
}

INSTANTIATE_TEST_SUITE_P(Settlement, StatusOf, testing::ValuesIn(kStatuses),
                         [](const auto& test) { return test.param.name; });

TEST(Settlement, WhoReportsFromHereOnIsLeftToDoIt) {  // RFC 3461 §5.2.1, §5.2.2
  auto outcome = outcome_of(Result::relayed);
  outcome.dsn_passed_on = true;
  const auto settlement = settled(recipient_with(kAll), outcome);
  EXPECT_TRUE(settlement.reports.empty());
  EXPECT_EQ(settlement.changes.front().status.fate, Fate::relayed);
}

TEST(Settlement, AMailboxIsReportedBecauseNobodyElseDoes) {
  auto outcome = outcome_of(Result::delivered);
  outcome.dsn_passed_on = true;  // an LMTP host that announced DSN
  EXPECT_EQ(settled(recipient_with(kSuccess), outcome).reports.size(), 1U);
}

TEST(Settlement, ADelayIsReportedOnce) {
  auto recipient = recipient_with(kUnsaid);
  auto settlement = settled(recipient, outcome_of(Result::deferred), kLate);
  ASSERT_EQ(settlement.reports.size(), 1U);
  recipient.status = settlement.changes.front().status;
  EXPECT_TRUE(recipient.status.delay_reported);
  settlement = settled(recipient, outcome_of(Result::deferred), kLate + 1h);
  EXPECT_TRUE(settlement.reports.empty());
  recipient.status = settlement.changes.front().status;
  EXPECT_EQ(recipient.status.attempts, 2U);
  EXPECT_EQ(settled(recipient, outcome_of(Result::failed), kLate + 2h).reports.size(), 1U) << "of the failure";
}

TEST(Settlement, ADelayNobodyAskedForIsNotComeBackTo) {
  const auto settlement = settled(recipient_with(kNever), outcome_of(Result::deferred), kLate);
  EXPECT_TRUE(settlement.changes.front().status.delay_reported);
}

TEST(Settlement, ADelayTellsUntilWhen) {
  const auto settlement = settled(recipient_with(kUnsaid), outcome_of(Result::deferred), kLate);
  EXPECT_EQ(settlement.reports.front().will_retry_until, kArrived + 120h);
}

TEST(Settlement, AHostsWordsAreItsDiagnosticAndOurOwnAnExplanation) {
  auto settlement = settled(recipient_with(kUnsaid), outcome_of(Result::failed));
  EXPECT_EQ(settlement.reports.front().diagnostic, "550 5.1.1 No such user");
  EXPECT_EQ(settlement.reports.front().remote_mta, "mx.example.net");
  EXPECT_EQ(settlement.reports.front().explanation, "");
  auto outcome = outcome_with(Result::failed, {550, {5, 1, 2}, "There is no domain example.net"});
  outcome.host.clear();
  settlement = settled(recipient_with(kUnsaid), outcome);
  EXPECT_EQ(settlement.reports.front().diagnostic, "");
  EXPECT_EQ(settlement.reports.front().remote_mta, "");
  EXPECT_EQ(settlement.reports.front().explanation, "There is no domain example.net");
}

TEST(Settlement, AnAttemptKeepsWhatTheOperatorHasSaid) {
  auto recipient = recipient_with(kUnsaid);
  recipient.status.held = true;
  EXPECT_TRUE(settled(recipient, outcome_of(Result::deferred)).changes.front().status.held);
}

TEST(Settlement, OurOwnDeliverydIsTriedAgainSoon) {
  const auto away =
      settled(recipient_with(kUnsaid), outcome_of(Result::deferred), kOnTime, envelope(), Obstacle::our_deliveryd);
  EXPECT_LE(away.changes.front().status.next_attempt, kArrived + kOnTime + 2s);
  const auto elsewhere = settled(recipient_with(kUnsaid), outcome_of(Result::deferred));
  EXPECT_GE(elsewhere.changes.front().status.next_attempt, kArrived + kOnTime + 4min);
}

TEST(Settlement, ALostNotificationIsReportedWhateverItAskedFor) {  // for the postmaster
  auto about = envelope();
  about.reverse_path.reset();
  EXPECT_EQ(settled(recipient_with(kNever), outcome_of(Result::failed), kOnTime, about).reports.size(), 1U);
  EXPECT_TRUE(settled(recipient_with(kNever), outcome_of(Result::deferred), kLate, about).reports.empty());
  EXPECT_TRUE(settled(recipient_with(kNever), outcome_of(Result::relayed), kOnTime, about).reports.empty());
}

TEST(Settlement, EachOutcomeIsForTheRecipientItNames) {
  const std::vector recipients{recipient_with(kNever), recipient_with(kUnsaid), recipient_with(kSuccess)};
  net::SimRandom random{1};
  const auto settlement =
      settle(rules(), envelope(), recipients,
             {outcome_of(Result::relayed, 2), outcome_of(Result::failed, 0), outcome_of(Result::failed, 1)},
             Obstacle::other_host, kArrived + kOnTime, random);
  ASSERT_EQ(settlement.changes.size(), 3U);
  EXPECT_EQ(settlement.changes[0].index, 2U);
  EXPECT_EQ(settlement.changes[0].status.fate, Fate::relayed);
  EXPECT_EQ(settlement.changes[1].index, 0U);
  EXPECT_EQ(settlement.changes[2].index, 1U);
  ASSERT_EQ(settlement.reports.size(), 2U);
  EXPECT_EQ(settlement.reports[0].action, Action::relayed);
  EXPECT_EQ(settlement.reports[1].action, Action::failed);
}

TEST(Settlement, AnAttemptWithoutOutcomesChangesNothing) {
  net::SimRandom random{1};
  const auto settlement =
      settle(rules(), envelope(), {recipient_with(kUnsaid)}, {}, Obstacle::other_host, kArrived + kExpired, random);
  EXPECT_TRUE(settlement.changes.empty());
  EXPECT_TRUE(settlement.reports.empty());
}

TEST(Settlement, AReplyOfSeveralLinesStandsOnOne) {
  smtp::Reply reply{550, {5, 7, 1}, "Not from you"};
  reply.lines.emplace_back("see http://example.net/");
  EXPECT_EQ(on_one_line(reply), "550 5.7.1 Not from you see http://example.net/");
  EXPECT_EQ(on_one_line({421, "Bye"}), "421 Bye");
}

}  // namespace
}  // namespace posthaste::smtpd
