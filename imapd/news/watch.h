// What a client that uses NOTIFY is told of mailboxes other than the selected one (RFC 5465).
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/imap/notify.h"
#include "common/mailbox/operations.h"
#include "common/mailbox/reader.h"
#include "imapd/answers/status_line.h"
#include "imapd/view/dialect.h"

namespace posthaste::imapd {

/// Which mailboxes may have changed since they were last looked at.
struct ChangedMailboxes {
  bool all = false;
  std::set<MailboxId> some;

  /// One published change, or nothing when any may have changed.
  void note(const std::optional<mailbox::Change>& change);
  [[nodiscard]] bool empty() const { return !all && some.empty(); }
};

/// The mailboxes as the client knows them.
class Watch {
 public:
  explicit Watch(imap::Notify wanted);

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

 private:
  friend class WatchWork;
  struct Known {
    std::string name;
    Uid uid_next{};
    std::uint32_t messages = 0;
    std::uint32_t unseen = 0;
    ModSeq highest_modseq{};
    bool operator==(const Known&) const = default;
  };
  /// Some of the groups, by their places.
  using Groups = std::bitset<imap::kNotifyGroupsMax>;
  using GroupsByName = std::map<std::string, Groups, std::less<>>;

  /// The groups that are about this mailbox. Looks the name and those above it up, however many names were given.
  [[nodiscard]] Groups covering(std::string_view name) const;
  [[nodiscard]] bool wants(bool imap::NotifyEvents::*event, const Groups& covering) const;
  [[nodiscard]] bool wants_status(const Known& before, const Known& now, const Groups& covering,
                                  const Manner& manner) const;
  [[nodiscard]] std::vector<imap::StatusItem> status_items(const Groups& covering, const Manner& manner) const;
  static Known known(const mailbox::MailboxInfo& info);

  const imap::Notify wanted_;
  Groups personal_;     // about all mailboxes
  Groups subscribing_;  // about those that are subscribed
  GroupsByName named_;
  GroupsByName rooted_;  // about a mailbox and all below it
  std::map<MailboxId, Known> mailboxes_;
  std::set<std::string, std::less<>> subscribed_;
};

/// A look of a Watch at the store, in steps, none of them on a loop: some mailboxes are read, then their snapshot
/// goes, then what is to be told of them is thought out.
class WatchWork {
 public:
  /// The first look takes all mailboxes as they are, and says STATUS of them if the client wants that. `watch` and
  /// `store` outlive it; nobody else looks meanwhile.
  WatchWork(Watch& watch, const mailbox::Reader& store, UserId user, Watch::Manner manner);
  /// Another one tells what has changed in these.
  WatchWork(Watch& watch, const mailbox::Reader& store, UserId user, Watch::Manner manner,
            ChangedMailboxes changed);

  /// What to say next. Errors: unavailable, io.
  [[nodiscard]] std::expected<std::string, mailbox::StoreError> step();
  [[nodiscard]] bool done() const { return overflows_ || (planned_ && next_ == to_look_at_.size()); }
  /// Too many mailboxes are not watched (RFC 5465 §5.8).
  [[nodiscard]] bool overflows() const { return overflows_; }

 private:
  struct NewName {
    std::string name;
    std::optional<std::string> old_name;
  };
  using Read = std::expected<void, mailbox::StoreError>;
  /// A mailbox as it is now, or nothing when it is gone.
  using Seen = std::pair<MailboxId, std::optional<mailbox::MailboxInfo>>;

  Read plan(std::string& out);
  void take_subscriptions(std::vector<std::string> subscriptions);
  [[nodiscard]] std::expected<std::vector<Seen>, mailbox::StoreError> look();
  void begin_with(const mailbox::MailboxInfo& info, std::string& out);
  void compare(Seen seen, std::string& out);
  Read tell_names(std::string& out);

  Watch& watch_;
  const mailbox::Reader& store_;
  const UserId user_;
  const Watch::Manner manner_;
  const bool begins_;
  const ChangedMailboxes changed_;
  bool planned_ = false;
  bool overflows_ = false;
  std::vector<MailboxId> to_look_at_;
  std::size_t next_ = 0;            // of them
  std::vector<NewName> new_names_;  // to be told, with what is so of them now
};

}  // namespace posthaste::imapd
