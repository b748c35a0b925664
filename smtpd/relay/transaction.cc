#include "smtpd/relay/transaction.h"

#include <algorithm>
#include <utility>

#include "common/base/dot_stuffing.h"
#include "common/base/octets.h"
#include "common/smtp/command.h"
#include "smtpd/relay/reply_reader.h"

namespace posthaste::relay {
namespace {

constexpr std::size_t kQueuedMaxOctets = 262'144;    // of a message, before a flush
constexpr std::size_t kChunkMaxOctets = 1'048'576;   // of BDAT: a refusal costs no more than that
constexpr std::size_t kPipelinedMaxOctets = 65'536;  // of a message that goes out before its envelope is answered
constexpr int kServiceClosing = 421;                 // RFC 5321 §3.8
constexpr int kTooManyRecipients = 452;              // RFC 5321 §4.5.3.1.10
constexpr int kTooManyRecipientsOfOld = 552;         // RFC 821's, to be taken for 452

bool is_completion(const smtp::Reply& reply) { return reply.code / 100 == 2; }
bool is_intermediate(const smtp::Reply& reply) { return reply.code / 100 == 3; }  // 354 asks for the message

bool needs_utf8(const smtp::Mailbox& mailbox) {
  return has_eight_bit(mailbox.local_part) || has_eight_bit(mailbox.domain);
}

/// Whether a reply to RCPT may say that the host takes no more in this transaction: 452, and 552 unless its
/// enhanced code, not X.5.3, tells that something else is meant (RFC 5321 §4.5.3.1.10, RFC 3463 §3.6).
bool says_too_many(const smtp::Reply& reply) {
  constexpr int kProtocol = 5;
  constexpr int kTooMany = 3;
  const auto& enhanced = reply.enhanced_code;
  const bool agrees = !enhanced || (enhanced->subject == kProtocol && enhanced->detail == kTooMany);
  return reply.code == kTooManyRecipients || (reply.code == kTooManyRecipientsOfOld && agrees);
}

/// 4yz: perhaps another host does better. 5yz: that is so everywhere.
Answer answer_of(Verdict verdict) {
  const auto next = verdict.result == Result::deferred ? Answer::Next::elsewhere : Answer::Next::none;
  return {next, std::move(verdict)};
}

/// The content from front to back, in views of any length.
class ContentReader {
 public:
  explicit ContentReader(const Content& content) : pieces_(content.pieces) {}

  /// At most `octets_max`, at least one unless nothing is left.
  std::string_view take(std::size_t octets_max) {
    while (!pieces_.empty() && at_ == pieces_.front().size()) {
      pieces_ = pieces_.subspan(1);
      at_ = 0;
    }
    if (pieces_.empty()) return {};
    const auto taken = pieces_.front().substr(at_, octets_max);
    at_ += taken.size();
    return taken;
  }

 private:
  std::span<const std::string_view> pieces_;
  std::size_t at_ = 0;  // of the first one
};

}  // namespace

net::Task<std::vector<Answer>> Transaction::run() {
  client_.answered_ = false;
  auto against_message = reason_against_message();
  if (!against_message) against_message = co_await choose_form();
  for (std::size_t i = 0; i < recipients_.size(); ++i) {
    auto against = against_message ? against_message : reason_against(recipients_[i]);
    if (against) {
      answers_[i] = Answer{Answer::Next::elsewhere, std::move(*against)};
    } else {
      named_.push_back(i);
    }
  }
  if (named_.empty()) co_return collect();
  co_await reset();
  if (!trouble_) co_await send_envelope();
  judge_envelope();
  if (trouble_) co_return collect();
  client_.reset_due_ = accepted_.empty();
  if (accepted_.empty() && !content_begun_) co_return collect();
  if (by_bdat()) {
    co_await send_by_bdat();
  } else {
    co_await send_by_data();
  }
  co_return collect();
}

std::optional<Verdict> Transaction::reason_against_message() {
  const auto& host = client_.address_.host;
  if (auto against = reason_against_size()) return against;
  if (extensions_.smtp_utf8) return std::nullopt;
  if (message_.reverse_path && needs_utf8(*message_.reverse_path)) return utf8_sender_not_taken(host);
  if (message_.smtp_utf8 && traits_.get().header_eight_bit) return utf8_header_not_taken(host);
  return std::nullopt;
}

std::optional<Verdict> Transaction::reason_against_size() const {
  const auto octets = content_->octets();
  const auto octets_max = extensions_.size_max_octets;
  if (octets_max && octets > *octets_max) return too_large(client_.address_.host, octets, *octets_max);
  return std::nullopt;
}

/// A message that was declared so needs BINARYMIME (RFC 3030 §3), any other nothing but BDAT.
bool Transaction::takes_binary() const noexcept {
  return extensions_.chunking && (extensions_.binary_mime || message_.body != smtp::Body::binary_mime);
}

net::Task<std::optional<Verdict>> Transaction::choose_form() {
  const bool too_binary = !takes_binary() && traits_.get().binary;
  const bool too_wide = !extensions_.eight_bit_mime && traits_.get().eight_bit;
  if (!too_binary && !too_wide) co_return std::nullopt;
  const auto& host = client_.address_.host;
  const auto against = too_binary ? binary_not_taken(host) : eight_bit_not_taken(host);
  if (message_.smtp_utf8 && traits_.get().header_eight_bit) co_return against;  // its header stays (RFC 6531 §3.2)
  auto form = co_await seven_bit_.get(client_.address_.endpoint.address);
  if (!form) co_return form.error() == SevenBitForm::Error::no_room ? not_tried() : against;
  content_ = *form;
  co_return reason_against_size();
}

std::optional<Verdict> Transaction::reason_against(const Recipient& recipient) const {
  if (extensions_.smtp_utf8 || !needs_utf8(recipient.mailbox)) return std::nullopt;
  return utf8_recipient_not_taken(client_.address_.host, recipient.mailbox);
}

std::string Transaction::mail_line() {
  smtp::Mail mail{message_.reverse_path, {}};
  auto& parameters = mail.parameters;
  if (extensions_.size) parameters.size = content_->octets();
  parameters.body = declared_body();
  const auto recipient_needs_utf8 = [&](std::size_t i) { return needs_utf8(recipients_[i].mailbox); };
  parameters.smtp_utf8 = (message_.reverse_path && needs_utf8(*message_.reverse_path)) ||
                         std::ranges::any_of(named_, recipient_needs_utf8) ||
                         (message_.smtp_utf8 && traits_.get().header_eight_bit);
  if (extensions_.dsn) {
    parameters.ret = message_.ret;
    parameters.envid = message_.envid;
  }
  return smtp::to_line(mail);
}

std::optional<smtp::Body> Transaction::declared_body() {
  if (!extensions_.eight_bit_mime || content_ != &message_.content) return std::nullopt;
  const bool binary = message_.body == smtp::Body::binary_mime && takes_binary();
  if (binary || message_.body == smtp::Body::eight_bit_mime) return message_.body;
  if (traits_.get().eight_bit) return smtp::Body::eight_bit_mime;
  return std::nullopt;
}

std::string Transaction::rcpt_line(const Recipient& recipient) const {
  smtp::Rcpt rcpt{recipient.mailbox, {}};
  if (extensions_.dsn) rcpt.parameters = {recipient.notify, recipient.orcpt};
  return smtp::to_line(rcpt);
}

net::Task<void> Transaction::reset() {
  if (!std::exchange(client_.reset_due_, false)) co_return;
  client_.stream_.write("RSET\r\n");
  auto reply = co_await read(kCommandTimeout, "the reply to RSET");
  if (reply && !is_completion(*reply)) break_off(Answer::Next::elsewhere, deferred_by_host(std::move(*reply)));
}

net::Task<void> Transaction::send_envelope() {
  std::vector<std::string> commands{mail_line()};
  for (const auto i : named_) commands.push_back(rcpt_line(recipients_[i]));
  if (extensions_.pipelining) {
    co_await send_at_once(std::move(commands));
  } else {
    co_await send_step_by_step(std::move(commands));
  }
}

net::Task<void> Transaction::send_step_by_step(std::vector<std::string> commands) {
  for (const auto& command : commands) {
    client_.stream_.write(command + "\r\n");
    auto reply = co_await read(kCommandTimeout, envelope_.empty() ? "the reply to MAIL" : "the reply to RCPT");
    if (!reply) co_return;
    envelope_.push_back(std::move(*reply));
    if (!is_completion(envelope_.front())) co_return;  // there is nothing for RCPT to add to
  }
}

net::Task<void> Transaction::send_at_once(std::vector<std::string> commands) {
  auto& stream = client_.stream_;
  for (const auto& command : commands) {
    stream.write(command);
    stream.write(kCrlf);
  }
  if (!by_bdat()) {
    stream.write("DATA\r\n");
    content_begun_ = true;
  } else if (fits_into_one_write()) {
    stream.write("BDAT " + std::to_string(content_->octets()) + " LAST\r\n");
    for (const auto piece : content_->pieces) stream.write(piece);
    content_begun_ = content_complete_ = true;
  }
  while (envelope_.size() < commands.size()) {
    auto reply = co_await read(kCommandTimeout, envelope_.empty() ? "the reply to MAIL" : "the reply to RCPT");
    if (!reply) co_return;
    envelope_.push_back(std::move(*reply));
  }
}

bool Transaction::fits_into_one_write() const noexcept { return content_->octets() <= kPipelinedMaxOctets; }

void Transaction::judge_envelope() {
  if (envelope_.empty()) return;
  const auto& mail = envelope_.front();
  if (std::ranges::any_of(envelope_, is_intermediate)) {
    return break_off(Answer::Next::elsewhere,
                     lost(client_.address_.endpoint, ReplyError::malformed, "the replies to MAIL and RCPT"));
  }
  if (!is_completion(mail)) {
    for (const auto i : named_) answers_[i] = answer_of(refused_by_host(mail));
    return;
  }
  for (std::size_t i = 1; i < envelope_.size(); ++i) {
    const auto at = named_[i - 1];
    if (is_completion(envelope_[i])) {
      accepted_.push_back(at);
    } else {
      judge_refused_recipient(at, envelope_[i]);
    }
  }
}

void Transaction::judge_refused_recipient(std::size_t at, const smtp::Reply& reply) {
  auto answer = answer_of(refused_by_host(reply));
  if (says_too_many(reply)) {
    answer = {Answer::Next::elsewhere, deferred_by_host(reply)};
    if (!accepted_.empty()) {
      answer.next = Answer::Next::again;
      client_.recipients_max_ = std::min(client_.recipients_max_, accepted_.size());
    }
  }
  answers_[at] = std::move(answer);
}

net::Task<void> Transaction::send_by_data() {
  auto& stream = client_.stream_;
  if (!content_begun_) stream.write("DATA\r\n");
  auto ready = co_await read(kDataTimeout, "the reply to DATA");
  if (!ready) co_return;
  if (is_completion(*ready)) {
    co_return break_off(Answer::Next::elsewhere,
                        lost(client_.address_.endpoint, ReplyError::malformed, "the reply to DATA"));
  }
  if (!is_intermediate(*ready)) {
    client_.reset_due_ = true;
    co_return refuse_accepted(*ready);
  }
  if (accepted_.empty()) {  // it asks for a message for nobody (RFC 2920 §3.1)
    stream.write(".\r\n");
    auto reply = co_await read(kEndOfDataTimeout, "the reply to a message for nobody");
    static_cast<void>(reply);
    co_return;
  }
  co_await send_data_lines();
  if (!trouble_) co_await read_final_replies();
}

net::Task<void> Transaction::send_data_lines() {
  DotStuffer stuffer;
  ContentReader content{*content_};
  for (auto piece = content.take(kQueuedMaxOctets); !piece.empty(); piece = content.take(kQueuedMaxOctets)) {
    stuffer.feed(piece, client_.stream_.output());
    co_await flush_if_long();
    if (trouble_) co_return;
  }
  stuffer.finish(client_.stream_.output());
  content_complete_ = true;
}

net::Task<void> Transaction::send_by_bdat() {
  if (content_begun_) co_return co_await read_final_replies();
  ContentReader content{*content_};
  auto left = content_->octets();
  do {
    auto chunk_left = std::min<std::uint64_t>(left, kChunkMaxOctets);
    left -= chunk_left;
    client_.stream_.write("BDAT " + std::to_string(chunk_left) + (left == 0 ? " LAST\r\n" : "\r\n"));
    while (chunk_left > 0) {
      const auto piece = content.take(std::min<std::size_t>(chunk_left, kQueuedMaxOctets));
      chunk_left -= piece.size();
      client_.stream_.write(piece);
      co_await flush_if_long();
      if (trouble_) co_return;
    }
    if (left == 0) break;
    auto reply = co_await read(kCommandTimeout, "the reply to BDAT");
    if (!reply) co_return;
    if (!is_completion(*reply)) {  // RFC 3030 §2: no more of it, and RSET
      client_.reset_due_ = true;
      co_return refuse_accepted(*reply);
    }
  } while (left > 0);
  content_complete_ = true;
  co_await read_final_replies();
}

net::Task<void> Transaction::flush_if_long() {
  if (client_.stream_.queued() < kQueuedMaxOctets) co_return;
  client_.stream_.set_timeout(kDataBlockTimeout);
  auto flushed = co_await client_.stream_.flush();
  if (flushed) co_return;
  break_off(Answer::Next::elsewhere,
            lost(client_.address_.endpoint, error_of(flushed.error()), "the host to take the message"));
}

/// One reply for all; LMTP has one for each recipient that was accepted, in the order of RCPT (RFC 2033 §4.2), or
/// one that says that there is none.
net::Task<void> Transaction::read_final_replies() {
  const bool one_each = client_.access_.protocol == FixedHost::Protocol::lmtp && !accepted_.empty();
  const std::size_t count = one_each ? accepted_.size() : 1;
  for (std::size_t i = 0; i < count; ++i) {
    auto reply = co_await read(kEndOfDataTimeout, "the reply to the message");
    if (!reply) co_return;
    if (by_bdat() && !is_completion(*reply)) client_.reset_due_ = true;
    if (one_each) {
      judge_message(accepted_[i], *reply);
    } else {
      for (const auto at : accepted_) judge_message(at, *reply);
    }
  }
}

void Transaction::judge_message(std::size_t at, const smtp::Reply& reply) {
  if (reply.code / 100 == 3) {
    return break_off(Answer::Next::none, unanswered(client_.address_.endpoint, ReplyError::malformed));
  }
  auto verdict = refused_by_host(reply);
  const bool lmtp = client_.access_.protocol == FixedHost::Protocol::lmtp;
  if (is_completion(reply)) verdict.result = lmtp ? Result::delivered : Result::relayed;
  answers_[at] = Answer{Answer::Next::none, std::move(verdict)};
}

void Transaction::refuse_accepted(const smtp::Reply& reply) {
  for (const auto at : accepted_) answers_[at] = answer_of(refused_by_host(reply));
}

net::Task<std::optional<smtp::Reply>> Transaction::read(std::chrono::milliseconds timeout, std::string_view stage) {
  auto reply = co_await read_reply(client_.stream_, client_.context_.world.clock, timeout);
  const auto& endpoint = client_.address_.endpoint;
  if (!reply) {
    client_.timed_out_ = reply.error() == ReplyError::timed_out;
    // Without any answer the host has not even read MAIL: most likely the connection was gone before.
    const bool uncertain = content_complete_ && client_.answered_;
    const auto next = uncertain ? Answer::Next::none : Answer::Next::elsewhere;
    break_off(next, uncertain ? unanswered(endpoint, reply.error()) : lost(endpoint, reply.error(), stage));
    co_return std::nullopt;
  }
  if (reply->code == kServiceClosing) {
    break_off(Answer::Next::elsewhere, deferred_by_host(std::move(*reply)));
    co_return std::nullopt;
  }
  client_.answered_ = true;
  co_return std::move(*reply);
}

void Transaction::break_off(Answer::Next next, Verdict verdict) {
  client_.broken_ = true;
  trouble_ = Answer{next, std::move(verdict)};
}

std::vector<Answer> Transaction::collect() {
  std::vector<Answer> collected;
  const auto for_the_rest = trouble_.value_or(Answer{Answer::Next::elsewhere, not_tried()});
  for (auto& answer : answers_) collected.push_back(answer ? std::move(*answer) : for_the_rest);
  return collected;
}

}  // namespace posthaste::relay
