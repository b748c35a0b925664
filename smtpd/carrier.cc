#include "smtpd/carrier.h"

#include <memory>
#include <string_view>
#include <utility>
#include <variant>

#include "smtpd/replies.h"

namespace posthaste::smtpd {
namespace {

relay::Content content_of(std::vector<queue::SharedOctets> message) {
  auto owner = std::make_shared<const std::vector<queue::SharedOctets>>(std::move(message));
  relay::Content content;
  for (const auto& piece : *owner) content.pieces.push_back(piece.octets);
  content.owner = std::move(owner);
  return content;
}

}  // namespace

relay::Result result_of(const smtp::Reply& reply) noexcept {
  if (smtp::is_positive(reply)) return relay::Result::delivered;
  return smtp::is_permanent(reply) ? relay::Result::failed : relay::Result::deferred;
}

smtp::Mail mail_for(const queue::Envelope& envelope, std::uint64_t octets) {
  smtp::Mail mail{envelope.reverse_path, {}};
  mail.parameters.size = octets;
  mail.parameters.body = envelope.body;
  mail.parameters.smtp_utf8 = envelope.smtp_utf8;
  mail.parameters.delivery_id = envelope.delivery_id;
  mail.parameters.trace_id = envelope.trace_id;
  return mail;
}

net::Task<Carried> Carrier::carry(Consignment consignment) {
  if (std::holds_alternative<OurMailboxes>(consignment.hop)) co_return co_await carry_home(std::move(consignment));
  relay::Message message{.trace_id = std::move(consignment.envelope.trace_id),
                         .reverse_path = std::move(consignment.envelope.reverse_path),
                         .sender = std::move(consignment.sender),
                         .body = consignment.envelope.body,
                         .smtp_utf8 = consignment.envelope.smtp_utf8,
                         .ret = consignment.envelope.ret,
                         .envid = std::move(consignment.envelope.envid),
                         .content = content_of(std::move(consignment.message))};
  auto destination = std::get<relay::Destination>(std::move(consignment.hop));
  Carried carried;
  carried.outcomes =
      co_await relay_->deliver(std::move(destination), std::move(message), std::move(consignment.recipients));
  co_return carried;
}

net::Task<Carried> Carrier::carry_home(Consignment consignment) {
  std::vector<smtp::Mailbox> mailboxes;
  for (const auto& recipient : consignment.recipients) mailboxes.push_back(recipient.mailbox);
  std::vector<std::string_view> pieces;
  for (const auto& piece : consignment.message) pieces.push_back(piece.octets);
  Delivery delivery{.mail = {}, .recipients = mailboxes, .message = pieces};
  delivery.mail = mail_for(consignment.envelope, delivery.octets());
  auto replies = co_await mailboxes_->deliver(delivery);

  Carried carried;
  if (!replies) carried.obstacle = Obstacle::our_deliveryd;
  for (std::size_t i = 0; i < consignment.recipients.size(); ++i) {
    smtp::Reply reply = replies ? std::move((*replies)[i]) : reply_for(replies.error());
    const relay::Result result = result_of(reply);
    relay::Outcome outcome{.index = consignment.recipients[i].index,
                           .result = result,
                           .reply = std::move(reply),
                           .host = replies ? hostname_ : std::string{},
                           .address = {}};
    carried.outcomes.push_back(std::move(outcome));
  }
  co_return carried;
}

net::Task<void> Carrier::carry_and_answer(Consignment consignment, Answer answer) {
  auto carried = co_await carry(std::move(consignment));
  answer(std::move(carried));
}

void Carrier::open(LmtpPool& mailboxes, relay::Relay& relay) {
  mailboxes_ = &mailboxes;
  relay_ = &relay;
  for (auto& [consignment, answer] : std::exchange(early_, {})) start(std::move(consignment), std::move(answer));
}

void Carrier::forget_dead_hosts() {
  if (relay_ != nullptr) relay_->forget_dead_hosts();
}

void Carrier::start(Consignment consignment, Answer answer) {
  if (mailboxes_ == nullptr) {
    early_.push_back({std::move(consignment), std::move(answer)});
    return;
  }
  started_.spawn(carry_and_answer(std::move(consignment), std::move(answer)));
}

}  // namespace posthaste::smtpd
