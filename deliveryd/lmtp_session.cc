#include "deliveryd/lmtp_session.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <exception>
#include <utility>
#include <variant>

#include "common/base/release.h"
#include "common/mime/header.h"
#include "common/smtp/data_reader.h"
#include "common/smtp/received.h"
#include "deliveryd/recipient.h"
#include "deliveryd/replies.h"

namespace posthaste::deliveryd {
namespace {

constexpr std::size_t kPieceOctets = 64 * 1024;
constexpr std::size_t kQueuedMaxOctets = 16 * 1024;  // of answers to pipelined commands, until they are sent

template <typename... Alternatives>
bool is_one_of(const smtp::Command& command) {
  return (std::holds_alternative<Alternatives>(command) || ...);
}

}  // namespace

LmtpSession::LmtpSession(Resources& resources, std::unique_ptr<net::Transport> transport)
    : resources_(resources),
      stream_(std::move(transport), resources.config.smtp.session_timeout),
      limit_(resources.world.clock, stream_),
      turns_(resources.world.clock),
      private_parameters_(stream_.local().is_unix() ? smtp::PrivateParameters::allowed
                                                    : smtp::PrivateParameters::refused) {}

net::Task<void> LmtpSession::converse() {
  const net::TaskScope::StopHandler on_stop{resources_.scope, [this] { stream_.interrupt(); }};
  try {
    send(greeting(resources_.config.hostname));
    while (open_) {
      if (turns_.step()) co_await turns_.let_others_run();
      if (stream_.queued() >= kQueuedMaxOctets) {
        auto flushed = co_await stream_.flush();  // what a client has sent before it hung up may be much
        if (!flushed) co_return;
      }
      limit_.end_in(resources_.config.smtp.session_timeout);
      auto line = co_await stream_.read_line(smtp::kEnvelopeLineMaxOctets);
      limit_.lift();
      if (!line) {
        co_await hang_up(line.error());
        co_return;
      }
      auto command = smtp::parse_command(*line, options());
      if (!command) {
        send(reply_for(command.error()));
        if (smtp::ends_dialogue(command.error().kind)) break;
        continue;
      }
      co_await execute(std::move(*command));
    }
    co_await stream_.flush();
  } catch (const std::exception& failure) {  // ends this session alone; whoever sent here tries again
    resources_.log.error("session.failed",
                         {{"client", net::to_string(stream_.peer())}, {"reason", failure.what()}});
  }
}

net::Task<void> LmtpSession::execute(smtp::Command command) {
  if (const auto* lhlo = std::get_if<smtp::Lhlo>(&command)) {
    greet(*lhlo);
  } else if (auto* mail = std::get_if<smtp::Mail>(&command)) {
    begin(std::move(*mail));
  } else if (const auto* rcpt = std::get_if<smtp::Rcpt>(&command)) {
    co_await add_recipient(*rcpt);
  } else if (is_one_of<smtp::Data>(command)) {
    co_await receive_data();
  } else if (const auto* bdat = std::get_if<smtp::Bdat>(&command)) {
    co_await receive_chunk(*bdat);
  } else if (is_one_of<smtp::Rset>(command)) {
    transaction_.reset();
    send(ok());
  } else if (is_one_of<smtp::Noop>(command)) {
    send(ok());
  } else if (is_one_of<smtp::Vrfy>(command)) {
    send(cannot_verify());
  } else if (is_one_of<smtp::Quit>(command)) {
    send(goodbye());
    open_ = false;
  } else if (is_one_of<smtp::Helo, smtp::Ehlo>(command)) {
    send(not_lmtp());  // RFC 2033 §4.1
  } else {
    send(not_implemented());
  }
}

void LmtpSession::greet(const smtp::Lhlo& lhlo) {
  transaction_.reset();
  client_name_ = lhlo.client_name;
  const auto& config = resources_.config;
  send(capabilities(config.hostname, message_max_octets(), private_parameters_));
}

void LmtpSession::begin(smtp::Mail mail) {
  if (!client_name_) return send(bad_sequence("Say LHLO first"));
  if (transaction_) return send(bad_sequence("Sender was given already"));
  if (mail.parameters.body == smtp::Body::binary_mime) return send(binary_refused());
  if (mail.parameters.size > message_max_octets()) return send(too_large());
  std::string trace_id = mail.parameters.trace_id ? *mail.parameters.trace_id : new_trace_id();
  transaction_.emplace(Transaction{
      std::move(mail), std::move(trace_id), daemon::MemoryBudget::Share{resources_.memory}, {}, {}, false, {}});
  send(sender_ok());
}

net::Task<void> LmtpSession::add_recipient(smtp::Rcpt rcpt) {
  if (!transaction_) co_return send(bad_sequence("Say MAIL first"));
  if (transaction_->chunked) co_return send(bad_sequence("The message has begun"));
  if (transaction_->recipients.size() >= resources_.config.smtp.recipients_max)
    co_return send(too_many_recipients());
  const auto last = resources_.directory.last_transaction();  // a change while it is asked counts as a later one
  auto users = co_await find_recipient(resources_, rcpt.forward_path, transaction_->mail.parameters.size);
  const std::string address = to_string(smtp::mailbox_of(rcpt.forward_path, resources_.config.hostname));
  if (!users) {
    const smtp::Reply reply = reply_for(users.error());
    resources_.log.info("lmtp.recipient.refused", {{"trace", transaction_->trace_id},
                                                   {"recipient", address},
                                                   {"code", reply.code},
                                                   {"reason", reply.lines.front()}});
    co_return send(reply);
  }
  std::optional<std::uint64_t> looked_up_at;
  if (last) looked_up_at = *last;
  transaction_->recipients.push_back({address, std::move(*users), looked_up_at});
  send(recipient_ok());
}

net::LeastSpeed LmtpSession::least_speed() const {
  constexpr std::uint64_t kOctetsPerSecondMin = 1'000;
  return {resources_.world.clock.now(), resources_.config.smtp.session_timeout, kOctetsPerSecondMin};
}

net::Task<std::expected<std::string_view, net::StreamError>> LmtpSession::read_piece(net::LeastSpeed& speed,
                                                                                     std::uint64_t max_octets) {
  const auto now = resources_.world.clock.now();
  const auto left = speed.left(now);
  if (left.count() == 0) co_return std::unexpected(net::StreamError::timed_out);
  limit_.end_at(now + left);
  auto piece = co_await stream_.read_some(static_cast<std::size_t>(max_octets));
  limit_.lift();
  if (piece) speed.note(resources_.world.clock.now(), piece->size());
  co_return piece;
}

net::Task<void> LmtpSession::receive_data() {
  if (!transaction_ || transaction_->recipients.empty()) {  // RFC 2033 §4.2
    send(bad_sequence("No recipient was accepted"));
    co_return;
  }
  if (transaction_->chunked) {
    send(bad_sequence("BDAT has begun"));
    co_return;
  }
  send(start_mail_input());
  smtp::DataReader reader{message_max_octets()};
  auto speed = least_speed();
  for (;;) {
    auto octets = co_await read_piece(speed, kPieceOctets);
    if (!octets) {
      open_ = false;
      co_await hang_up(octets.error());
      co_return;
    }
    make_room(octets->size());
    const auto progress = reader.feed(*octets, transaction_->content);
    stream_.unread(octets->size() - progress.consumed);
    if (transaction_->failure) transaction_->content.clear();
    if (progress.state == smtp::DataState::more) continue;
    if (progress.state == smtp::DataState::end) break;
    open_ = false;
    co_await hang_up(net::StreamError::bare_line_ending);
    co_return;
  }
  if (reader.too_large()) fail(too_large());
  co_await store_message();
}

/// The octets of a chunk come in any case, and are read before they are judged (RFC 3030 §2).
net::Task<void> LmtpSession::receive_chunk(smtp::Bdat chunk) {
  const bool in_order = transaction_ && !transaction_->recipients.empty();
  if (in_order) transaction_->chunked = true;
  std::uint64_t left = chunk.chunk_octets;
  if (in_order && left > message_max_octets() - transaction_->content.size()) fail(too_large());
  auto speed = least_speed();
  while (left > 0) {
    auto octets = co_await read_piece(speed, std::min<std::uint64_t>(left, kPieceOctets));
    if (!octets) {
      open_ = false;
      co_await hang_up(octets.error());
      co_return;
    }
    left -= octets->size();
    if (!in_order) continue;
    make_room(octets->size());
    if (!transaction_->failure) transaction_->content.append(*octets);
  }
  if (!in_order) {
    send(bad_sequence("No recipient was accepted"));
  } else if (chunk.last) {
    co_await store_message();
  } else {
    send(transaction_->failure ? *transaction_->failure : chunk_taken(chunk.chunk_octets));
  }
}

void LmtpSession::make_room(std::uint64_t octets) {
  Transaction& transaction = *transaction_;
  if (transaction.failure) return;
  if (transaction.memory.grow_to(transaction.content.size() + octets)) return;
  fail(out_of_memory());
}

/// No more of the message is kept.
void LmtpSession::fail(smtp::Reply reply) {
  transaction_->failure = std::move(reply);
  release(transaction_->content);
  transaction_->memory.give_back();
}

/// What a client may send; smtpd has added its fields to what it announced itself.
std::uint64_t LmtpSession::message_max_octets() const {
  constexpr std::uint64_t kAddedFieldsMaxOctets = 8192;
  const bool private_socket = private_parameters_ == smtp::PrivateParameters::allowed;
  return resources_.config.smtp.message_max_octets + (private_socket ? kAddedFieldsMaxOctets : 0);
}

/// One reply for each accepted recipient, in their order (RFC 2033 §4.2); 250 once it is durable.
net::Task<void> LmtpSession::store_message() {
  Transaction transaction = std::move(*transaction_);
  transaction_.reset();
  if (transaction.failure) {
    for (const Recipient& recipient : transaction.recipients) {
      log_outcome(recipient, *transaction.failure, transaction.trace_id, transaction.content.size());
      send(*transaction.failure);
    }
    co_return;
  }
  put_trace_fields(transaction);
  const std::size_t octets = transaction.content.size();
  Message message{std::move(transaction.content), transaction.trace_id, transaction.mail.parameters.delivery_id};
  const auto outcomes = co_await deliver(resources_, std::move(message), transaction.recipients);
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const smtp::Reply reply = outcomes[i] ? stored() : reply_for(outcomes[i].error());
    log_outcome(transaction.recipients[i], reply, transaction.trace_id, octets);
    send(reply);
  }
}

/// There is one Return-Path in the end, and it is ours.
void LmtpSession::put_trace_fields(Transaction& transaction) const {
  static constexpr std::string_view kReturnPath[] = {"Return-Path"};
  std::string fields = trace_fields(transaction);
  const auto kept = mime::without_fields(transaction.content, kReturnPath);
  if (kept.size() == 1 && kept.front().size() == transaction.content.size()) {  // as nearly always
    transaction.content.insert(0, fields);
    return;
  }
  for (const auto piece : kept) fields += piece;
  transaction.content = std::move(fields);
}

/// Return-Path is the last server's to add (RFC 5321 §4.4); the Received field is ours unless smtpd has put its
/// own.
std::string LmtpSession::trace_fields(const Transaction& transaction) const {
  std::string fields = "Return-Path: " + smtp::to_string(transaction.mail.reverse_path) + "\r\n";
  const bool private_socket = private_parameters_ == smtp::PrivateParameters::allowed;
  if (private_socket && mime::find_field(mime::split_message(transaction.content).header, "Received"))
    return fields;
  smtp::Received received;
  received.client_name = *client_name_;
  received.client_address =
      private_socket ? smtp::address_literal("127.0.0.1") : smtp::address_literal(stream_.peer().address);
  received.by = resources_.config.hostname;
  received.protocol = {smtp::Greeting::lhlo, false, false, transaction.mail.parameters.smtp_utf8};
  received.trace_id = transaction.trace_id;
  received.when = std::chrono::floor<std::chrono::seconds>(resources_.world.clock.wall());
  return fields + smtp::to_field(received);
}

smtp::CommandOptions LmtpSession::options() const {
  const bool utf8 = transaction_ && transaction_->mail.parameters.smtp_utf8;
  return {utf8 ? smtp::Utf8::allowed : smtp::Utf8::refused, private_parameters_};
}

std::string LmtpSession::new_trace_id() const {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string id;
  for (std::uint64_t value = resources_.world.random.next(); id.size() < 16; value >>= 4U)
    id += kDigits[value & 15U];
  return id;
}

void LmtpSession::log_outcome(const Recipient& recipient, const smtp::Reply& reply, std::string_view trace_id,
                              std::size_t octets) const {
  const log::Level level = smtp::is_positive(reply) ? log::Level::info : log::Level::warning;
  resources_.log.at(level, smtp::is_positive(reply) ? "lmtp.message.stored" : "lmtp.message.refused",
                    {{"trace", trace_id},
                     {"recipient", recipient.address},
                     {"users", recipient.users.size()},
                     {"octets", octets},
                     {"code", reply.code},
                     {"reason", smtp::is_positive(reply) ? "" : reply.lines.front()}});
}

net::Task<void> LmtpSession::hang_up(net::StreamError error) {
  error = limit_.reason(error);
  const std::string peer = net::to_string(stream_.peer());
  resources_.log.debug("session.broken", {{"client", peer}, {"reason", net::name_of(error)}});
  if (error != net::StreamError::closed) send(reply_for(error));
  co_await stream_.flush();
}

}  // namespace posthaste::deliveryd
