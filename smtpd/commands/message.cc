// DATA and BDAT: the message comes in, gets its Received field and becomes ours (RFC 5321 §4.1.1.4, RFC 3030).
#include <algorithm>
#include <chrono>
#include <utility>

#include "common/base/octets.h"
#include "common/smtp/data_reader.h"
#include "smtpd/mint.h"
#include "smtpd/session.h"

namespace posthaste::smtpd {
namespace {

constexpr std::size_t kReadMaxOctets = 65'536;  // of one piece

/// The protocol's answer where RFC 3030 §2 wants one at once.
smtp::Reply chunk_taken(std::uint64_t octets) {
  return {250, {2, 0, 0}, std::to_string(octets) + " octets received"};
}

}  // namespace

std::optional<Refusal> Session::refuse_message() const {
  if (!transaction_) return Refusal::mail_first;
  if (transaction_->recipients.empty()) return Refusal::no_recipients;
  return std::nullopt;
}

Session::Pending Session::on(smtp::Data /*data*/) {
  if (const auto refusal = refuse_message()) return Answer{reply_for(*refusal)};
  if (transaction_->chunks) return Answer{reply_for(Refusal::chunks_begun)};
  return read_data();
}

/// What a message, or a chunk of one, has to keep up with from its beginning.
net::LeastSpeed Session::least_speed() const {
  constexpr std::uint64_t kOctetsPerSecondMin = 1'000;
  return {context_.world.clock.now(), context_.config.smtp.session_timeout, kOctetsPerSecondMin};
}

/// Errors: as Stream::read_some().
net::Task<std::expected<std::string_view, net::StreamError>> Session::read_piece(net::LeastSpeed& speed,
                                                                                 std::size_t max_octets) {
  const auto left = speed.left(context_.world.clock.now());
  if (left.count() == 0) co_return std::unexpected(net::StreamError::timed_out);
  limit_.end_at(context_.world.clock.now() + left);
  auto piece = co_await stream_.read_some(max_octets);
  limit_.lift();
  if (piece) speed.note(context_.world.clock.now(), piece->size());
  co_return piece;
}

MessageMemory::Share Session::memory_share() const {
  if (identity_) return context_.memory.for_user(context_.clients.account(identity_->id));
  return peer_.trusted ? context_.memory.for_trusted() : context_.memory.for_stranger(peer_.address);
}

IncomingMessage Session::incoming_message() const {
  return {context_.world,
          context_.spool,
          identity_ ? Spool::Claim::user : Spool::Claim::stranger,
          memory_share(),
          context_.config.smtp.message_max_octets,
          transaction_->announced_octets};
}

net::Task<Session::Answer> Session::read_data() {
  auto speed = least_speed();
  send({354, "End data with <CRLF>.<CRLF>"});
  auto message = incoming_message();
  smtp::DataReader reader{context_.config.smtp.message_max_octets};
  for (;;) {
    auto piece = co_await read_piece(speed, kReadMaxOctets);
    if (!piece) co_return std::unexpected(piece.error());
    const auto progress = message.feed(reader, *piece);
    if (progress.state == smtp::DataState::more) {
      if (message.overflows()) co_await message.spill();
      continue;
    }
    if (progress.state != smtp::DataState::end) co_return std::unexpected(net::StreamError::bare_line_ending);
    stream_.unread(piece->size() - progress.consumed);
    break;
  }
  Transaction transaction = std::move(*transaction_);
  transaction_.reset();
  auto reply = co_await finish(std::move(transaction), std::move(message));
  co_return Answer{std::move(reply)};
}

Session::Pending Session::on(smtp::Bdat bdat) {
  if (const auto refusal = refuse_message()) return discard_chunk(bdat, *refusal);
  return read_chunk(bdat);
}

/// The octets come whatever we say (RFC 3030 §2).
net::Task<Session::Answer> Session::discard_chunk(smtp::Bdat bdat, Refusal refusal) {
  auto speed = least_speed();
  for (std::uint64_t left = bdat.chunk_octets; left > 0;) {
    auto piece = co_await read_piece(speed, std::min<std::uint64_t>(left, kReadMaxOctets));
    if (!piece) co_return std::unexpected(piece.error());
    left -= piece->size();
  }
  co_return Answer{reply_for(refusal)};
}

net::Task<Session::Answer> Session::read_chunk(smtp::Bdat bdat) {
  auto& message = transaction_->chunks;  // the transaction stays while nobody but us reads commands
  if (!message) message.emplace(incoming_message());
  auto speed = least_speed();
  for (std::uint64_t left = bdat.chunk_octets; left > 0;) {
    auto piece = co_await read_piece(speed, std::min<std::uint64_t>(left, kReadMaxOctets));
    if (!piece) co_return std::unexpected(piece.error());
    left -= piece->size();
    message->append(*piece);
    if (message->overflows()) co_await message->spill();
  }
  if (!bdat.last && !message->refusal()) co_return Answer{chunk_taken(bdat.chunk_octets)};
  IncomingMessage whole = std::move(*message);
  Transaction transaction = std::move(*transaction_);
  transaction_.reset();  // after a failure further chunks find no transaction: 503
  auto reply = co_await finish(std::move(transaction), std::move(whole));
  co_return Answer{std::move(reply)};
}

void Session::tell_outcome(const Told& told, std::size_t octets, const smtp::Reply& reply) const {
  const bool accepted = smtp::is_positive(reply);
  const auto& client = stream_.peer().address;
  const log::Fields fields{{"trace", told.trace_id},
                           {"client", client},
                           {"from", told.from},
                           {"recipients", told.recipients},
                           {"octets", octets},
                           {"tls", tls_version()},
                           {"user", user()},
                           {"code", reply.code},
                           {"reason", accepted ? "" : std::string_view{reply.lines.front()}}};
  if (accepted) {
    context_.log.info("smtp.message.accepted", fields);
  } else {
    context_.log.info_by_client(client, "smtp.message.refused", fields);
  }
}

net::Task<smtp::Reply> Session::finish(Transaction transaction, IncomingMessage message) {
  const Told told{transaction.trace_id, to_string(transaction.reverse_path), transaction.recipients.size()};
  std::optional<smtp::Reply> reply;
  const auto octets = co_await message.finish();
  if (!octets) {
    reply = reply_for(octets.error());
  } else if (received_fields((*octets)->view()) > kReceivedFieldsMax) {
    reply = reply_for(Refusal::loop);
  } else {
    AcceptedMessage whole = accepted_message(std::move(transaction), *octets);
    reply = co_await accept(context_, std::move(whole));
  }
  last_message_at_ = context_.world.clock.now();
  tell_outcome(told, octets ? (*octets)->view().size() : 0, *reply);
  co_return std::move(*reply);
}

AcceptedMessage Session::accepted_message(Transaction transaction,
                                          std::shared_ptr<const MessageOctets> octets) const {
  const WallTime now = context_.world.clock.wall();
  std::string header = added_header(transaction, octets->view());
  return {.envelope = {.trace_id = std::move(transaction.trace_id),
                       .delivery_id = mint_delivery_id(context_.world.random, now),
                       .reverse_path = std::move(transaction.reverse_path),
                       .body = transaction.body,
                       .smtp_utf8 = transaction.smtp_utf8,
                       .ret = transaction.ret,
                       .envid = std::move(transaction.envid),
                       .arrived = now},
          .recipients = std::move(transaction.recipients),
          .added_header = std::move(header),
          .octets = std::move(octets),
          .submitted = is_submission()};
}

std::string Session::added_header(const Transaction& transaction, std::string_view message) const {
  const auto now = std::chrono::floor<std::chrono::seconds>(context_.world.clock.wall());
  const auto& recipients = transaction.recipients;
  const smtp::Received received{
      .client_name = client_->name,
      .client_address = smtp::address_literal(stream_.peer().address),
      .by = context_.config.hostname,
      .protocol = {.greeting = client_->greeting,
                   .tls = stream_.tls() != nullptr,
                   .authenticated = identity_.has_value(),
                   .smtp_utf8 = transaction.smtp_utf8},
      .trace_id = transaction.trace_id,
      .recipient = recipients.size() == 1 ? std::optional{recipients.front().mailbox} : std::nullopt,
      .when = now};
  std::string header = smtp::to_field(received);
  if (is_submission()) header += missing_fields(message, now, transaction.trace_id, context_.config.hostname);
  if (!message.empty() && is_wsp(message.front())) header += "\r\n";  // it must not go on with our last field
  return header;
}

}  // namespace posthaste::smtpd
