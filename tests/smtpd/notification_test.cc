// Who is notified of what, and as which entry of the queue (RFC 3461 §6, RFC 5321 §4.5.5).
#include "smtpd/notification.h"

#include <gtest/gtest.h>

#include <string>

#include "common/net/sim_world.h"

namespace posthaste::smtpd {
namespace {

using namespace std::chrono_literals;
using dsn::Action;

constexpr WallTime kNow{std::chrono::sys_days{std::chrono::year{2026} / 7 / 1} + 12h};
const std::string kHostname = "mail.example.org";
const smtp::Mailbox kSmith{"smith", "example.com"};
const smtp::Mailbox kJones{"jones", "example.net"};
const smtp::Mailbox kPostmaster{"postmaster", "example.org"};
const std::string kOriginal = "Subject: lunch\r\n\r\nthe body of it\r\n";

dsn::RecipientReport report_of(Action action, smtp::Mailbox mailbox = kJones) {
  dsn::RecipientReport report;
  report.final_recipient = std::move(mailbox);
  report.action = action;
  report.status = {5, 1, 1};
  return report;
}

Notice notice_to_smith(std::vector<dsn::RecipientReport> reports) {
  Notice notice;
  notice.about.trace_id = "about";
  notice.about.reverse_path = kSmith;
  notice.about.arrived = kNow - 1h;
  notice.reports = std::move(reports);
  notice.original = kOriginal;
  notice.to = kSmith;
  notice.targets = {kSmith};
  return notice;
}

/// About a message from the null reverse-path.
Notice notice_to_postmaster(std::vector<dsn::RecipientReport> reports) {
  auto notice = notice_to_smith(std::move(reports));
  notice.about.reverse_path.reset();
  notice.to = kPostmaster;
  notice.targets = {kPostmaster};
  return notice;
}

std::optional<queue::Add> made(Notice notice, std::uint64_t seed = 1) {
  net::SimRandom random{seed};
  return notification(kHostname, std::move(notice), kNow, random);
}

std::string octets_of(const std::optional<queue::Add>& add) {
  std::string octets;
  for (const auto& piece : add->message) octets += piece.octets;
  return octets;
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST(Notification, GoesToTheSenderFromNobody) {
  const auto add = made(notice_to_smith({report_of(Action::failed)}));
  ASSERT_TRUE(add);
  EXPECT_EQ(add->envelope.reverse_path, std::nullopt);
  ASSERT_EQ(add->recipients.size(), 1U);
  EXPECT_EQ(add->recipients.front().recipient.mailbox, kSmith);
  EXPECT_EQ(add->recipients.front().recipient.notify, smtp::Notify{}) << "NEVER, RFC 3461 §6.1";
  EXPECT_EQ(add->recipients.front().status.fate, queue::Fate::waiting);
  EXPECT_EQ(add->recipients.front().status.next_attempt, kNow);
  EXPECT_EQ(add->envelope.arrived, kNow);
  const auto octets = octets_of(add);
  EXPECT_TRUE(has(octets, "To: <smith@example.com>\r\n"));
  EXPECT_TRUE(has(octets, "Final-Recipient: rfc822;jones@example.net\r\n"));
}

TEST(Notification, HasIdsOfItsOwn) {
  auto notice = notice_to_smith({report_of(Action::failed)});
  notice.about.envid = "QQ314159";
  notice.about.ret = smtp::Return::headers;
  const auto add = made(notice);
  EXPECT_NE(add->envelope.trace_id, "about");
  EXPECT_TRUE(smtp::is_trace_id(add->envelope.trace_id));
  EXPECT_NE(add->envelope.delivery_id, notice.about.delivery_id);
  EXPECT_EQ(add->envelope.envid, std::nullopt);
  EXPECT_EQ(add->envelope.ret, std::nullopt);
  EXPECT_TRUE(has(octets_of(add), "Original-Envelope-Id: QQ314159\r\n"));
  EXPECT_NE(made(notice, 2)->envelope.trace_id, add->envelope.trace_id);
  EXPECT_NE(made(notice, 2)->envelope.delivery_id, add->envelope.delivery_id);
}

TEST(Notification, TellsOfAllRecipientsInOne) {
  const auto add =
      made(notice_to_smith({report_of(Action::failed), report_of(Action::delayed, {"brown", "example.net"})}));
  const auto octets = octets_of(add);
  EXPECT_TRUE(has(octets, "Final-Recipient: rfc822;jones@example.net\r\nAction: failed\r\n"));
  EXPECT_TRUE(has(octets, "Final-Recipient: rfc822;brown@example.net\r\nAction: delayed\r\n"));
}

TEST(Notification, OfNothingIsNone) { EXPECT_FALSE(made(notice_to_smith({}))); }

struct ReturnCase {
  const char* name;
  std::optional<smtp::Return> ret;
  Action action;
  bool whole;
};
void PrintTo(const ReturnCase& test, std::ostream* out) { *out << test.name; }

const ReturnCase kReturns[] = {
    // RFC 3461 §4.3: RET applies to failures; others return the header alone
    {"FullWhenFailed", smtp::Return::full, Action::failed, true},
    {"HeadersWhenFailed", smtp::Return::headers, Action::failed, false},
    {"UnsaidWhenFailed", std::nullopt, Action::failed, true},
    {"FullWhenDelayed", smtp::Return::full, Action::delayed, false},
    {"FullWhenRelayed", smtp::Return::full, Action::relayed, false},
};

class Returned : public testing::TestWithParam<ReturnCase> {};

TEST_P(Returned, IsWhatRetSays) {
  auto notice = notice_to_smith({report_of(GetParam().action)});
  notice.about.ret = GetParam().ret;
  const auto octets = octets_of(made(std::move(notice)));
  EXPECT_TRUE(has(octets, "Subject: lunch\r\n"));
  EXPECT_EQ(has(octets, "the body of it"), GetParam().whole);
}

INSTANTIATE_TEST_SUITE_P(Notification, Returned, testing::ValuesIn(kReturns),
                         [](const auto& test) { return test.param.name; });

TEST(Notification, OfANotificationIsForThePostmaster) {
  const auto add = made(notice_to_postmaster({report_of(Action::failed)}));
  ASSERT_TRUE(add);
  EXPECT_EQ(add->envelope.reverse_path, std::nullopt);
  EXPECT_EQ(add->recipients.front().recipient.mailbox, kPostmaster);
}

TEST(Notification, ThePostmasterHearsOfFailuresAlone) {
  for (const auto action : {Action::delayed, Action::relayed, Action::delivered, Action::expanded}) {
    EXPECT_FALSE(made(notice_to_postmaster({report_of(action)})));
  }
  const auto add =
      made(notice_to_postmaster({report_of(Action::delayed), report_of(Action::failed, {"a", "example.net"})}));
  EXPECT_FALSE(has(octets_of(add), "jones@example.net"));
}

TEST(Notification, ThatDoesNotReachThePostmasterIsTheLastOne) {
  EXPECT_FALSE(made(notice_to_postmaster({report_of(Action::failed, kPostmaster)})));
}

TEST(Notification, ThatDoesNotReachWhereThePostmastersMailGoesIsTheLastOne) {
  auto notice = notice_to_postmaster({report_of(Action::failed, {"admin", "example.net"})});
  notice.targets = {{"admin", "example.net"}};
  EXPECT_FALSE(made(std::move(notice)));
}

TEST(Notification, FollowsTheSendersAlias) {
  auto notice = notice_to_smith({report_of(Action::failed)});
  notice.targets = {{"smith", "example.org"}, {"smith", "example.edu"}};
  const auto add = made(std::move(notice));
  ASSERT_EQ(add->recipients.size(), 2U);
  EXPECT_EQ(add->recipients[0].recipient.mailbox, (smtp::Mailbox{"smith", "example.org"}));
  EXPECT_EQ(add->recipients[1].recipient.mailbox, (smtp::Mailbox{"smith", "example.edu"}));
  EXPECT_EQ(add->recipients[1].recipient.notify, smtp::Notify{});
  EXPECT_TRUE(has(octets_of(add), "To: <smith@example.com>\r\n"));
}

TEST(Notification, SaysWhatItNeedsOfTheNextHost) {
  auto notice = notice_to_smith({report_of(Action::failed)});
  EXPECT_EQ(made(notice)->envelope.smtp_utf8, false);
  EXPECT_EQ(made(notice)->envelope.body, std::nullopt);
  notice.about.smtp_utf8 = true;
  notice.reports = {report_of(Action::failed, {"jos\xC3\xA9", "example.net"})};
  const auto add = made(std::move(notice));
  EXPECT_TRUE(add->envelope.smtp_utf8);
  EXPECT_EQ(add->envelope.body, smtp::Body::eight_bit_mime);
}

}  // namespace
}  // namespace posthaste::smtpd
