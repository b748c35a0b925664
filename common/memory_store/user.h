// All that one user has, as a value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/base/ids.h"
#include "common/mailbox/message.h"
#include "common/mailbox/operations.h"
#include "common/mailbox/uid_set.h"

namespace posthaste::memory_store {

struct StoredBlob {
  BlobId id{};
  std::string octets;
  mailbox::Summary summary;
};

struct AnnotationValue {
  ModSeq modseq{};
  std::string value;
};
using Annotations = std::map<std::string, AnnotationValue, std::less<>>;

/// What went, by the modseq at which it did; nothing is known of what went up to `floor`.
template <typename What>
struct Tombstones {
  ModSeq floor{};
  std::vector<std::pair<ModSeq, What>> gone;  // by ascending modseq

  void add(ModSeq modseq, What what, std::size_t kept_max) {
    gone.emplace_back(modseq, std::move(what));
    if (gone.size() <= kept_max) return;
    floor = gone.front().first;
    gone.erase(gone.begin());
  }
};

struct Mailbox {
  mailbox::MailboxInfo info;
  std::map<Uid, mailbox::Message> messages;
  Tombstones<mailbox::UidSet> vanished;
  Annotations annotations;
};

/// A blob, and how many of the user's messages have it.
struct Held {
  std::shared_ptr<const StoredBlob> blob;
  std::size_t messages = 0;
};

struct User {
  ModSeq modseq{};
  UidValidity last_uid_validity{};
  MailboxId next_mailbox{1};
  mailbox::QuotaLimits limits;
  std::map<MailboxId, Mailbox> mailboxes;
  std::map<std::string, MailboxId, std::less<>> names;
  std::set<std::string, std::less<>> subscriptions;
  Annotations annotations;  // of the server
  ModSeq metadata_modseq{};
  std::map<BlobId, Held> blobs;
  Tombstones<MailboxId> deleted;
};

}  // namespace posthaste::memory_store
