#include "imapd/answers/metadata_work.h"

#include <algorithm>
#include <utility>

#include "common/imap/writer.h"
#include "imapd/limits.h"

namespace posthaste::imapd {

std::expected<std::string, mailbox::StoreError> MetadataWork::step() {
  const auto snapshot = source_.store.read(source_.user);
  if (!snapshot) return std::unexpected(snapshot.error());
  values_.clear();
  done_ = true;
  const auto each = [this](const mailbox::AnnotationView& annotation) {
    if (values_.size() >= kSliceOctets) {
      from_ = annotation.entry;
      done_ = false;
      return false;
    }
    take(annotation.entry, annotation.value);
    return true;
  };
  if (auto read = snapshot->scan_metadata(source_.mailbox, from_, each); !read) {
    return std::unexpected(read.error());
  }
  if (done_) take_what_is_not_stored();
  if (values_.empty()) return std::string{};
  std::string response;
  imap::ResponseWriter writer{response, encoding_};
  writer.raw("* METADATA ");
  writer.mailbox(command_.mailbox.value_or(std::string{}));
  writer.raw(" (");
  writer.raw(values_);
  writer.raw(")\r\n");
  return response;
}

void MetadataWork::take(std::string_view entry, std::string_view value) {
  const auto wants = [&](const std::string& above) { return imap::is_within(entry, above, command_.depth); };
  if (std::ranges::none_of(command_.entries, wants)) return;
  found_.emplace(entry);
  if (!command_.max_size || value.size() <= *command_.max_size) return append(entry, value);
  longest_left_out_ = std::max<std::uint64_t>(longest_left_out_.value_or(0), value.size());
}

/// The operator's entries, and NIL for those that were named and are not there. Below a name only what exists is
/// told (§4.2.2).
void MetadataWork::take_what_is_not_stored() {
  if (!source_.mailbox) take(kServerAdminEntry, source_.administrator);
  if (command_.depth != imap::MetadataDepth::zero) return;
  for (const std::string& entry : command_.entries) {
    if (found_.insert(entry).second) append(entry, std::nullopt);
  }
}

void MetadataWork::append(std::string_view entry, std::optional<std::string_view> value) {
  imap::ResponseWriter writer{values_};
  if (!values_.empty()) writer.space();
  writer.astring(entry);
  writer.space();
  if (!value)
    writer.nil();
  else if (value->contains('\0'))
    writer.literal8(*value);
  else
    writer.string(*value);
}

}  // namespace posthaste::imapd
