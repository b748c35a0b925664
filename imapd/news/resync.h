// What a client that was away must hear of messages expunged meanwhile (RFC 7162 §3.2.5 and §3.2.6).
#pragma once

#include <expected>
#include <optional>
#include <string>

#include "common/imap/select.h"
#include "common/imap/sequence_set.h"
#include "common/mailbox/reader.h"
#include "imapd/view/selected_mailbox.h"

namespace posthaste::imapd {

/// Which of the UIDs `asked` have vanished since `since`: for VANISHED (EARLIER). What the view still holds is
/// news, and not among them. When the store's record of what vanished does not reach back so far, all that were
/// ever given and are gone. Errors: no_such_mailbox, unavailable, io.
[[nodiscard]] std::expected<imap::NumberSet, mailbox::StoreError> vanished_earlier(const mailbox::Reader& store,
                                                                                   UserId user,
                                                                                   const SelectedMailbox& mailbox,
                                                                                   ModSeq since,
                                                                                   const imap::NumberSet& asked);

/// The UIDs that the client's knowledge is about, as SELECT's QRESYNC parameter has it: those it names, or all that
/// were ever given.
[[nodiscard]] imap::NumberSet known_uids(const SelectedMailbox& mailbox, const imap::Resynchronization& known);

/// The part of `known` above the last message whose number and UID the client gives rightly: up to that one it
/// knows of all expunges (RFC 7162 §3.2.5.2). As many steps as the mailbox has messages, at most: never on a loop.
[[nodiscard]] imap::NumberSet above_match(const SelectedMailbox& mailbox, imap::NumberSet known,
                                          const std::optional<imap::SequenceMatch>& match);

/// Appends the line VANISHED (EARLIER), unless there is nothing to tell.
void append_vanished_earlier(std::string& out, const imap::NumberSet& vanished);

}  // namespace posthaste::imapd
