// A selected mailbox as its client knows it, and what the client must be told to know more.
#pragma once

#include <algorithm>
#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "common/base/ids.h"
#include "common/mailbox/message.h"
#include "common/mailbox/reader.h"
#include "imapd/answers/number_text.h"
#include "imapd/view/dialect.h"
#include "imapd/view/recent_messages.h"
#include "imapd/view/uid_runs.h"

namespace posthaste::imapd {

/// The view of one session. Flags are not in it: the store has them, and modseqs tell which are news.
struct SelectedMailbox {
  MailboxId id{};
  UidValidity uid_validity{};
  bool read_only = false;
  UidRuns messages;
  Uid uid_next{1};         // messages from here on have not been told
  ModSeq flags_told{};     // changes of flags up to here have been told
  ModSeq expunges_told{};  // a little behind `flags_told` while EXPUNGE must wait
  std::size_t keywords_told = 0;
  mailbox::UidSet recent = {};        // \Recent for this session
  mailbox::UidSet saved_result = {};  // "$" (RFC 5182); of those that have gone since nothing is left

  /// All that changed up to here has been told: what a client may take for its HIGHESTMODSEQ.
  [[nodiscard]] ModSeq all_told() const { return std::min(flags_told, expunges_told); }
};

/// Where a session looks for what is \Recent to it; nowhere, when it does not know that flag.
struct Recency {
  UserId user{};
  RecentMessages* messages = nullptr;
};

/// A mailbox just opened, and what only SELECT says of it.
struct OpenedMailbox {
  SelectedMailbox mailbox;
  std::vector<std::string> keywords;
  std::optional<SequenceNumber> first_unseen;
  std::string name;  // as it is spelt
  std::optional<mailbox::SpecialUse> special_use;
};

/// Of `recency.user`. May read all rows of the mailbox, few in a snapshot: never on a loop. Errors:
/// no_such_mailbox, unavailable, io.
[[nodiscard]] std::expected<OpenedMailbox, mailbox::StoreError> open_mailbox(const mailbox::Reader& store,
                                                                             const std::string& name,
                                                                             bool read_only,
                                                                             const Recency& recency);

/// Appends "* 1 FETCH (", or "* 12 UIDFETCH (" for those who know no sequence numbers (RFC 9586 §3.3).
void append_fetch_start(std::string& out, Uid uid, SequenceNumber sequence_number, const Dialect& dialect);

/// Appends EXISTS, and RECENT for those who know it.
void append_counts(std::string& out, const SelectedMailbox& mailbox, const Dialect& dialect);

/// Messages whose flags the client knows already, unless they changed after `up_to`: those it has set itself.
struct KnownFlags {
  mailbox::UidSet uids;
  ModSeq up_to{};
};

/// What the steps of one command have changed: an entry each, none of them empty, and each above those before it.
using KnownChanges = std::vector<KnownFlags>;

/// How a session may be told of changes in the course of one command.
struct TellOptions {
  bool expunges = true;   // not while FETCH, STORE or SEARCH run (RFC 9051 §7.5.1)
  bool with_uid = false;  // in answer to a UID command (RFC 9051 §6.4.9)
  KnownChanges known;
  Dialect dialect;
  RecentMessages* recent_messages = nullptr;  // nothing: the client does not know \Recent
  bool flags = true;
  bool new_messages = false;  // more than their number is wanted (RFC 5465 §5.2)
};

/// Whether there may be something to tell. A point read. Errors: no_such_mailbox when it was deleted; io.
[[nodiscard]] std::expected<bool, mailbox::StoreError> has_news(const mailbox::Snapshot& snapshot,
                                                                const SelectedMailbox& mailbox, bool expunges);

/// Compares a view with the store, in steps of some size, none of them on a loop. The first step brings expunges
/// and new messages, each of one snapshot with the modseq it ends at; the others go on with flags, up to that
/// modseq and no further: a MODSEQ beyond it would hide from the client an expunge that it was not told.
class NewsTeller {
 public:
  /// All three outlive it; nobody else touches `mailbox` before done().
  NewsTeller(const mailbox::Reader& store, UserId user, SelectedMailbox& mailbox, TellOptions options)
      : store_(store), user_(user), mailbox_(mailbox), options_(std::move(options)) {}

  /// What to send next. Errors: no_such_mailbox when it was deleted; unavailable, io.
  [[nodiscard]] std::expected<std::string, mailbox::StoreError> step();
  [[nodiscard]] bool done() const { return done_; }
  /// Those of which EXISTS was told.
  [[nodiscard]] const mailbox::UidSet& new_messages() const { return new_messages_; }
  [[nodiscard]] bool tells_new_messages() const { return options_.new_messages; }
  /// After an error: whether the view may be ahead of what was sent. Then it is of no use any more.
  [[nodiscard]] bool begun() const { return flags_from_.has_value(); }

 private:
  std::expected<void, mailbox::StoreError> begin(const mailbox::Snapshot& snapshot,
                                                 const mailbox::MailboxInfo& info);
  std::expected<void, mailbox::StoreError> tell_expunges(const mailbox::Snapshot& snapshot,
                                                         const mailbox::MailboxInfo& info);
  std::expected<void, mailbox::StoreError> tell_arrivals(const mailbox::Snapshot& snapshot,
                                                         const mailbox::MailboxInfo& info);
  bool print_expunges(std::string& out);
  std::expected<void, mailbox::StoreError> tell_flags(const mailbox::Snapshot& snapshot,
                                                      const mailbox::MailboxInfo& info, std::string& out);
  [[nodiscard]] bool knows(const mailbox::Message& message) const;

  const mailbox::Reader& store_;
  const UserId user_;
  SelectedMailbox& mailbox_;
  const TellOptions options_;
  std::optional<Uid> flags_from_;            // the next flags to look at, once begun
  std::vector<imap::NumberRange> expunges_;  // the sequence numbers still to be told
  std::optional<NumberText> vanished_;       // or their UIDs
  bool vanished_begun_ = false;
  std::string after_expunges_;
  Uid flags_end_{};  // new messages begin here, and need no FETCH
  ModSeq target_{};
  mailbox::UidSet new_messages_;
  bool done_ = false;
};

}  // namespace posthaste::imapd
