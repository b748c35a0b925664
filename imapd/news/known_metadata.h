// The annotations that a client has been told of, and which of them have changed since (RFC 5464 §4.4).
#pragma once

#include <expected>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/mailbox/operations.h"
#include "common/mailbox/snapshot.h"

namespace posthaste::imapd {

class KnownMetadata {
 public:
  /// Of each mailbox, or of the server where there is none: entries.
  using Changes = std::map<std::optional<MailboxId>, std::set<std::string>>;

  /// Which entries were set, changed or removed since this was last asked; the first time, none. What went with its
  /// mailbox is not among them. Never on a loop. Errors: io.
  [[nodiscard]] std::expected<Changes, mailbox::StoreError> changes(const mailbox::Snapshot& snapshot);

  /// The last change of which changes() has heard.
  [[nodiscard]] ModSeq heard_of() const { return heard_of_; }

  /// The client itself has set these, all before or at `modseq`.
  void note_own(std::optional<MailboxId> mailbox, const std::vector<mailbox::Annotation>& annotations,
                ModSeq modseq);

 private:
  using Entries = std::map<std::string, ModSeq, std::less<>>;

  std::map<std::optional<MailboxId>, Entries> known_;
  ModSeq heard_of_{};
  bool begun_ = false;
};

}  // namespace posthaste::imapd
