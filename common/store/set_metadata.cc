// SETMETADATA as the store does it: all of a mailbox's annotations or none, within limits.
#include <map>

#include "common/store/execution.h"

namespace posthaste::store {
namespace {

/// The value that counts for each entry. Errors: invalid_name, cannot.
std::expected<std::map<std::string_view, const Annotation*>, StoreError> last_of_each(
    const std::vector<Annotation>& annotations) {
  std::map<std::string_view, const Annotation*> last;
  for (const Annotation& annotation : annotations) {
    if (annotation.entry.empty() || annotation.entry.size() > kEntryMaxOctets) {
      return std::unexpected(StoreError::invalid_name);
    }
    if (annotation.value && annotation.value->size() > kAnnotationMaxOctets) {
      return std::unexpected(StoreError::cannot);
    }
    last[annotation.entry] = &annotation;
  }
  return last;
}

}  // namespace

Execution::Result Execution::execute(UserId user, const SetMetadata& operation) {
  if (operation.mailbox && !find_mailbox(txn_, user, *operation.mailbox)) {
    return std::unexpected(StoreError::no_such_mailbox);
  }
  const auto change = metadata_change(user, operation);
  if (!change) return std::unexpected(change.error());
  if (change->record.annotations.empty()) return Done{};
  std::uint64_t there = 0;
  {
    const Key prefix = metadata_key(user, operation.mailbox);
    Cursor cursor(txn_, Table::metadata);
    for (bool more = cursor.seek(prefix); more && cursor.key().starts_with(prefix); more = cursor.next()) ++there;
  }
  const auto room = make_room(user, *change, there);
  if (!room) return std::unexpected(room.error());
  emit(change->record);
  return Done{};
}

std::expected<Execution::MetadataChange, StoreError> Execution::metadata_change(
    UserId user, const SetMetadata& operation) const {
  const auto last = last_of_each(operation.annotations);
  if (!last) return std::unexpected(last.error());
  MetadataChange change{{user, operation.mailbox, next_modseq(user), {}}};
  for (const auto& [entry, annotation] : *last) {
    const auto before = find_annotation(txn_, annotation_key(user, operation.mailbox, entry));
    const bool same = before ? annotation->value == before->value : !annotation->value;
    if (same) continue;
    if (before) {
      ++change.annotations_before;
      change.octets_before += entry.size() + before->value.size();
    }
    change.record.annotations.push_back(*annotation);
  }
  return change;
}

std::vector<Annotation> Execution::annotations_of(UserId user, MailboxId mailbox) const {
  std::vector<Annotation> annotations;
  const Key prefix = metadata_key(user, mailbox);
  Cursor cursor(txn_, Table::metadata);
  for (bool there = cursor.seek(prefix); there && cursor.key().starts_with(prefix); there = cursor.next()) {
    const auto row = decode_annotation(cursor.value());
    if (!row) {
      txn_.fail_as_damaged();
      return {};
    }
    const std::string_view entry = cursor.key().substr(std::string_view(prefix).size());
    annotations.push_back({std::string(entry), std::string(row->value)});
  }
  return annotations;
}

std::expected<void, StoreError> Execution::make_room(UserId user, const MetadataChange& change,
                                                     std::uint64_t annotations_of_mailbox) {
  std::uint64_t annotations = 0;
  std::uint64_t octets = 0;
  for (const Annotation& annotation : change.record.annotations) {
    if (!annotation.value) continue;
    ++annotations;
    octets += annotation.entry.size() + annotation.value->size();
  }
  const MetadataTally tally = find_metadata_tally(txn_, user).value_or(MetadataTally{});
  const bool too_many =
      (annotations > change.annotations_before &&
       (annotations_of_mailbox - change.annotations_before + annotations > kAnnotationsMax ||
        tally.annotations - change.annotations_before + annotations > kUserAnnotationsMax)) ||
      (octets > change.octets_before && tally.octets - change.octets_before + octets > kUserAnnotationsMaxOctets);
  if (too_many) return std::unexpected(StoreError::too_many_annotations);
  const std::uint64_t needed = octets + annotations * kNewRowsOctets;
  if (room_ < needed) return std::unexpected(StoreError::full);
  room_ -= needed;
  return {};
}

}  // namespace posthaste::store
