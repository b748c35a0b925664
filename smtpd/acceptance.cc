#include "smtpd/acceptance.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "common/mime/header.h"
#include "smtpd/carrier.h"
#include "smtpd/dispatcher.h"
#include "smtpd/notification.h"
#include "smtpd/replies.h"
#include "smtpd/settlement.h"

namespace posthaste::smtpd {
namespace {

/// RFC 3461 §5.2.7: what was asked for an alias goes with the message to its targets. With several of them no
/// success is promised, since the sender is told of the expansion instead (§5.2.7.3 (c)).
queue::QueuedRecipient queued(const AcceptedRecipient& recipient, const smtp::Mailbox& target, WallTime now) {
  queue::QueuedRecipient queued{{target, recipient.notify, recipient.orcpt}, {}};
  queued.status.next_attempt = now;
  const auto& [here, elsewhere] = recipient.destinations;
  if (queued.recipient.notify && here.size() + elsewhere.size() > 1) queued.recipient.notify->success = false;
  const bool renamed = target != recipient.mailbox;
  if (renamed && !queued.recipient.orcpt) {
    const std::string address = to_string(recipient.mailbox);
    const bool utf8 = std::ranges::any_of(address, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
    queued.recipient.orcpt = smtp::OriginalRecipient{utf8 ? "utf-8" : "rfc822", address};
  }
  return queued;
}

bool is_expanded(const AcceptedRecipient& recipient) {
  const auto& [here, elsewhere] = recipient.destinations;
  return here.size() + elsewhere.size() > 1;
}

/// Who is written to behind the others' backs (RFC 5322 §3.6.3, §3.6.6), and what only the last server writes (RFC
/// 5321 §4.4).
constexpr std::string_view kNotToBeSent[] = {"Bcc", "Resent-Bcc", "Return-Path"};

class Acceptance {
 public:
  Acceptance(Context& context, AcceptedMessage message)
      : context_(context), message_(std::move(message)), now_(context.world.clock.wall()) {
    MailboxSet known_here;
    MailboxSet known_elsewhere;
    for (const auto& recipient : message_.recipients) {
      for (const auto& target : recipient.destinations.here) add(here_, known_here, recipient, target);
      for (const auto& target : recipient.destinations.elsewhere) add(left_, known_elsewhere, recipient, target);
    }
    const auto octets = message_.octets->view();
    pieces_ = message_.submitted ? mime::without_fields(octets, kNotToBeSent) : std::vector{octets};
    pieces_.insert(pieces_.begin(), message_.added_header);
  }

  net::Task<smtp::Reply> conclude() {
    if (!here_.empty()) {
      const auto replies = co_await deliver_here();
      const bool all_refused = left_.empty() && std::ranges::all_of(replies, smtp::is_permanent);
      if (all_refused) co_return refusal(replies);
    }
    report_expansions();
    co_return co_await enqueue_rest();
  }

 private:
  void add(std::vector<queue::QueuedRecipient>& recipients, MailboxSet& known, const AcceptedRecipient& recipient,
           const smtp::Mailbox& target) {
    if (known.insert(target).second) recipients.push_back(queued(recipient, target, now_));
  }

  net::Task<std::vector<smtp::Reply>> deliver_here() {
    std::vector<smtp::Mailbox> mailboxes;
    mailboxes.reserve(here_.size());
    for (const auto& recipient : here_) mailboxes.push_back(recipient.recipient.mailbox);
    Delivery delivery{.mail = {}, .recipients = mailboxes, .message = pieces_};
    delivery.mail = mail_for(message_.envelope, delivery.octets());
    auto answered = co_await context_.delivery.deliver(delivery);
    if (answered) {
      settle_here(*answered, Obstacle::other_host);
      co_return std::move(*answered);
    }
    context_.log.warning("smtp.delivery.failed",
                         {{"trace", message_.envelope.trace_id}, {"reason", name_of(answered.error())}});
    std::vector<smtp::Reply> replies(here_.size(), reply_for(answered.error()));
    settle_here(replies, Obstacle::our_deliveryd);
    co_return replies;
  }

  void settle_here(const std::vector<smtp::Reply>& replies, Obstacle obstacle) {
    const bool plain =
        std::ranges::all_of(replies, smtp::is_positive) &&
        std::ranges::none_of(here_, [](const auto& recipient) { return recipient.recipient.notify.has_value(); });
    if (plain) return;  // as nearly always
    std::vector<relay::Outcome> outcomes;
    for (std::uint32_t i = 0; i < replies.size(); ++i) {
      relay::Outcome outcome{.index = i,
                             .result = result_of(replies[i]),
                             .reply = replies[i],
                             .host = context_.config.hostname,
                             .address = {}};
      outcomes.push_back(std::move(outcome));
    }
    auto settlement =
        settle(context_.config.queue, message_.envelope, here_, outcomes, obstacle, now_, context_.world.random);
    reports_ = std::move(settlement.reports);
    for (auto& [index, status] : settlement.changes) {
      if (status.fate != queue::Fate::waiting) continue;
      left_.push_back(std::move(here_[index]));
      left_.back().status = std::move(status);
    }
  }

  /// Of everybody, in the words of deliveryd.
  [[nodiscard]] smtp::Reply refusal(const std::vector<smtp::Reply>& replies) const {
    std::vector<smtp::Mailbox> mailboxes;
    for (const auto& recipient : here_) mailboxes.push_back(recipient.recipient.mailbox);
    return refusal_of(mailboxes, replies);
  }

  void report_expansions() {
    for (const auto& recipient : message_.recipients) {
      if (!recipient.notify || !recipient.notify->success || !is_expanded(recipient)) continue;
      reports_.push_back({.final_recipient = recipient.mailbox,
                          .original_recipient = recipient.orcpt,
                          .action = dsn::Action::expanded,
                          .status = {2, 0, 0},
                          .remote_mta = {},
                          .diagnostic = {},
                          .explanation = {},
                          .last_attempt = {},
                          .will_retry_until = {}});
    }
  }

  net::Task<smtp::Reply> enqueue_rest() {
    std::vector<queue::Add> added;
    if (!left_.empty()) added.push_back({message_.envelope, std::move(left_), shared_octets()});
    if (auto report = notification_of()) added.push_back(std::move(*report));
    if (added.empty()) co_return accepted(message_.envelope.trace_id);
    queue::Batch batch(added.begin(), added.end());
    const auto ids = co_await context_.queue.submit(context_.world.loop, std::move(batch), queue::Moment::durable);
    if (!ids) co_return reply_for(ids.error());
    for (std::size_t i = 0; i < added.size(); ++i) {
      log_added(ids->at(i), added[i]);
      context_.dispatcher.take({ids->at(i), std::move(added[i])});
    }
    co_return accepted(message_.envelope.trace_id);
  }

  /// Of a message without a sender nobody is told.
  std::optional<queue::Add> notification_of() {
    if (reports_.empty() || !message_.envelope.reverse_path) return std::nullopt;
    const std::string original = beginning_of(shared_octets());
    const auto& sender = *message_.envelope.reverse_path;
    const auto delimiter = delimiter_of(context_.config.delivery.recipient_delimiter);
    Notice notice{.about = message_.envelope,
                  .reports = std::move(reports_),
                  .original = original,
                  .to = sender,
                  .targets = targets_of(context_.directory, sender, delimiter)};
    return notification(context_.config.hostname, std::move(notice), now_, context_.world.random);
  }

  std::vector<queue::SharedOctets> shared_octets() {
    return {queue::share(message_.added_header), {message_.octets, message_.octets->view()}};
  }

  void log_added(queue::EntryId id, const queue::Add& added) const {
    const bool report = added.envelope.trace_id != message_.envelope.trace_id;
    if (report) {
      context_.log.info("queue.notification.added",
                        {{"trace", added.envelope.trace_id},
                         {"about", message_.envelope.trace_id},
                         {"entry", number(id)},
                         {"to", to_string(added.recipients.front().recipient.mailbox)}});
    } else {
      context_.log.info(
          "queue.message.added",
          {{"trace", added.envelope.trace_id}, {"entry", number(id)}, {"recipients", added.recipients.size()}});
    }
  }

  Context& context_;
  AcceptedMessage message_;
  const WallTime now_;
  std::vector<std::string_view> pieces_;
  std::vector<queue::QueuedRecipient> here_;
  std::vector<queue::QueuedRecipient> left_;  // for the queue
  std::vector<dsn::RecipientReport> reports_;
};

}  // namespace

net::Task<smtp::Reply> accept(Context& context, AcceptedMessage message) {
  Acceptance acceptance{context, std::move(message)};
  co_return co_await acceptance.conclude();
}

}  // namespace posthaste::smtpd
