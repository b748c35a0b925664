#include "smtpd/notification.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "smtpd/mint.h"

namespace posthaste::smtpd {
namespace {

/// A notification of a notification is for the postmaster, tells of failures alone, and is the last of its kind.
void leave_out_what_nobody_asked_for(Notice& notice) {
  if (notice.about.reverse_path) return;
  std::erase_if(notice.reports, [&](const dsn::RecipientReport& report) {
    return report.action != dsn::Action::failed || report.final_recipient == notice.to ||
           std::ranges::find(notice.targets, report.final_recipient) != notice.targets.end();
  });
}

}  // namespace

std::string beginning_of(const std::vector<queue::SharedOctets>& message) {
  constexpr std::size_t kMaxOctets = 2 * dsn::kReturnedMessageMaxOctets;
  std::string octets;
  for (const auto& piece : message) octets += piece.octets.substr(0, kMaxOctets - octets.size());
  return octets;
}

std::optional<queue::Add> notification(const std::string& hostname, Notice notice, WallTime now,
                                       net::Random& random) {
  leave_out_what_nobody_asked_for(notice);
  if (notice.reports.empty()) return std::nullopt;
  const auto in_seconds = [](WallTime time) { return std::chrono::floor<std::chrono::seconds>(time); };
  std::string trace_id = mint_trace_id(random);
  // RFC 3461 §4.3 leaves it to us what to return to who has not said; most want to see what they wrote.
  const bool whole = notice.about.ret.value_or(smtp::Return::full) == smtp::Return::full;
  const dsn::Report report{.reporting_mta = hostname,
                           .to = notice.to,
                           .envelope_id = notice.about.envid,
                           .received_from_mta = {},
                           .arrival = in_seconds(notice.about.arrived),
                           .now = in_seconds(now),
                           .trace_id = notice.about.trace_id,
                           .unique = trace_id,
                           .recipients = std::move(notice.reports),
                           .original = notice.original,
                           .return_whole = whole,
                           .smtp_utf8 = notice.about.smtp_utf8};
  dsn::Notification message = dsn::compose(report);
  queue::Add add{.envelope = {.trace_id = std::move(trace_id),
                              .delivery_id = mint_delivery_id(random, now),
                              .reverse_path = std::nullopt,
                              .body = {},
                              .smtp_utf8 = message.smtp_utf8,
                              .ret = {},
                              .envid = {},
                              .arrived = now},
                 .recipients = {},
                 .message = {}};
  if (message.eight_bit) add.envelope.body = smtp::Body::eight_bit_mime;
  for (auto& target : notice.targets) {
    queue::QueuedRecipient recipient;
    recipient.recipient.mailbox = std::move(target);
    recipient.recipient.notify = smtp::Notify{};  // NEVER: it asks for no notification itself (RFC 3461 §6.1)
    recipient.status.next_attempt = now;
    add.recipients.push_back(std::move(recipient));
  }
  add.message.push_back(queue::share(std::move(message.octets)));
  return add;
}

}  // namespace posthaste::smtpd
