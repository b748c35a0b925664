// What is said when it cannot do what was asked; each daemon says once how it sounds on its wire.
#pragma once

namespace posthaste::mailbox {

enum class StoreError {
  no_such_mailbox,
  no_such_message,
  already_exists,        // a mailbox of that name, or a second mailbox for a special use
  over_quota,            // the user's own limit
  full,                  // the file system's or the index's limit; expunging and flagging go on
  too_many_keywords,     // the mailbox knows kKeywordsMax names already
  invalid_name,          // of a mailbox, a keyword, a delivery or a key: empty, too long, or not UTF-8
  conflict,              // the mailbox has another UIDVALIDITY than the caller expected
  cannot,                // never allowed: deleting INBOX, moving a mailbox below itself
  io,                    // the disk failed or the stored octets are damaged; what was asked may or may not last
  unavailable,           // the store is not open, or no reader can begin; nothing was done
  too_many_annotations,  // of the mailbox, or of all that the user has
  too_many_mailboxes,    // or subscriptions, of the user
  outcome_unknown,  // no answer came: it may or may not have happened, as a repeat under the same key finds out
};

}  // namespace posthaste::mailbox
