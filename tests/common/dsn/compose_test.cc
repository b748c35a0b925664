#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/octets.h"
#include "common/dsn/report.h"
#include "common/mime/header.h"
#include "common/mime/structure.h"
#include "common/mime/transfer.h"

namespace posthaste::dsn {
namespace {

using std::chrono::hours;
using std::chrono::sys_days;
using std::chrono::sys_seconds;

constexpr sys_seconds kNow = sys_days{std::chrono::year{2026} / 11 / 22} + hours{10};  // a Sunday

constexpr std::string_view kOriginal =
    "From: Alice <alice@example.org>\r\n"
    "To: bob@example.net\r\n"
    "Subject: Lunch\r\n"
    "Date: Sun, 22 Nov 2026 09:00:00 +0000\r\n"
    "Message-ID: <1@example.org>\r\n"
    "\r\n"
    "At noon?\r\n";
constexpr std::string_view kOriginalHeader = kOriginal.substr(0, kOriginal.find("\r\n\r\n") + 2);

Report report_on(RecipientReport recipient) {
  Report report;
  report.reporting_mta = "mail.example.org";
  report.to = {"alice", "example.org"};
  report.now = kNow;
  report.unique = "Jq3xRandom";
  report.recipients.push_back(std::move(recipient));
  report.original = kOriginal;
  return report;
}

RecipientReport recipient(std::string local_part, std::string domain, Action action, smtp::EnhancedCode status) {
  RecipientReport result;
  result.final_recipient = {std::move(local_part), std::move(domain)};
  result.action = action;
  result.status = status;
  return result;
}

RecipientReport failed() {
  auto result = recipient("bob", "example.net", Action::failed, {5, 1, 1});
  result.remote_mta = "mx.example.net";
  result.diagnostic = "550 5.1.1 No such user";
  return result;
}

/// A composed notification taken apart again by the reader of foreign mail.
struct Parsed {
  explicit Parsed(const Report& report) : notification(compose(report)), root(mime::parse_structure(octets())) {
    expect_sound_lines();
    EXPECT_EQ(has_eight_bit(octets()), notification.eight_bit || notification.smtp_utf8);
    EXPECT_GE(root.children.size(), 2U);
  }

  std::string_view octets() const { return notification.octets; }
  std::string_view header() const { return root.header.of(octets()); }
  std::string field(std::string_view name) const { return mime::find_value(header(), name).value_or("(none)"); }
  const mime::Part& part(std::size_t index) const { return root.children.at(index); }
  std::string type(std::size_t index) const {
    return lower(part(index).content_type.type + "/" + part(index).content_type.subtype);
  }
  std::string_view raw_body(std::size_t index) const { return part(index).body.of(octets()); }
  std::string body(std::size_t index) const {
    return mime::decode_transfer(mime::transfer_encoding(part(index).transfer_encoding), raw_body(index));
  }

  /// The fields of group `group` of the second part, 0 being those of the message: "Name: value", unfolded.
  std::vector<std::string> group(std::size_t group) const {
    std::string_view rest = raw_body(1);
    for (; group > 0; --group) {
      const auto end = rest.find("\r\n\r\n");
      if (end == rest.npos) return {"(no such group)"};
      rest.remove_prefix(end + 4);
    }
    std::vector<std::string> fields;
    for (const auto& field : mime::Fields(rest.substr(0, rest.find("\r\n\r\n")))) {
      fields.push_back(std::string{field.name} + ":" + mime::unfold(field.body));
    }
    return fields;
  }

  void expect_sound_lines() const {
    std::string_view rest = octets();
    EXPECT_TRUE(rest.ends_with(kCrlf));
    while (!rest.empty()) {
      const auto end = rest.find(kCrlf);
      ASSERT_NE(end, rest.npos);
      const auto line = rest.substr(0, end);
      EXPECT_LE(line.size(), 998U);
      EXPECT_EQ(line.find_first_of(std::string_view{"\r\n\0", 3}), line.npos) << line;
      rest.remove_prefix(end + 2);
    }
  }

  Notification notification;
  mime::Part root;
};

using Lines = std::vector<std::string>;

TEST(Compose, HeaderNamesNobodyWhoCouldBeAnsweredByAMachine) {
  const Parsed parsed{report_on(failed())};
  EXPECT_EQ(parsed.field("From"), "Mail Delivery System <MAILER-DAEMON@mail.example.org>");
  EXPECT_EQ(parsed.field("To"), "<alice@example.org>");
  EXPECT_EQ(parsed.field("Reply-To"), "<postmaster@mail.example.org>");
  EXPECT_EQ(parsed.field("Subject"), "Not delivered: your message to bob@example.net");
  EXPECT_EQ(parsed.field("Date"), "Sun, 22 Nov 2026 10:00:00 +0000");
  EXPECT_EQ(parsed.field("Message-ID"), "<Jq3xRandom@mail.example.org>");
  EXPECT_EQ(parsed.field("In-Reply-To"), "<1@example.org>");
  EXPECT_EQ(parsed.field("References"), "<1@example.org>");
  EXPECT_EQ(parsed.field("Auto-Submitted"), "auto-replied");
  EXPECT_EQ(parsed.field("MIME-Version"), "1.0");
  EXPECT_EQ(parsed.field("Content-Transfer-Encoding"), "(none)");
  EXPECT_TRUE(parsed.root.content_type.is("multipart", "report"));
  EXPECT_EQ(mime::find_parameter(parsed.root.content_type.parameters, "report-type"), "delivery-status");
  EXPECT_FALSE(parsed.notification.eight_bit);
  EXPECT_FALSE(parsed.notification.smtp_utf8);
}

TEST(Compose, FailureIsToldInPlainWords) {
  auto report = report_on(failed());
  report.trace_id = "4f1c";
  const Parsed parsed{report};
  EXPECT_EQ(parsed.type(0), "text/plain");
  EXPECT_EQ(parsed.body(0),
            "This is the mail system at mail.example.org.\r\n"
            "\r\n"
            "Your message \"Lunch\" of Sun, 22 Nov 2026 09:00 UTC could not be\r\n"
            "delivered to this address:\r\n"
            "\r\n"
            "  <bob@example.net>\r\n"
            "    There is no mailbox with this address. Check how it is spelt, or ask\r\n"
            "    the recipient another way.\r\n"
            "    mx.example.net said:\r\n"
            "      550 5.1.1 No such user\r\n"
            "\r\n"
            "We have given up and will not try again. To send the message when the\r\n"
            "trouble is over, send it anew.\r\n"
            "\r\n"
            "The technical details are attached, and so is the header of your\r\n"
            "message. If you ask your postmaster about it, name the reference 4f1c.\r\n");
}

// RFC 3461 §10.7, with the fields in RFC 3464's order and what it leaves out.
TEST(Compose, FailedDsnForCarol) {
  auto carol = recipient("Carol", "Ivory.EDU", Action::failed, {5, 0, 0});
  carol.original_recipient = {"rfc822", "Carol@Ivory.EDU"};
  carol.remote_mta = "Ivory.EDU";
  carol.diagnostic = "550 error - no such recipient";
  auto report = report_on(carol);
  report.reporting_mta = "Example.ORG";
  report.envelope_id = "QQ314159";
  const Parsed parsed{report};
  EXPECT_EQ(parsed.type(1), "message/delivery-status");
  EXPECT_EQ(parsed.part(1).transfer_encoding, "7bit");
  EXPECT_EQ(parsed.group(0), (Lines{"Original-Envelope-Id: QQ314159", "Reporting-MTA: dns; Example.ORG"}));
  EXPECT_EQ(parsed.group(1),
            (Lines{"Original-Recipient: rfc822;Carol@Ivory.EDU", "Final-Recipient: rfc822;Carol@Ivory.EDU",
                   "Action: failed", "Status: 5.0.0", "Remote-MTA: dns; Ivory.EDU",
                   "Diagnostic-Code: smtp; 550 error - no such recipient"}));
  EXPECT_EQ(parsed.group(2), Lines{"(no such group)"});
}

// RFC 3461 §10.8.
TEST(Compose, RelayedDsnForDana) {
  auto dana = recipient("Dana", "Ivory.EDU", Action::relayed, {2, 0, 0});
  dana.original_recipient = {"rfc822", "Dana@Ivory.EDU"};
  auto report = report_on(dana);
  report.reporting_mta = "Ivory.EDU";
  report.return_whole = true;
  const Parsed parsed{report};
  EXPECT_EQ(parsed.group(1), (Lines{"Original-Recipient: rfc822;Dana@Ivory.EDU",
                                    "Final-Recipient: rfc822;Dana@Ivory.EDU", "Action: relayed", "Status: 2.0.0"}));
  EXPECT_EQ(parsed.field("Subject"), "Handed on: your message to Dana@Ivory.EDU");
  EXPECT_EQ(parsed.type(2), "text/rfc822-headers");  // nothing failed
  EXPECT_NE(parsed.body(0).find("does not confirm"), std::string::npos);
}

TEST(Compose, EveryFieldStandsInTheOrderOfTheRfc) {
  auto delayed = recipient("sam", "boondoggle.example", Action::delayed, {4, 4, 1});
  delayed.original_recipient = {"rfc822", "George@tax.example"};
  delayed.remote_mta = "mx.boondoggle.example";
  delayed.explanation = "Connection timed out";
  delayed.last_attempt = kNow - hours{1};
  delayed.will_retry_until = kNow + hours{120};
  auto report = report_on(delayed);
  report.envelope_id = "an  id";
  report.received_from_mta = "laptop.example.org ([192.0.2.1])";
  report.arrival = kNow - hours{4};
  report.trace_id = "4f1c";
  const Parsed parsed{report};
  EXPECT_EQ(parsed.group(0), (Lines{"Original-Envelope-Id: an  id", "Reporting-MTA: dns; mail.example.org",
                                    "Received-From-MTA: dns; laptop.example.org ([192.0.2.1])",
                                    "Arrival-Date: Sun, 22 Nov 2026 06:00:00 +0000"}));
  EXPECT_EQ(parsed.group(1),
            (Lines{"Original-Recipient: rfc822;George@tax.example",
                   "Final-Recipient: rfc822;sam@boondoggle.example", "Action: delayed", "Status: 4.4.1",
                   "Remote-MTA: dns; mx.boondoggle.example", "Diagnostic-Code: x-posthaste; Connection timed out",
                   "Last-Attempt-Date: Sun, 22 Nov 2026 09:00:00 +0000", "Final-Log-ID: 4f1c",
                   "Will-Retry-Until: Fri, 27 Nov 2026 10:00:00 +0000"}));
  EXPECT_EQ(parsed.field("Subject"), "Delayed: your message to sam@boondoggle.example");
  const auto text = parsed.body(0);
  for (const char* words :
       {"has not been\r\ndelivered yet to this address:\r\n", "You wrote to George@tax.example.",
        "does not answer.\r\n", "What we saw at mx.boondoggle.example:\r\n      Connection timed out",
        "We keep trying until Fri, 27 Nov 2026 10:00 UTC.", "You need not send the message again"}) {
    EXPECT_NE(text.find(words), std::string::npos) << words << "\n" << text;
  }
}

TEST(Compose, WillRetryUntilIsForDelaysAlone) {
  auto gone = failed();
  gone.will_retry_until = kNow;
  for (const auto& field : Parsed{report_on(gone)}.group(1)) EXPECT_FALSE(field.starts_with("Will-Retry")) << field;
}

TEST(Compose, RecipientsOfAllKindsShareAReport) {
  auto report = report_on(recipient("d", "example.net", Action::delivered, {2, 1, 5}));
  report.recipients.push_back(recipient("x", "example.net", Action::expanded, {}));
  report.recipients.push_back(recipient("f", "example.net", Action::failed, {5, 2, 2}));
  report.recipients.push_back(recipient("g", "example.net", Action::failed, {}));
  report.recipients.push_back(recipient("l", "example.net", Action::delayed, {}));
  report.return_whole = true;
  const Parsed parsed{report};
  EXPECT_EQ(parsed.field("Subject"), "Not delivered: your message to 5 recipients");
  const char* expected[][3] = {{"d", "delivered", "2.1.5"},
                               {"x", "expanded", "2.0.0"},
                               {"f", "failed", "5.2.2"},
                               {"g", "failed", "5.0.0"},  // RFC 3461 §6.3 (g)
                               {"l", "delayed", "4.0.0"}};
  for (std::size_t i = 0; i < 5; ++i) {
    const auto& [name, action, status] = expected[i];
    EXPECT_EQ(parsed.group(i + 1), (Lines{std::string{"Final-Recipient: rfc822;"} + name + "@example.net",
                                          std::string{"Action: "} + action, std::string{"Status: "} + status}));
  }
  EXPECT_EQ(parsed.type(2), "message/rfc822");
  EXPECT_EQ(parsed.raw_body(2), kOriginal);
  const auto text = parsed.body(0);
  EXPECT_NE(text.find("to these 2 addresses:"), std::string::npos) << text;
  EXPECT_LT(text.find("<f@example.net>"), text.find("<l@example.net>"));
  EXPECT_LT(text.find("<l@example.net>"), text.find("<d@example.net>"));
}

struct CodeCase {
  smtp::EnhancedCode status;
  const char* words;
};

TEST(Compose, CodesAreExplained) {
  const CodeCase cases[] = {
      {{5, 1, 1}, "There is no mailbox with this address."},
      {{5, 1, 2}, "does not exist"},
      {{5, 1, 10}, "takes no mail at all"},
      {{4, 2, 2}, "The recipient's mailbox is full."},
      {{5, 3, 4}, "too large"},
      {{4, 4, 1}, "does not answer"},
      {{5, 4, 6}, "in a circle"},
      {{4, 4, 7}, "in the time that is allowed"},
      {{5, 7, 23}, "could not verify"},
      {{5, 7, 99}, "because of its security rules"},  // by its subject
      {{5, 9, 9}, "not known more exactly"},
      {{5, 0, 0}, "not known more exactly"},
  };
  for (const auto& [status, words] : cases) {
    auto text = Parsed{report_on(recipient("bob", "example.net", Action::failed, status))}.body(0);
    for (auto fold = text.find("\r\n    "); fold != text.npos; fold = text.find("\r\n    "))
      text.replace(fold, 6, " ");
    EXPECT_NE(text.find(words), std::string::npos) << to_string(status) << "\n" << text;
  }
}

TEST(Returned, HeaderUnlessAskedForTheWhole) {
  const Parsed parsed{report_on(failed())};
  EXPECT_EQ(parsed.type(2), "text/rfc822-headers");
  EXPECT_EQ(parsed.raw_body(2), kOriginalHeader);
}

TEST(Returned, WholeWhenAskedForAndFailed) {
  auto report = report_on(failed());
  report.return_whole = true;
  const Parsed parsed{report};
  EXPECT_EQ(parsed.type(2), "message/rfc822");
  EXPECT_EQ(parsed.raw_body(2), kOriginal);
  EXPECT_NE(parsed.body(0).find("attached, and so is your message."), std::string::npos);
}

TEST(Returned, LongMessageGivesItsHeader) {
  std::string original{kOriginal};
  while (original.size() < kReturnedMessageMaxOctets) original += "0123456789\r\n";
  original.resize(kReturnedMessageMaxOctets);
  auto report = report_on(failed());
  report.return_whole = true;
  report.original = original;
  EXPECT_EQ(Parsed{report}.raw_body(2), original);
  original += "\n";
  report.original = original;
  EXPECT_EQ(Parsed{report}.raw_body(2), kOriginalHeader);
}

TEST(Returned, LongHeaderIsCutAtALine) {
  std::string original = "Subject: a\r\n";
  while (original.size() < kReturnedHeaderMaxOctets + 100) original += "X-Field: 0123456789\r\n";
  original += "\r\nbody\r\n";
  auto report = report_on(failed());
  report.original = original;
  const auto body = std::string{Parsed{report}.raw_body(2)};
  EXPECT_LE(body.size(), kReturnedHeaderMaxOctets);
  EXPECT_GT(body.size(), kReturnedHeaderMaxOctets - 30);
  EXPECT_TRUE(body.ends_with("X-Field: 0123456789\r\n"));
}

TEST(Returned, EightBitBodyIsSaidToBeSo) {
  const std::string original = std::string{kOriginal} + "Gr\xc3\xbc\xc3\x9f\x65\r\n";
  auto report = report_on(failed());
  report.original = original;
  report.return_whole = true;
  const Parsed parsed{report};
  EXPECT_TRUE(parsed.notification.eight_bit);
  EXPECT_FALSE(parsed.notification.smtp_utf8);
  EXPECT_EQ(parsed.type(2), "message/rfc822");
  EXPECT_EQ(parsed.part(2).transfer_encoding, "8bit");
  EXPECT_EQ(parsed.field("Content-Transfer-Encoding"), "8bit");
  EXPECT_EQ(parsed.raw_body(2), original);
}

struct OriginalCase {
  const char* name;
  std::string original;
  std::string header;  // what of it comes back, encoded or not
};

TEST(Returned, WhatCannotStandComesBackEncoded) {
  const OriginalCase cases[] = {
      {"BareLfInBody", "Subject: a\r\n\r\nb\nc\r\n", "Subject: a\r\n"},
      {"BareCrInBody", "Subject: a\r\n\r\nb\rc\r\n", "Subject: a\r\n"},
      {"NulInBody", {"Subject: a\r\n\r\n\0\r\n", 17}, "Subject: a\r\n"},
      {"LongLineInBody", "Subject: a\r\n\r\n" + std::string(999, 'x') + "\r\n", "Subject: a\r\n"},
      {"BareLfInHeader", "Subject: a\nTo: b\r\n\r\nc\r\n", "Subject: a\nTo: b\r\n"},
      {"BareCrInHeader", "Subject: a\rb\r\n\r\nc\r\n", "Subject: a\rb\r\n"},
      {"NulInHeader", {"Subject: a\0b\r\n\r\nc\r\n", 20}, {"Subject: a\0b\r\n", 14}},
      {"LongLineInHeader", "Subject: " + std::string(2'000, 'x') + "\r\n\r\nc\r\n",
       "Subject: " + std::string(2'000, 'x') + "\r\n"},
      {"EightBitInHeader", "Subject: \xe4\r\n\r\nc\r\n", "Subject: \xe4\r\n"},
      {"NoBody", "Subject: a\r\n", "Subject: a\r\n"},
      {"NoLineEnd", "Subject: a", "Subject: a"},
      {"OnlyLineFeeds", "Subject: a\n\nbody\n", "Subject: a\n"},
      {"NoField", "garbage\r\n\r\nc\r\n", "garbage\r\n"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    auto report = report_on(failed());
    report.original = c.original;
    const Parsed parsed{report};
    ASSERT_EQ(parsed.root.children.size(), 3U);
    EXPECT_EQ(parsed.type(2), "text/rfc822-headers");
    EXPECT_EQ(parsed.body(2), c.header);
    EXPECT_FALSE(has_eight_bit(parsed.octets()));
    report.return_whole = true;
    EXPECT_FALSE(has_eight_bit(Parsed{report}.octets()));
  }
}

TEST(Returned, NothingIsLeftOut) {
  for (const char* original : {"", "\r\n", "\r\nbody\r\n", "\n\nbody"}) {
    auto report = report_on(failed());
    report.original = original;
    EXPECT_EQ(Parsed{report}.root.children.size(), 2U) << original;
  }
}

TEST(Returned, NoMessageEndsTheReportEarly) {
  const std::string original = std::string{kOriginal} + "--report-Jq3xRandom\r\n--report-Jq3xRandom---\r\n";
  auto report = report_on(failed());
  report.original = original;
  report.return_whole = true;
  const Parsed parsed{report};
  ASSERT_EQ(parsed.root.children.size(), 3U);
  EXPECT_EQ(parsed.raw_body(2), original);
}

TEST(International, AddressesStandInTheirUtf8Form) {
  auto user = recipient("\xce\xb1", "example.net", Action::failed, {5, 1, 1});
  user.original_recipient = {"utf-8", "\xce\xb1@example.net"};
  user.diagnostic = "550 5.1.1 \xce\xb1?";
  auto report = report_on(user);
  report.smtp_utf8 = true;
  const Parsed parsed{report};
  EXPECT_EQ(parsed.type(1), "message/global-delivery-status");
  EXPECT_EQ(parsed.part(1).transfer_encoding, "8bit");
  EXPECT_EQ(parsed.group(1),
            (Lines{"Original-Recipient: utf-8;\xce\xb1@example.net", "Final-Recipient: utf-8;\xce\xb1@example.net",
                   "Action: failed", "Status: 5.1.1", "Diagnostic-Code: smtp; 550 5.1.1 \\xce\\xb1?"}));
  EXPECT_EQ(parsed.field("Subject"), "Not delivered: your message to \xce\xb1@example.net");
  EXPECT_EQ(parsed.part(0).transfer_encoding, "quoted-printable");
  EXPECT_NE(parsed.body(0).find("  <\xce\xb1@example.net>\r\n"), std::string::npos);
  EXPECT_NE(parsed.body(0).find("550 5.1.1 \xce\xb1?\r\n"), std::string::npos);
  EXPECT_TRUE(parsed.notification.smtp_utf8);
  EXPECT_TRUE(parsed.notification.eight_bit);
}

// RFC 6533 §3: in a message/delivery-status the 7-bit form MUST be used.
TEST(International, AddressesStandInTheirAsciiFormForASenderWithoutSmtpUtf8) {
  auto user = recipient("\xce\xb1", "example.net", Action::failed, {5, 6, 7});
  user.original_recipient = {"utf-8", "a b@example.net"};
  const Parsed parsed{report_on(user)};
  EXPECT_EQ(parsed.type(1), "message/delivery-status");
  EXPECT_EQ(parsed.group(1)[0], "Original-Recipient: utf-8;a\\x{20}b@example.net");
  EXPECT_EQ(parsed.group(1)[1], "Final-Recipient: utf-8;\\x{3B1}@example.net");
  EXPECT_EQ(parsed.field("Subject"), "Not delivered: your message");
  EXPECT_FALSE(has_eight_bit(parsed.octets()));
}

TEST(International, HeaderComesBackAsItIs) {
  const std::string original = "Subject: \xc3\xa4\r\n\r\nc\r\n";
  auto report = report_on(failed());
  report.original = original;
  report.smtp_utf8 = true;
  const Parsed parsed{report};
  EXPECT_EQ(parsed.type(1), "message/delivery-status");
  EXPECT_EQ(parsed.type(2), "message/global-headers");
  EXPECT_EQ(parsed.part(2).transfer_encoding, "8bit");
  EXPECT_EQ(parsed.raw_body(2), "Subject: \xc3\xa4\r\n");
  EXPECT_TRUE(parsed.notification.smtp_utf8);
  report.return_whole = true;
  const Parsed whole{report};
  EXPECT_EQ(whole.type(2), "message/global");
  EXPECT_EQ(whole.raw_body(2), original);
}

TEST(International, HeaderInAnotherCharsetIsEncoded) {
  auto report = report_on(failed());
  report.original = "Subject: \xe4\r\n\r\nc\r\n";
  report.smtp_utf8 = true;
  report.return_whole = true;
  const Parsed parsed{report};
  EXPECT_EQ(parsed.type(2), "text/rfc822-headers");
  EXPECT_EQ(parsed.body(2), "Subject: \xe4\r\n");
  EXPECT_FALSE(has_eight_bit(parsed.octets()));
}

TEST(International, SenderBeyondAsciiCanTakeUtf8) {
  auto report = report_on(failed());
  report.to = {"\xce\xb1", "example.org"};
  const Parsed parsed{report};
  EXPECT_EQ(parsed.field("To"), "<\xce\xb1@example.org>");
  EXPECT_TRUE(parsed.notification.smtp_utf8);
  EXPECT_FALSE(parsed.notification.eight_bit);
}

TEST(International, DecodedSubjectIsEncodedAgain) {
  auto report = report_on(failed());
  report.original = "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\n";
  const Parsed parsed{report};
  EXPECT_EQ(parsed.part(0).transfer_encoding, "quoted-printable");
  EXPECT_EQ(mime::find_parameter(parsed.part(0).content_type.parameters, "charset"), "utf-8");
  EXPECT_NE(parsed.body(0).find("Your message \"Gr\xc3\xbc\xc3\x9f"
                                "e\" could"),
            std::string::npos)
      << parsed.body(0);
  EXPECT_FALSE(has_eight_bit(parsed.octets()));
}

/// The fields of a failed recipient have these names and no others, whatever strangers said.
void expect_no_more_fields(const Parsed& parsed) {
  for (const auto& field : parsed.group(1)) {
    const auto name = field.substr(0, field.find(':'));
    const char* known[] = {"Original-Recipient", "Final-Recipient", "Action",      "Status",
                           "Remote-MTA",         "Diagnostic-Code", "Final-Log-ID"};
    EXPECT_NE(std::ranges::find(known, name), std::end(known)) << field;
  }
  EXPECT_EQ(parsed.group(2), Lines{"(no such group)"});
  EXPECT_EQ(parsed.root.children.size(), 3U);
}

TEST(Strangers, CanAddNoFieldsAndNoParts) {
  const std::string attacks[] = {
      "550 no\r\nAction: delivered",
      "550 no\r\n\r\nFinal-Recipient: rfc822;x@y",
      "550\nStatus: 2.0.0",
      "550\rX: y",
      std::string{"550 a\0b", 7},
      "550 \x1b[2J\x7f",
      "550 \xff\xfe",
      "550 \xc2\x9b"
      "31m",
      "550 a\r\n--report-Jq3xRandom\r\n\r\nb",
      std::string(100'000, 'x'),
      std::string(100'000, ' ') + "x",
      std::string(5'000, '\n'),
      "   ",
  };
  for (const auto& attack : attacks) {
    SCOPED_TRACE(escaped(attack, 40));
    auto user = failed();
    user.diagnostic = attack;
    user.remote_mta = attack;
    user.original_recipient = {"rfc822", attack};
    auto report = report_on(user);
    report.trace_id = attack;
    report.received_from_mta = attack;
    report.envelope_id = attack;
    const Parsed parsed{report};
    expect_no_more_fields(parsed);
    EXPECT_EQ(parsed.group(0).size(), 3U);
    EXPECT_EQ(parsed.body(0).find('\x1b'), std::string::npos);
    EXPECT_FALSE(has_eight_bit(parsed.octets()));
  }
}

TEST(Strangers, LongRepliesAreFoldedAndCut) {
  auto user = failed();
  user.diagnostic = "550";
  for (int i = 0; i < 1'000; ++i) user.diagnostic += " word";
  const Parsed parsed{report_on(user)};
  const auto fields = parsed.group(1);
  EXPECT_TRUE(fields[4].ends_with("...")) << fields[4];
  EXPECT_LE(fields[4].size(), kDiagnosticMaxOctets + 40);
  std::string_view body = parsed.raw_body(1);
  for (; !body.empty(); body.remove_prefix(body.find(kCrlf) + 2)) EXPECT_LE(body.find(kCrlf), 78U);
}

TEST(Strangers, StrangeMessageIdsAreNotRepeated) {
  for (const char* id : {"1@example.org", "<>", "<a b@c>", "<a@b> <c@d>", "<a@b", "<\xc3\xa4@b>", ""}) {
    const std::string original = std::string{"Message-ID: "} + id + "\r\n\r\n";
    auto report = report_on(failed());
    report.original = original;
    EXPECT_EQ(Parsed{report}.field("In-Reply-To"), "(none)") << id;
  }
}

TEST(Names, QuotedLocalPartsStayQuoted) {
  auto report = report_on(recipient("b  ob\"", "example.net", Action::failed, {5, 1, 1}));
  report.to = {"a lice", "example.org"};
  const Parsed parsed{report};
  EXPECT_EQ(parsed.field("To"), "<\"a lice\"@example.org>");
  EXPECT_EQ(parsed.group(1)[0], "Final-Recipient: rfc822;\"b  ob\\\"\"@example.net");
}

// RFC 3461 §6.3 (b).
TEST(Names, HostWithoutAFullNameIsNoDnsName) {
  auto user = failed();
  user.remote_mta = "/run/lmtp.sock";
  auto report = report_on(user);
  report.reporting_mta = "laptop";
  const Parsed parsed{report};
  EXPECT_EQ(parsed.group(0)[0], "Reporting-MTA: x-local-hostname; laptop");
  EXPECT_EQ(parsed.group(1)[3], "Remote-MTA: x-local-hostname; /run/lmtp.sock");
}

TEST(Names, LongAddressesFit) {
  const std::string domain =
      std::string(63, 'd') + "." + std::string(63, 'e') + "." + std::string(63, 'f') + ".org";
  const auto report = report_on(recipient(std::string(64, 'l'), domain, Action::failed, {5, 1, 1}));
  const Parsed parsed{report};
  EXPECT_EQ(parsed.group(1)[0], "Final-Recipient: rfc822;" + std::string(64, 'l') + "@" + domain);
}

}  // namespace
}  // namespace posthaste::dsn
