#include "common/wire/codec.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "common/wire/checks.h"
#include "common/wire/store_socket.pb.h"

namespace posthaste::wire {
namespace {

template <typename... Alternatives>
struct Visitor : Alternatives... {
  using Alternatives::operator()...;
};

// --- Into messages. What users write may be beyond the limits: it is refused here, not by the peer.

void encode_uids(const mailbox::UidSet& uids, protocol::UidSet& message) {
  std::uint32_t above = 0;
  for (const mailbox::UidRange& range : uids.ranges()) {
    message.add_steps(number(range.first) - above);
    message.add_steps(number(range.last) - number(range.first));
    above = number(range.last);
  }
}

void encode_keywords(const std::vector<std::string>& keywords, auto& message, Checks& checks) {
  if (!checks.holds(keywords.size() <= kKeywordsMax)) return;
  for (const std::string& keyword : keywords) message.add_keywords(checks.text(keyword, kNameMaxOctets));
}

void encode_transfer(const auto& transfer, protocol::Transfer& message) {
  message.set_from(number(transfer.from));
  encode_uids(transfer.uids, *message.mutable_uids());
  message.set_to(number(transfer.to));
}

void encode_special_use(const std::optional<mailbox::SpecialUse>& special_use, auto& message) {
  if (special_use) message.set_special_use(static_cast<std::uint32_t>(*special_use));
}

void encode_append(const mailbox::Append& append, protocol::Append& message, Checks& checks) {
  message.set_mailbox(number(append.mailbox));
  message.set_octets(static_cast<std::uint32_t>(append.blob->octets().size()));
  message.set_flags(append.flags.bits());
  encode_keywords(append.keywords, message, checks);
  const std::int64_t at_s = append.internal_date.at.time_since_epoch().count();
  checks.internal_date(at_s, append.internal_date.zone_minutes);
  message.set_internal_date_s(at_s);
  message.set_zone_minutes(append.internal_date.zone_minutes);
  if (append.expected_uid_validity) message.set_expected_uid_validity(number(*append.expected_uid_validity));
}

void encode_store_flags(const mailbox::StoreFlags& operation, protocol::StoreFlags& message, Checks& checks) {
  message.set_mailbox(number(operation.mailbox));
  encode_uids(operation.uids, *message.mutable_uids());
  message.set_mode(static_cast<std::uint32_t>(operation.mode));
  message.set_flags(operation.flags.bits());
  encode_keywords(operation.keywords, message, checks);
  if (operation.unchanged_since)
    message.set_unchanged_since(number(checks.modseq(number(*operation.unchanged_since))));
}

void encode_metadata(const mailbox::SetMetadata& operation, protocol::SetMetadata& message, Checks& checks) {
  if (operation.mailbox) message.set_mailbox(number(*operation.mailbox));
  if (!checks.holds(operation.annotations.size() <= kAnnotationsMax)) return;
  for (const mailbox::Annotation& annotation : operation.annotations) {
    protocol::Annotation& added = *message.add_annotations();
    added.set_entry(checks.text(annotation.entry, kNameMaxOctets));
    if (annotation.value) added.set_value(checks.text(*annotation.value, kAnnotationMaxOctets));
  }
}

void encode_operation(const mailbox::Operation& operation, protocol::Operation& message, Checks& checks) {
  const auto name = [&checks](const std::string& text) { return checks.text(text, kNameMaxOctets); };
  std::visit(
      Visitor{
          [&](const mailbox::Append& o) { encode_append(o, *message.mutable_append(), checks); },
          [&](const mailbox::StoreFlags& o) { encode_store_flags(o, *message.mutable_store_flags(), checks); },
          [&](const mailbox::Expunge& o) {
            message.mutable_expunge()->set_mailbox(number(o.mailbox));
            encode_uids(o.uids, *message.mutable_expunge()->mutable_uids());
            message.mutable_expunge()->set_which(static_cast<std::uint32_t>(o.which));
          },
          [&](const mailbox::Copy& o) { encode_transfer(o, *message.mutable_copy()); },
          [&](const mailbox::Move& o) { encode_transfer(o, *message.mutable_move()); },
          [&](const mailbox::CreateMailbox& o) {
            message.mutable_create_mailbox()->set_name(name(o.name));
            encode_special_use(o.special_use, *message.mutable_create_mailbox());
          },
          [&](const mailbox::DeleteMailbox& o) { message.set_delete_mailbox(name(o.name)); },
          [&](const mailbox::RenameMailbox& o) {
            message.mutable_rename_mailbox()->set_from(name(o.from));
            message.mutable_rename_mailbox()->set_to(name(o.to));
          },
          [&](const mailbox::SetSubscribed& o) {
            message.mutable_set_subscribed()->set_name(name(o.name));
            message.mutable_set_subscribed()->set_subscribed(o.subscribed);
          },
          [&](const mailbox::SetSpecialUse& o) {
            message.mutable_set_special_use()->set_name(name(o.name));
            encode_special_use(o.special_use, *message.mutable_set_special_use());
          },
          [&](const mailbox::CreateUser&) { message.set_create_user(true); },
          [&](const mailbox::DeleteUser&) { message.set_delete_user(true); },
          [&](const mailbox::SetQuota& o) {
            if (o.limits.octets) message.mutable_set_quota()->set_octets(*o.limits.octets);
            if (o.limits.messages) message.mutable_set_quota()->set_messages(*o.limits.messages);
            message.mutable_set_quota();
          },
          [&](const mailbox::SetMetadata& o) { encode_metadata(o, *message.mutable_set_metadata(), checks); },
      },
      operation);
}

void encode_verify(const VerifyRecipient& question, protocol::VerifyRecipient& message, Checks& checks) {
  message.set_id(question.id);
  message.set_address(checks.text(question.address, kAddressMaxOctets));
  if (question.octets) message.set_octets(*question.octets);
}

void encode_result(const mailbox::OperationResult& result, protocol::Result& message) {
  std::visit(Visitor{
                 [&](const mailbox::Appended& r) {
                   message.mutable_appended()->set_mailbox(number(r.mailbox));
                   message.mutable_appended()->set_uid_validity(number(r.uid_validity));
                   message.mutable_appended()->set_uid(number(r.uid));
                   message.mutable_appended()->set_blob(number(r.blob));
                 },
                 [&](const mailbox::FlagsStored& r) {
                   encode_uids(r.changed, *message.mutable_flags_stored()->mutable_changed());
                   encode_uids(r.modified, *message.mutable_flags_stored()->mutable_modified());
                 },
                 [&](const mailbox::Expunged& r) { encode_uids(r.uids, *message.mutable_expunged()); },
                 [&](const mailbox::Copied& r) {
                   message.mutable_copied()->set_uid_validity(number(r.uid_validity));
                   encode_uids(r.source, *message.mutable_copied()->mutable_source());
                   encode_uids(r.destination, *message.mutable_copied()->mutable_destination());
                 },
                 [&](const mailbox::MailboxChanged& r) {
                   message.mutable_mailbox_changed()->set_mailbox(number(r.mailbox));
                   message.mutable_mailbox_changed()->set_uid_validity(number(r.uid_validity));
                 },
                 [&](const mailbox::Done&) { message.set_done(true); },
             },
             result);
}

void encode_answer(const ApplyAnswer& answer, protocol::Answer& message) {
  message.set_id(answer.id);
  if (!answer.outcome) {
    message.set_error(static_cast<std::uint32_t>(answer.outcome.error()));
    return;
  }
  message.mutable_applied()->set_modseq(number(answer.outcome->modseq));
  for (const mailbox::OperationResult& result : answer.outcome->results) {
    encode_result(result, *message.mutable_applied()->add_results());
  }
}

void encode_change(const mailbox::Change& change, protocol::Changed& message) {
  message.set_user(number(change.user));
  message.set_mailbox(number(change.mailbox));
  message.set_modseq(number(change.modseq));
}

std::expected<OutgoingFrame, FrameError> frame_of(const auto& message) {
  OutgoingFrame frame;
  if (message.ByteSizeLong() > kMessageMaxOctets) return std::unexpected(FrameError::too_large);
  message.SerializeToString(&frame.message);
  return frame;
}

// --- From messages. Everything may be wrong: Checks remembers the first that is.

mailbox::UidSet decode_uids(const protocol::UidSet& message, Checks& checks) {
  mailbox::UidSet uids;
  if (!checks.holds(message.steps_size() % 2 == 0)) return uids;
  std::uint64_t above = 0;
  for (int i = 0; i < message.steps_size(); i += 2) {
    const std::uint64_t gap = message.steps(i);
    const std::uint64_t first = above + gap;
    const std::uint64_t last = first + message.steps(i + 1);
    const bool adjacent = i > 0 && gap < 2;
    if (!checks.holds(gap > 0 && !adjacent && last <= number(mailbox::kAllUids.last))) return uids;
    uids.add({static_cast<Uid>(first), static_cast<Uid>(last)});
    above = last;
  }
  return uids;
}

std::vector<std::string> decode_keywords(const auto& message, Checks& checks) {
  std::vector<std::string> keywords;
  if (!checks.holds(static_cast<std::size_t>(message.keywords_size()) <= kKeywordsMax)) return keywords;
  for (const std::string& keyword : message.keywords()) keywords.push_back(checks.text(keyword, kNameMaxOctets));
  return keywords;
}

std::optional<mailbox::SpecialUse> decode_special_use(const auto& message, Checks& checks) {
  if (!message.has_special_use()) return std::nullopt;
  return checks.enumerator(message.special_use(), mailbox::SpecialUse::all, mailbox::SpecialUse::important);
}

/// The octets of each Append, cut off the attachment one after the other.
class Attachment {
 public:
  Attachment(std::string octets, const Summarize& summarize) : octets_(std::move(octets)), summarize_(summarize) {}

  [[nodiscard]] mailbox::BlobHandle take(std::size_t count, Checks& checks) {
    if (!checks.attached(count <= octets_.size() - taken_)) return nullptr;
    const bool all = count == octets_.size();
    std::string octets = all ? std::exchange(octets_, {}) : octets_.substr(taken_, count);
    if (!all) taken_ += count;
    mailbox::Summary summary = summarize_(octets);
    return mailbox::put_blob(std::move(octets), std::move(summary));
  }
  [[nodiscard]] bool all_taken() const { return taken_ == octets_.size(); }

 private:
  std::string octets_;
  std::size_t taken_ = 0;
  const Summarize& summarize_;
};

mailbox::Append decode_append(const protocol::Append& message, Attachment& attachment, Checks& checks) {
  mailbox::Append append;
  append.mailbox = static_cast<MailboxId>(message.mailbox());
  append.flags = checks.flags(message.flags());
  append.keywords = decode_keywords(message, checks);
  append.internal_date = checks.internal_date(message.internal_date_s(), message.zone_minutes());
  if (message.has_expected_uid_validity()) {
    append.expected_uid_validity = static_cast<UidValidity>(message.expected_uid_validity());
  }
  // Last: nothing is summarized for a frame that is wrong already.
  if (checks.passed()) append.blob = attachment.take(message.octets(), checks);
  return append;
}

mailbox::StoreFlags decode_store_flags(const protocol::StoreFlags& message, Checks& checks) {
  mailbox::StoreFlags operation;
  operation.mailbox = static_cast<MailboxId>(message.mailbox());
  operation.uids = decode_uids(message.uids(), checks);
  operation.mode = checks.enumerator(message.mode(), mailbox::FlagMode::add, mailbox::FlagMode::replace);
  operation.flags = checks.flags(message.flags());
  operation.keywords = decode_keywords(message, checks);
  if (message.has_unchanged_since()) operation.unchanged_since = checks.modseq(message.unchanged_since());
  return operation;
}

template <typename Transfer>
Transfer decode_transfer(const protocol::Transfer& message, Checks& checks) {
  Transfer transfer;
  transfer.from = static_cast<MailboxId>(message.from());
  transfer.uids = decode_uids(message.uids(), checks);
  transfer.to = static_cast<MailboxId>(message.to());
  return transfer;
}

mailbox::SetQuota decode_set_quota(const protocol::SetQuota& message) {
  mailbox::SetQuota operation;
  if (message.has_octets()) operation.limits.octets = message.octets();
  if (message.has_messages()) operation.limits.messages = message.messages();
  return operation;
}

mailbox::SetMetadata decode_metadata(const protocol::SetMetadata& message, Checks& checks) {
  mailbox::SetMetadata operation;
  if (message.has_mailbox()) operation.mailbox = static_cast<MailboxId>(message.mailbox());
  if (!checks.holds(static_cast<std::size_t>(message.annotations_size()) <= kAnnotationsMax)) return operation;
  for (const protocol::Annotation& annotation : message.annotations()) {
    mailbox::Annotation& added = operation.annotations.emplace_back();
    added.entry = checks.text(annotation.entry(), kNameMaxOctets);
    if (annotation.has_value()) added.value = checks.text(annotation.value(), kAnnotationMaxOctets);
  }
  return operation;
}

mailbox::Operation decode_operation(const protocol::Operation& message, Attachment& attachment, Checks& checks) {
  const auto name = [&checks](const std::string& text) { return checks.text(text, kNameMaxOctets); };
  switch (message.kind_case()) {
    case protocol::Operation::kAppend: return decode_append(message.append(), attachment, checks);
    case protocol::Operation::kStoreFlags: return decode_store_flags(message.store_flags(), checks);
    case protocol::Operation::kExpunge:
      return mailbox::Expunge{
          static_cast<MailboxId>(message.expunge().mailbox()), decode_uids(message.expunge().uids(), checks),
          checks.enumerator(message.expunge().which(), mailbox::ExpungeWhich::deleted, mailbox::ExpungeWhich::all)};
    case protocol::Operation::kCopy: return decode_transfer<mailbox::Copy>(message.copy(), checks);
    case protocol::Operation::kMove: return decode_transfer<mailbox::Move>(message.move(), checks);
    case protocol::Operation::kCreateMailbox:
      return mailbox::CreateMailbox{name(message.create_mailbox().name()),
                                    decode_special_use(message.create_mailbox(), checks)};
    case protocol::Operation::kDeleteMailbox: return mailbox::DeleteMailbox{name(message.delete_mailbox())};
    case protocol::Operation::kRenameMailbox:
      return mailbox::RenameMailbox{name(message.rename_mailbox().from()), name(message.rename_mailbox().to())};
    case protocol::Operation::kSetSubscribed:
      return mailbox::SetSubscribed{name(message.set_subscribed().name()), message.set_subscribed().subscribed()};
    case protocol::Operation::kSetSpecialUse:
      return mailbox::SetSpecialUse{name(message.set_special_use().name()),
                                    decode_special_use(message.set_special_use(), checks)};
    case protocol::Operation::kCreateUser: return mailbox::CreateUser{};
    case protocol::Operation::kDeleteUser: return mailbox::DeleteUser{};
    case protocol::Operation::kSetQuota: return decode_set_quota(message.set_quota());
    case protocol::Operation::kSetMetadata: return decode_metadata(message.set_metadata(), checks);
    case protocol::Operation::KIND_NOT_SET: break;
  }
  checks.formed(false);
  return mailbox::CreateUser{};
}

ApplyCall decode_apply(const protocol::Apply& message, Attachment& attachment, Checks& checks) {
  ApplyCall call;
  call.id = message.id();
  call.user = static_cast<UserId>(message.user());
  call.key.octets = checks.text(message.idempotency_key(), mailbox::kIdempotencyKeyMaxOctets);
  if (!checks.holds(static_cast<std::size_t>(message.operations_size()) <= kOperationsMax)) return call;
  for (const protocol::Operation& operation : message.operations()) {
    if (!checks.passed()) return call;
    call.batch.operations.push_back(decode_operation(operation, attachment, checks));
  }
  return call;
}

VerifyRecipient decode_verify(const protocol::VerifyRecipient& message, Checks& checks) {
  VerifyRecipient question{message.id(), checks.text(message.address(), kAddressMaxOctets), std::nullopt};
  if (message.has_octets()) question.octets = message.octets();
  return question;
}

mailbox::OperationResult decode_result(const protocol::Result& message, Checks& checks) {
  switch (message.kind_case()) {
    case protocol::Result::kAppended:
      return mailbox::Appended{static_cast<MailboxId>(message.appended().mailbox()),
                               static_cast<UidValidity>(message.appended().uid_validity()),
                               static_cast<Uid>(message.appended().uid()),
                               static_cast<BlobId>(message.appended().blob())};
    case protocol::Result::kFlagsStored:
      return mailbox::FlagsStored{decode_uids(message.flags_stored().changed(), checks),
                                  decode_uids(message.flags_stored().modified(), checks)};
    case protocol::Result::kExpunged: return mailbox::Expunged{decode_uids(message.expunged(), checks)};
    case protocol::Result::kCopied: {
      mailbox::Copied copied{static_cast<UidValidity>(message.copied().uid_validity()),
                             decode_uids(message.copied().source(), checks),
                             decode_uids(message.copied().destination(), checks)};
      checks.holds(copied.source.size() == copied.destination.size());
      return copied;
    }
    case protocol::Result::kMailboxChanged:
      return mailbox::MailboxChanged{static_cast<MailboxId>(message.mailbox_changed().mailbox()),
                                     static_cast<UidValidity>(message.mailbox_changed().uid_validity())};
    case protocol::Result::kDone: return mailbox::Done{};
    case protocol::Result::KIND_NOT_SET: break;
  }
  checks.formed(false);
  return mailbox::Done{};
}

ApplyAnswer decode_answer(const protocol::Answer& message, Checks& checks) {
  ApplyAnswer answer{message.id(), std::unexpected(mailbox::StoreError::io)};
  switch (message.outcome_case()) {
    case protocol::Answer::kError:
      answer.outcome = std::unexpected(checks.enumerator(message.error(), mailbox::StoreError::no_such_mailbox,
                                                         mailbox::StoreError::outcome_unknown));
      return answer;
    case protocol::Answer::kApplied: {
      mailbox::ApplyResult result;
      result.modseq = checks.modseq(message.applied().modseq());
      for (const protocol::Result& part : message.applied().results()) {
        if (!checks.passed()) return answer;
        result.results.push_back(decode_result(part, checks));
      }
      answer.outcome = std::move(result);
      return answer;
    }
    case protocol::Answer::OUTCOME_NOT_SET: break;
  }
  checks.formed(false);
  return answer;
}

mailbox::Change decode_change(const protocol::Changed& message, Checks& checks) {
  return {static_cast<UserId>(message.user()), static_cast<MailboxId>(message.mailbox()),
          checks.modseq(message.modseq())};
}

Request decode_kind(const protocol::Request& message, Attachment& attachment, Checks& checks) {
  switch (message.kind_case()) {
    case protocol::Request::kApply: return decode_apply(message.apply(), attachment, checks);
    case protocol::Request::kSubscribe: return Subscribe{static_cast<UserId>(message.subscribe())};
    case protocol::Request::kUnsubscribe: return Unsubscribe{static_cast<UserId>(message.unsubscribe())};
    case protocol::Request::kVerifyRecipient: return decode_verify(message.verify_recipient(), checks);
    case protocol::Request::KIND_NOT_SET: break;
  }
  checks.formed(false);
  return Unsubscribe{};
}

Response decode_kind(const protocol::Response& message, Checks& checks) {
  switch (message.kind_case()) {
    case protocol::Response::kAnswer: return decode_answer(message.answer(), checks);
    case protocol::Response::kSubscribed: return Subscribed{static_cast<UserId>(message.subscribed())};
    case protocol::Response::kChanged: return decode_change(message.changed(), checks);
    case protocol::Response::kAnythingChanged: return AnythingChanged{};
    case protocol::Response::kRecipientVerified:
      return RecipientVerified{
          message.recipient_verified().id(),
          checks.enumerator(message.recipient_verified().state(), RecipientState::ok, RecipientState::unavailable)};
    case protocol::Response::KIND_NOT_SET: break;
  }
  checks.formed(false);
  return AnythingChanged{};
}

}  // namespace

std::expected<OutgoingFrame, FrameError> encode(const Request& request) {
  protocol::Request message;
  Checks checks;
  std::vector<mailbox::BlobHandle> attachments;
  if (const auto* subscribe = std::get_if<Subscribe>(&request)) message.set_subscribe(number(subscribe->user));
  if (const auto* unsubscribe = std::get_if<Unsubscribe>(&request)) {
    message.set_unsubscribe(number(unsubscribe->user));
  }
  if (const auto* question = std::get_if<VerifyRecipient>(&request)) {
    encode_verify(*question, *message.mutable_verify_recipient(), checks);
  }
  if (const auto* call = std::get_if<ApplyCall>(&request)) {
    checks.holds(call->batch.operations.size() <= kOperationsMax);
    protocol::Apply& apply = *message.mutable_apply();
    apply.set_id(call->id);
    apply.set_user(number(call->user));
    apply.set_idempotency_key(checks.text(call->key.octets, mailbox::kIdempotencyKeyMaxOctets));
    for (const mailbox::Operation& operation : call->batch.operations) {
      if (const auto* append = std::get_if<mailbox::Append>(&operation)) attachments.push_back(append->blob);
      encode_operation(operation, *apply.add_operations(), checks);
    }
  }
  if (const auto failure = checks.failure()) return std::unexpected(*failure);
  auto frame = frame_of(message);
  if (!frame) return frame;
  frame->attachments = std::move(attachments);
  if (frame->attached_octets() > kAttachmentMaxOctets) return std::unexpected(FrameError::too_large);
  return frame;
}

std::expected<OutgoingFrame, FrameError> encode(const Response& response) {
  protocol::Response message;
  std::visit(Visitor{
                 [&](const ApplyAnswer& r) { encode_answer(r, *message.mutable_answer()); },
                 [&](const Subscribed& r) { message.set_subscribed(number(r.user)); },
                 [&](const mailbox::Change& r) { encode_change(r, *message.mutable_changed()); },
                 [&](const AnythingChanged&) { message.set_anything_changed(true); },
                 [&](const RecipientVerified& r) {
                   message.mutable_recipient_verified()->set_id(r.id);
                   message.mutable_recipient_verified()->set_state(static_cast<std::uint32_t>(r.state));
                 },
             },
             response);
  return frame_of(message);
}

std::expected<Request, FrameError> decode_request(Frame frame, const Summarize& summarize) {
  protocol::Request message;
  if (!message.ParseFromString(frame.message)) return std::unexpected(FrameError::malformed);
  Checks checks;
  Attachment attachment{std::move(frame.attachment), summarize};
  Request request = decode_kind(message, attachment, checks);
  if (checks.passed()) checks.attached(attachment.all_taken());
  if (const auto failure = checks.failure()) return std::unexpected(*failure);
  return request;
}

std::optional<UserId> user_of(const Frame& frame) {
  protocol::Request message;
  if (!message.ParseFromString(frame.message) || !message.has_apply()) return std::nullopt;
  return static_cast<UserId>(message.apply().user());
}

std::optional<std::uint64_t> call_id(const Frame& frame) {
  protocol::Request message;
  if (!message.ParseFromString(frame.message) || !message.has_apply()) return std::nullopt;
  return message.apply().id();
}

std::expected<Response, FrameError> decode_response(Frame frame) {
  protocol::Response message;
  if (!message.ParseFromString(frame.message)) return std::unexpected(FrameError::malformed);
  Checks checks;
  checks.attached(frame.attachment.empty());
  Response response = decode_kind(message, checks);
  if (const auto failure = checks.failure()) return std::unexpected(*failure);
  return response;
}

}  // namespace posthaste::wire
