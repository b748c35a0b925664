// What a client that uses NOTIFY is told of mailboxes other than the selected one (RFC 5465).
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "common/imap/notify.h"
#include "common/store/operations.h"
#include "common/store/snapshot.h"
#include "imapd/dialect.h"
#include "imapd/status_line.h"

namespace posthaste::imapd {

/// Which mailboxes may have changed since they were last looked at.
struct ChangedMailboxes {
  bool all = false;
  std::set<MailboxId> some;

  /// One published change, or nothing when any may have changed.
  void note(const std::optional<store::Change>& change);
  [[nodiscard]] bool empty() const { return !all && some.empty(); }
};

/// The mailboxes as the client knows them, and the comparison with the store: never on a loop.
class Watch {
 public:
  explicit Watch(imap::Notify wanted) : wanted_(std::move(wanted)) {}

  /// What the client wants to hear of the selected mailbox.
  [[nodiscard]] const imap::NotifyGroup* selected() const;

  /// Whether annotations are among what the client wants to hear of: those of any mailbox or of the server, of this
  /// mailbox, of the server (RFC 5465 §5.6, §5.7).
  [[nodiscard]] bool wants_metadata() const;
  [[nodiscard]] bool wants_metadata_of(const std::string& mailbox) const;
  [[nodiscard]] bool wants_server_metadata() const;

  /// How it is told.
  struct Manner {
    std::optional<MailboxId> selected;  // of this one messages are told by its session
    Dialect dialect;
    StatusContext status;
  };

  /// What came of it: too many mailboxes are not watched (RFC 5465 §5.8).
  enum class Outcome { overflow, told };

  /// Takes all mailboxes as they are, and says STATUS of them if the client wants that. Errors: io.
  [[nodiscard]] std::expected<Outcome, store::StoreError> begin(const store::Snapshot& snapshot,
                                                                const Manner& manner, std::string& out);
  /// Tells what has changed in these. Errors: io.
  [[nodiscard]] std::expected<Outcome, store::StoreError> tell(const store::Snapshot& snapshot,
                                                               const ChangedMailboxes& changed,
                                                               const Manner& manner, std::string& out);

 private:
  struct Known {
    std::string name;
    Uid uid_next{};
    std::uint32_t messages = 0;
    std::uint32_t unseen = 0;
    ModSeq highest_modseq{};
    bool operator==(const Known&) const = default;
  };
  class Names;

  [[nodiscard]] bool covers(const imap::NotifyGroup& group, const std::string& name) const;
  [[nodiscard]] bool wants(bool imap::NotifyEvents::*event, const std::string& name) const;
  [[nodiscard]] bool wants_status(const Known& before, const Known& now, const Manner& manner) const;
  [[nodiscard]] std::vector<imap::StatusItem> status_items(const std::string& name, const Manner& manner) const;
  std::expected<void, store::StoreError> tell_subscriptions(const store::Snapshot& snapshot, Names& names,
                                                            std::string& out);
  std::expected<void, store::StoreError> tell_mailbox(const store::Snapshot& snapshot, MailboxId id,
                                                      const Manner& manner, Names& names, std::string& out);
  static Known known(const store::MailboxInfo& info);

  const imap::Notify wanted_;
  std::map<MailboxId, Known> mailboxes_;
  std::set<std::string> subscribed_;
};

}  // namespace posthaste::imapd
