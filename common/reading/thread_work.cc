#include "common/reading/thread_work.h"

#include <utility>

#include "common/base/release.h"
#include "common/mime/casemap.h"
#include "common/mime/header.h"
#include "common/mime/message_id.h"
#include "common/reading/base_subject.h"
#include "common/reading/limits.h"

namespace posthaste::reading {
namespace {

constexpr std::size_t kKeys = 3;  // of each header: date, subject, and the messages that it names

std::vector<std::string> ids_in(std::string_view header, std::string_view field_name, std::size_t ids_max) {
  const auto field = mime::find_field(header, field_name);
  return field ? mime::parse_message_ids(field->body, ids_max) : std::vector<std::string>{};
}

/// References, or else the first identifier of In-Reply-To (RFC 5256 §3).
std::vector<std::string> references_in(std::string_view header) {
  auto references = ids_in(header, "References", mime::kMessageIdsMax);
  return references.empty() ? ids_in(header, "In-Reply-To", 1) : references;
}

std::size_t octets_of(const ThreadMessage& message) {
  std::size_t octets = sizeof message + sizeof(Forest::Node) + message.subject.size();
  if (message.message_id) octets += message.message_id->size();
  for (const auto& reference : message.references) octets += sizeof reference + reference.size();
  return octets;
}

}  // namespace

ThreadWork::ThreadWork(const mailbox::Reader& store, UserId user, MailboxId mailbox, ThreadAlgorithm algorithm,
                       mailbox::UidSet uids, daemon::MemoryBudget& budget)
    : algorithm_(algorithm),
      walk_(store, user, mailbox, std::move(uids), kKeys),
      memory_(budget),
      done_(walk_.done()) {}

void ThreadWork::add(const mailbox::Message& message, std::string_view header) {
  ThreadMessage added;
  auto subject = base_subject(mime::find_value(header, "Subject").value_or(""));
  added.sent = sent_date(message, header);
  added.subject = mime::casemap(std::string_view{subject.text}.substr(0, kSortTextMaxOctets));
  added.is_reply_or_forward = subject.is_reply_or_forward;
  if (algorithm_ == ThreadAlgorithm::references) {
    auto ids = ids_in(header, "Message-ID", 1);
    if (!ids.empty()) added.message_id = std::move(ids.front());
    added.references = references_in(header);
  }
  octets_ += octets_of(added);
  messages_.push_back(std::move(added));
  uids_.push_back(message.uid);
}

std::expected<void, mailbox::StoreError> ThreadWork::step() {
  const auto visit = [this](const mailbox::Message& message, std::string_view header) { add(message, header); };
  auto stepped = walk_.step(visit);
  if (!stepped) return stepped;
  too_large_ = octets_ > kSortMemoryMaxOctets || !memory_.grow_to(octets_);
  done_ = too_large_ || walk_.done();
  if (!done_ || too_large_) return {};
  forest_ =
      algorithm_ == ThreadAlgorithm::references ? thread_by_references(messages_) : thread_by_subject(messages_);
  release(messages_);
  return {};
}

void ThreadWork::keep_only(std::size_t octets) {
  forest_ = {};
  release(uids_);
  memory_.shrink_to(octets);
}

}  // namespace posthaste::reading
