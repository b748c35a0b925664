#include "imapd/news/known_metadata.h"

#include <utility>

namespace posthaste::imapd {

std::expected<KnownMetadata::Changes, mailbox::StoreError> KnownMetadata::changes(
    const mailbox::Snapshot& snapshot) {
  const auto newest = snapshot.metadata_modseq();
  if (!newest) return std::unexpected(newest.error());
  std::map<std::optional<MailboxId>, Entries> now;
  const auto note = [&now](const mailbox::AnnotationView& annotation) {
    now[annotation.mailbox].emplace(annotation.entry, annotation.modseq);
  };
  if (auto read = snapshot.scan_all_metadata(note); !read) return std::unexpected(read.error());

  Changes changes;
  for (const auto& [mailbox, entries] : now) {
    const Entries& before = known_[mailbox];
    for (const auto& [entry, modseq] : entries) {
      const auto there = before.find(entry);
      if (there == before.end() || there->second < modseq) changes[mailbox].insert(entry);
    }
  }
  for (const auto& [mailbox, entries] : known_) {
    const auto left = now.find(mailbox);
    for (const auto& [entry, modseq] : entries) {
      if (left == now.end() || !left->second.contains(entry)) changes[mailbox].insert(entry);
    }
  }
  for (auto change = changes.begin(); change != changes.end();) {
    const bool is_gone = change->first && !snapshot.mailbox(*change->first);
    change = is_gone ? changes.erase(change) : std::next(change);
  }
  known_ = std::move(now);
  heard_of_ = *newest;
  if (!std::exchange(begun_, true)) changes.clear();
  return changes;
}

void KnownMetadata::note_own(std::optional<MailboxId> mailbox, const std::vector<mailbox::Annotation>& annotations,
                             ModSeq modseq) {
  Entries& entries = known_[mailbox];
  for (const mailbox::Annotation& annotation : annotations) {
    entries.erase(annotation.entry);
    if (annotation.value) entries.emplace(annotation.entry, modseq);
  }
}

}  // namespace posthaste::imapd
