// MAIL and RCPT: who sends to whom, and who may (RFC 5321 §3.3, RFC 6409 §4, §6.1).
#include <utility>

#include "common/base/octets.h"
#include "smtpd/mint.h"
#include "smtpd/session.h"

namespace posthaste::smtpd {
std::optional<smtp::Reply> Session::refuse_mail(const smtp::Mail& mail) const {
  const auto& config = context_.config;
  if (!client_) return reply_for(Refusal::greeting_first);
  if (transaction_) return reply_for(Refusal::transaction_open);
  if (is_submission()) {
    if (stream_.tls() == nullptr && config.submission.require_tls) return reply_for(Refusal::tls_first);
    if (!identity_) return reply_for(Refusal::auth_first);
  }
  if (mail.parameters.body == smtp::Body::binary_mime) return reply_for(Refusal::binary_mime);
  if (mail.parameters.size > config.smtp.message_max_octets) return reply_for(Refusal::message_too_large);
  if (!identity_) return std::nullopt;
  const auto delimiter = delimiter_of(config.delivery.recipient_delimiter);
  const auto sender = check_sender(context_.directory, identity_->id, mail.reverse_path, delimiter);
  if (!sender) return reply_for(sender.error());
  return std::nullopt;
}

Session::Pending Session::on(smtp::Mail mail) {
  if (auto refusal = refuse_mail(mail)) return Answer{std::move(refusal)};
  commands_without_mail_ = 0;
  transaction_.emplace(Transaction{.trace_id = mint_trace_id(context_.world.random),
                                   .reverse_path = std::move(mail.reverse_path),
                                   .announced_octets = mail.parameters.size.value_or(0),
                                   .body = mail.parameters.body,
                                   .smtp_utf8 = mail.parameters.smtp_utf8,
                                   .ret = mail.parameters.ret,
                                   .envid = std::move(mail.parameters.envid),
                                   .recipients = {},
                                   .recipient_mailboxes = {},
                                   .chunks = std::nullopt});
  return Answer{smtp::Reply{250, {2, 1, 0}, "Sender OK"}};
}

std::optional<Refusal> Session::refuse_rcpt() const {
  if (!transaction_) return Refusal::mail_first;
  if (transaction_->chunks) return Refusal::chunks_begun;
  if (transaction_->recipients.size() >= context_.config.smtp.recipients_max) return Refusal::too_many_recipients;
  return std::nullopt;
}

Session::Pending Session::on(smtp::Rcpt rcpt) {
  if (const auto refusal = refuse_rcpt()) return Answer{reply_for(*refusal)};
  auto* mailbox = std::get_if<smtp::Mailbox>(&rcpt.forward_path);
  if (mailbox == nullptr) return add_at_own_domain("postmaster", std::move(rcpt.parameters));
  // This very host: by its address (RFC 5321 §4.1.3), and its postmaster by its name, as our reports say it
  // (§4.5.1).
  const bool our_address = smtp::address_in_literal(mailbox->domain) == stream_.local().address;
  const bool our_postmaster =
      iequals(mailbox->domain, context_.config.hostname) && iequals(mailbox->local_part, "postmaster");
  if (our_postmaster) return add_at_own_domain("postmaster", std::move(rcpt.parameters));
  if (our_address) return add_at_own_domain(std::move(mailbox->local_part), std::move(rcpt.parameters));
  return add_recipient(std::move(*mailbox), std::move(rcpt.parameters));
}

Session::Pending Session::add_recipient(smtp::Mailbox mailbox, smtp::RcptParameters parameters) {
  const auto delimiter = delimiter_of(context_.config.delivery.recipient_delimiter);
  auto destinations = find_destinations(context_.directory, mailbox, delimiter, identity_.has_value());
  if (!destinations) return Answer{refuse_recipient(mailbox, reply_for(destinations.error()))};
  AcceptedRecipient recipient{.mailbox = std::move(mailbox),
                              .notify = parameters.notify,
                              .orcpt = std::move(parameters.orcpt),
                              .destinations = std::move(*destinations)};
  // What goes elsewhere, if only in part, is the queue's, which takes it whoever has no room.
  const bool ours = recipient.destinations.elsewhere.empty();
  if (ours && !context_.verifier.is_verified(address_of(recipient.mailbox))) {
    return verify_recipient(std::move(recipient));
  }
  return Answer{accept_recipient(std::move(recipient))};
}

net::Task<Session::Answer> Session::verify_recipient(AcceptedRecipient recipient) {
  const auto octets = transaction_->announced_octets;
  const auto announced = octets != 0 ? std::optional{octets} : std::nullopt;
  const auto verified = co_await context_.verifier.verify(address_of(recipient.mailbox), announced);
  if (!verified) co_return Answer{refuse_recipient(recipient.mailbox, reply_for(verified.error()))};
  co_return Answer{accept_recipient(std::move(recipient))};
}

smtp::Reply Session::accept_recipient(AcceptedRecipient recipient) {
  if (transaction_->recipient_mailboxes.insert(recipient.mailbox).second) {
    transaction_->recipients.push_back(std::move(recipient));
  }
  return {250, {2, 1, 5}, "Recipient OK"};
}

smtp::Reply Session::refuse_recipient(const smtp::Mailbox& mailbox, smtp::Reply reply) {
  const auto& client = stream_.peer().address;
  context_.log.info_by_client(client, "smtp.recipient.refused",
                              {{"trace", transaction_->trace_id},
                               {"client", client},
                               {"from", to_string(transaction_->reverse_path)},
                               {"recipient", to_string(mailbox)},
                               {"code", reply.code},
                               {"reason", reply.lines.front()}});
  const bool enough = ++refused_recipients_ >= kRefusedRecipientsMax;
  return enough ? reply_for(Refusal::too_many_errors) : reply;
}

net::Task<Session::Answer> Session::add_at_own_domain(std::string local_part, smtp::RcptParameters parameters) {
  auto look_up = [this] { return postmaster_domain(context_.directory, context_.config.hostname); };
  auto domain = co_await context_.world.io.run(context_.world.loop, std::move(look_up));
  if (!domain) co_return Answer{reply_for(Refusal::no_postmaster)};
  smtp::Mailbox mailbox{std::move(local_part), std::move(*domain)};
  auto pending = add_recipient(std::move(mailbox), std::move(parameters));
  co_return co_await pending;
}

}  // namespace posthaste::smtpd
