// MAIL and RCPT: who sends to whom, and who may (RFC 5321 §3.3, RFC 6409 §4, §6.1).
#include <algorithm>
#include <array>
#include <utility>

#include "common/net/random.h"
#include "smtpd/session.h"

namespace posthaste::smtpd {
namespace {

/// 64 random bits in hexadecimal digits.
std::string mint_trace_id(net::Random& random) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string id;
  for (std::uint64_t bits = random.next(); id.size() < 16; bits >>= 4) id += kDigits[bits & 15];
  return id;
}

}  // namespace

std::optional<smtp::Reply> Session::refuse_mail(const smtp::Mail& mail) const {
  const auto& config = context_.config;
  if (!client_) return reply_for(Refusal::greeting_first);
  if (transaction_) return reply_for(Refusal::transaction_open);
  if (is_submission()) {
    if (stream_.tls() == nullptr && config.submission.require_tls) return reply_for(Refusal::tls_first);
    if (!identity_) return reply_for(Refusal::auth_first);
  }
  if (mail.parameters.body == smtp::Body::binary_mime) return reply_for(Refusal::binary_mime);
  if (mail.parameters.ret || mail.parameters.envid) return reply_for(Refusal::dsn);
  if (mail.parameters.size > config.smtp.message_max_octets) return reply_for(Refusal::message_too_large);
  if (!identity_) return std::nullopt;
  const auto delimiter = delimiter_of(config.delivery.recipient_delimiter);
  const auto sender = check_sender(context_.directory, identity_->id, mail.reverse_path, delimiter);
  if (!sender) return reply_for(sender.error());
  return std::nullopt;
}

Session::Pending Session::on(smtp::Mail mail) {
  if (auto refusal = refuse_mail(mail)) return Answer{std::move(refusal)};
  transaction_.emplace(Transaction{.trace_id = mint_trace_id(context_.world.random),
                                   .reverse_path = std::move(mail.reverse_path),
                                   .announced_octets = mail.parameters.size.value_or(0),
                                   .body = mail.parameters.body,
                                   .smtp_utf8 = mail.parameters.smtp_utf8,
                                   .forward_paths = {},
                                   .chunks = std::nullopt});
  return Answer{smtp::Reply{250, {2, 1, 0}, "Sender OK"}};
}

std::optional<Refusal> Session::refuse_rcpt(const smtp::Rcpt& rcpt) const {
  if (!transaction_) return Refusal::mail_first;
  if (transaction_->chunks) return Refusal::chunks_begun;
  if (rcpt.parameters.notify || rcpt.parameters.orcpt) return Refusal::dsn;
  if (transaction_->forward_paths.size() >= context_.config.smtp.recipients_max)
    return Refusal::too_many_recipients;
  return std::nullopt;
}

Session::Pending Session::on(smtp::Rcpt rcpt) {
  if (const auto refusal = refuse_rcpt(rcpt)) return Answer{reply_for(*refusal)};
  auto* mailbox = std::get_if<smtp::Mailbox>(&rcpt.forward_path);
  if (mailbox == nullptr) return add_postmaster();
  return add_recipient(std::move(*mailbox));
}

Session::Pending Session::add_recipient(smtp::Mailbox mailbox) {
  const auto delimiter = delimiter_of(context_.config.delivery.recipient_delimiter);
  const auto checked = check_recipient(context_.directory, mailbox, delimiter, identity_.has_value());
  if (!checked) return Answer{refuse_recipient(mailbox, reply_for(checked.error()))};
  if (context_.verifier.is_verified(address_of(mailbox))) return Answer{accept_recipient(std::move(mailbox))};
  return verify_recipient(std::move(mailbox));
}

net::Task<Session::Answer> Session::verify_recipient(smtp::Mailbox mailbox) {
  const auto octets = transaction_->announced_octets;
  const auto announced = octets != 0 ? std::optional{octets} : std::nullopt;
  const auto verified = co_await context_.verifier.verify(address_of(mailbox), announced);
  if (!verified) co_return Answer{refuse_recipient(mailbox, reply_for(verified.error()))};
  co_return Answer{accept_recipient(std::move(mailbox))};
}

smtp::Reply Session::accept_recipient(smtp::Mailbox mailbox) {
  auto& paths = transaction_->forward_paths;
  if (std::ranges::find(paths, mailbox) == paths.end()) paths.push_back(std::move(mailbox));
  return {250, {2, 1, 5}, "Recipient OK"};
}

smtp::Reply Session::refuse_recipient(const smtp::Mailbox& mailbox, smtp::Reply reply) {
  context_.log.info("smtp.recipient.refused", {{"trace", transaction_->trace_id},
                                               {"client", stream_.peer().address},
                                               {"from", to_string(transaction_->reverse_path)},
                                               {"recipient", to_string(mailbox)},
                                               {"code", reply.code},
                                               {"reason", reply.lines.front()}});
  const bool enough = ++refused_recipients_ >= kRefusedRecipientsMax;
  return enough ? reply_for(Refusal::too_many_errors) : reply;
}

net::Task<Session::Answer> Session::add_postmaster() {
  auto look_up = [this] { return postmaster_domain(context_.directory, context_.config.hostname); };
  auto domain = co_await context_.world.io.run(context_.world.loop, std::move(look_up));
  if (!domain) co_return Answer{reply_for(Refusal::no_postmaster)};
  auto pending = add_recipient({"postmaster", std::move(*domain)});
  co_return co_await pending;
}

}  // namespace posthaste::smtpd
