// Which mailboxes a LIST, LSUB or XLIST names, and what is said of each (RFC 9051 §6.3.9, RFC 5258, RFC 6154).
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/imap/list.h"
#include "common/imap/list_pattern.h"
#include "common/imap/mailbox_name.h"
#include "common/mailbox/reader.h"

namespace posthaste::imapd {

/// A name of the hierarchy. It may be no mailbox: a parent that was deleted, or a name that is only subscribed, or
/// above one that is.
struct ListedName {
  std::optional<MailboxId> mailbox;
  std::optional<mailbox::SpecialUse> special_use;
  bool subscribed = false;
  bool has_children = false;
  ListedName* parent = nullptr;
  // What comes of a command.
  bool is_matched = false;
  bool has_chosen_below = false;
  bool has_unmatched_below = false;  // chosen, but matched by no pattern
};

/// All names of one user at one instant.
class Hierarchy {
 public:
  Hierarchy(std::vector<mailbox::MailboxName> mailboxes, std::vector<std::string> subscriptions);
  Hierarchy(const Hierarchy&) = delete;
  Hierarchy& operator=(const Hierarchy&) = delete;

  using Names = std::map<std::string, ListedName, std::less<>>;
  [[nodiscard]] Names& names() { return names_; }

 private:
  /// Its parents are there too then.
  ListedName& at(std::string_view name);

  Names names_;
};

/// One line of an answer.
struct ListLine {
  std::string name;
  std::vector<std::string> attributes;
  bool child_info = false;                      // RFC 5258 §4, for SUBSCRIBED
  std::optional<mailbox::MailboxInfo>
      status_of;                                // a STATUS response follows; not for a parent's sake (RFC 5819 §3)
  std::optional<std::string> old_name = {};     // OLDNAME (RFC 9051 §6.3.9.7), after a rename
};

/// The answer to a LIST, LSUB or XLIST, in steps, none of them on a loop. Names are those of one instant; what is
/// said of each is read later, for few of them at once: no snapshot lives while patterns are matched.
class ListWork {
 public:
  enum class Kind { list, lsub };  // LIST's rules (RFC 9051 §6.3.9), or LSUB's (RFC 3501 §6.3.9)

  /// For LSUB: the names that are subscribed, and by RECURSIVEMATCH those above them. `store` outlives it.
  ListWork(const mailbox::Reader& store, UserId user, Kind kind, imap::List list);

  /// The next lines, perhaps none. Errors: unavailable, io.
  [[nodiscard]] std::expected<std::vector<ListLine>, mailbox::StoreError> step();
  [[nodiscard]] bool done() const { return phase_ == Phase::done; }
  /// What matching has taken so far.
  [[nodiscard]] std::uint64_t match_steps() const { return patterns_.steps(); }

 private:
  enum class Phase { read_names, read_uses, match, tell, done };
  using Name = Hierarchy::Names::value_type;
  using Read = std::expected<void, mailbox::StoreError>;

  Read read_names();
  Read read_uses();
  void match();
  Read tell(std::vector<ListLine>& lines);
  void enter(Phase phase);
  [[nodiscard]] bool is_chosen(const ListedName& name) const;
  [[nodiscard]] bool is_told(const ListedName& name) const;
  [[nodiscard]] ListLine line_of(const Name& name, std::optional<mailbox::MailboxInfo> info) const;
  /// Of the mailboxes among `names`, in order; nothing for what is none, or is gone. Errors: unavailable, io.
  using Infos = std::vector<std::optional<mailbox::MailboxInfo>>;
  [[nodiscard]] std::expected<Infos, mailbox::StoreError> read_infos(const std::vector<Name*>& names) const;

  const mailbox::Reader& store_;
  const UserId user_;
  const Kind kind_;
  const imap::List list_;
  imap::ListPatterns patterns_;
  Phase phase_ = Phase::read_names;
  std::optional<Hierarchy> hierarchy_;
  Hierarchy::Names::iterator at_;  // the next name of this phase
};

/// One name as it is now, with all its attributes; it may be no mailbox any more. Point reads. Errors: io.
[[nodiscard]] std::expected<ListLine, mailbox::StoreError> list_name(const mailbox::Snapshot& snapshot,
                                                                     const std::string& name,
                                                                     std::optional<std::string> old_name);

/// `response` is "LIST", "LSUB" or "XLIST".
void append_list_line(std::string& out, std::string_view response, const ListLine& line,
                      imap::MailboxEncoding encoding);

}  // namespace posthaste::imapd
