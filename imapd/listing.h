// Which mailboxes a LIST, LSUB or XLIST names, and what is said of each (RFC 9051 §6.3.9, RFC 5258, RFC 6154).
#pragma once

#include <expected>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/imap/list.h"
#include "common/imap/mailbox_name.h"
#include "common/store/snapshot.h"

namespace posthaste::imapd {

/// A name of the hierarchy. It may be no mailbox: a parent that was deleted, or a name that is only subscribed, or
/// above one that is.
struct ListedName {
  std::optional<store::MailboxInfo> mailbox;
  bool subscribed = false;
  bool has_children = false;
};

/// All names of one user at one instant.
class Hierarchy {
 public:
  /// Errors: io.
  [[nodiscard]] static std::expected<Hierarchy, store::StoreError> read(const store::Snapshot& snapshot);

  [[nodiscard]] const std::map<std::string, ListedName>& names() const { return names_; }
  /// Whether a name below this one is chosen by `selection`, and none of `patterns` matches it.
  [[nodiscard]] bool has_chosen_below(const std::string& name, const imap::ListSelection& selection,
                                      const std::vector<std::string>& patterns) const;

 private:
  void add_parents();
  std::map<std::string, ListedName> names_;
};

/// One line of an answer.
struct ListLine {
  std::string name;
  std::vector<std::string> attributes;
  bool child_info = false;                      // RFC 5258 §4, for SUBSCRIBED
  std::optional<store::MailboxInfo> status_of;  // a STATUS response follows; not for a parent's sake (RFC 5819 §3)
  std::optional<std::string> old_name = {};     // OLDNAME (RFC 9051 §6.3.9.7), after a rename
};

[[nodiscard]] std::vector<ListLine> list_mailboxes(const Hierarchy& hierarchy, const imap::List& list);
/// RFC 3501 §6.3.9.
[[nodiscard]] std::vector<ListLine> list_subscriptions(const Hierarchy& hierarchy, const std::string& pattern);

/// One name as it is now, with all its attributes; it may be no mailbox any more.
[[nodiscard]] ListLine list_name(const Hierarchy& hierarchy, const std::string& name,
                                 std::optional<std::string> old_name);

/// `response` is "LIST", "LSUB" or "XLIST".
void append_list_line(std::string& out, std::string_view response, const ListLine& line,
                      imap::MailboxEncoding encoding);

}  // namespace posthaste::imapd
