#include "smtpd/settlement.h"

#include <chrono>
#include <optional>
#include <utility>

namespace posthaste::smtpd {
namespace {

constexpr smtp::EnhancedCode kDeliveryTimeExpired{5, 4, 7};  // RFC 3463 §3.5

std::chrono::sys_seconds in_seconds(WallTime time) { return std::chrono::floor<std::chrono::seconds>(time); }

dsn::Action action_of(queue::Fate fate) {
  switch (fate) {
    case queue::Fate::waiting: return dsn::Action::delayed;
    case queue::Fate::delivered: return dsn::Action::delivered;
    case queue::Fate::relayed: return dsn::Action::relayed;
    case queue::Fate::failed:
    case queue::Fate::dropped: return dsn::Action::failed;
  }
  std::unreachable();
}

/// RFC 3461 §4.1: who has not said anything hears of failures and of delays.
bool is_wanted(const std::optional<smtp::Notify>& notify, dsn::Action action) {
  switch (action) {
    case dsn::Action::failed: return !notify || notify->failure;
    case dsn::Action::delayed: return !notify || notify->delay;
    case dsn::Action::delivered:
    case dsn::Action::relayed:
    case dsn::Action::expanded: return notify && notify->success;
  }
  std::unreachable();
}

/// The reply's own code where it agrees with what became of the recipient (RFC 3464 §2.3.4).
smtp::EnhancedCode status_of(const smtp::Reply& reply, dsn::Action action) {
  const int status_class = action == dsn::Action::failed ? 5 : action == dsn::Action::delayed ? 4 : 2;
  smtp::EnhancedCode code = reply.enhanced_code.value_or(smtp::EnhancedCode{status_class, 0, 0});
  code.status_class = status_class;
  return code;
}

class Attempt {
 public:
  Attempt(const config::Queue& rules, const queue::Envelope& envelope, Obstacle obstacle, WallTime now,
          net::Random& random)
      : rules_(rules), envelope_(envelope), obstacle_(obstacle), now_(now), random_(random) {}

  void take(const queue::QueuedRecipient& recipient, const relay::Outcome& outcome) {
    queue::Status status = recipient.status;
    ++status.attempts;
    status.last_attempt = now_;
    status.last_host = outcome.host;
    status.last_reply = on_one_line(outcome.reply);
    const bool expired = !relay::is_final(outcome.result) && is_expired(rules_, envelope_.arrived, now_);
    status.fate = fate_of(outcome.result, expired);
    if (status.fate == queue::Fate::waiting) {
      status.next_attempt = now_ + retry_delay(rules_, obstacle_, status.attempts, random_);
    }
    const bool silent = (status.fate == queue::Fate::relayed && outcome.dsn_passed_on) || is_early(status);
    if (!silent) report(recipient.recipient, outcome, status, expired);
    while (settlement_.reported.size() < settlement_.reports.size()) settlement_.reported.push_back(outcome.index);
    settlement_.changes.push_back({outcome.index, std::move(status)});
  }

  Settlement end() { return std::move(settlement_); }

 private:
  static queue::Fate fate_of(relay::Result result, bool expired) {
    switch (result) {
      case relay::Result::not_tried:
      case relay::Result::deferred: return expired ? queue::Fate::failed : queue::Fate::waiting;
      case relay::Result::failed: return queue::Fate::failed;
      case relay::Result::relayed: return queue::Fate::relayed;
      case relay::Result::delivered: return queue::Fate::delivered;
    }
    std::unreachable();
  }

  /// Whether it waits, and there is nothing to tell of it yet, or no more.
  bool is_early(const queue::Status& status) const {
    return status.fate == queue::Fate::waiting &&
           (status.delay_reported || !is_late(rules_, envelope_.arrived, now_));
  }

  void report(const queue::Recipient& recipient, const relay::Outcome& outcome, queue::Status& status,
              bool expired) {
    const dsn::Action action = action_of(status.fate);
    if (action == dsn::Action::delayed) status.delay_reported = true;
    // That a notification could not be delivered is for our postmaster to know, whatever it asks for itself.
    const bool lost = !envelope_.reverse_path && action == dsn::Action::failed;
    if (!lost && !is_wanted(recipient.notify, action)) return;
    dsn::RecipientReport report{.final_recipient = recipient.mailbox,
                                .original_recipient = recipient.orcpt,
                                .action = action,
                                .status = expired ? kDeliveryTimeExpired : status_of(outcome.reply, action),
                                .remote_mta = outcome.host,
                                .diagnostic = {},
                                .explanation = {},
                                .last_attempt = in_seconds(now_),
                                .will_retry_until = {}};
    if (outcome.host.empty()) {
      report.explanation = outcome.reply.lines.front();
    } else {
      report.diagnostic = status.last_reply;
    }
    if (action == dsn::Action::delayed) report.will_retry_until = in_seconds(envelope_.arrived + rules_.expire);
    settlement_.reports.push_back(std::move(report));
  }

  const config::Queue& rules_;
  const queue::Envelope& envelope_;
  const Obstacle obstacle_;
  const WallTime now_;
  net::Random& random_;
  Settlement settlement_;
};

}  // namespace

Settlement settle(const config::Queue& rules, const queue::Envelope& envelope,
                  const std::vector<queue::QueuedRecipient>& recipients,
                  const std::vector<relay::Outcome>& outcomes, Obstacle obstacle, WallTime now,
                  net::Random& random) {
  Attempt attempt{rules, envelope, obstacle, now, random};
  for (const auto& outcome : outcomes) attempt.take(recipients.at(outcome.index), outcome);
  return attempt.end();
}

std::string on_one_line(const smtp::Reply& reply) {
  std::string line = std::to_string(reply.code);
  if (reply.enhanced_code) line += ' ' + smtp::to_string(*reply.enhanced_code);
  for (const auto& text : reply.lines) line += ' ' + text;
  return line;
}

}  // namespace posthaste::smtpd
