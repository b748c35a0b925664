// The moment in which a message becomes ours: into the mailboxes, into the queue, or refused (RFC 5321 §4.2.5,
// §6.1).
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "common/net/task.h"
#include "common/smtp/parameters.h"
#include "common/smtp/path.h"
#include "common/smtp/reply.h"
#include "smtpd/context.h"
#include "smtpd/message.h"
#include "smtpd/queue/entry.h"
#include "smtpd/recipients.h"

namespace posthaste::smtpd {

/// Mailboxes, each once.
struct MailboxOrder {
  bool operator()(const smtp::Mailbox& one, const smtp::Mailbox& other) const {
    return std::tie(one.domain, one.local_part) < std::tie(other.domain, other.local_part);
  }
};
using MailboxSet = std::set<smtp::Mailbox, MailboxOrder>;

/// A recipient that RCPT has taken.
struct AcceptedRecipient {
  smtp::Mailbox mailbox;
  std::optional<smtp::Notify> notify;
  std::optional<smtp::OriginalRecipient> orcpt;
  Destinations destinations;
};

/// A message that is whole, and all that is known of it.
struct AcceptedMessage {
  queue::Envelope envelope;
  std::vector<AcceptedRecipient> recipients;
  std::string added_header;
  std::shared_ptr<const MessageOctets> octets;
  bool submitted = false;  // by a user of ours: what is only for the sender's own copy is taken out
};

/// Hands the message to deliveryd for those who live here. What deliveryd can't take now, and all that goes
/// elsewhere, goes into the queue; whom it refuses while others are served, a notification tells the sender of.
/// Returns what the client hears: 250 once everything is durable; 5yz when everybody was refused; 4yz when the
/// queue can't take the rest.
[[nodiscard]] net::Task<smtp::Reply> accept(Context& context, AcceptedMessage message);

}  // namespace posthaste::smtpd
