// What a client has enabled, which changes how it is spoken to until it goes (RFC 5161, RFC 7162 §3.1).
#pragma once

#include "common/imap/mailbox_name.h"

namespace posthaste::imapd {

struct Dialect {
  bool condstore = false;  // unsolicited FETCH responses hold UID and MODSEQ (RFC 7162 §3.2.4)
  bool qresync = false;    // VANISHED in place of EXPUNGE (RFC 7162 §3.2.10); never without `condstore`
  bool rev2 = false;       // IMAP4rev2: no RECENT, no UNSEEN, ESEARCH for every SEARCH (RFC 9051 §E)
  bool utf8 = false;       // UTF8=ACCEPT (RFC 6855)
  bool uid_only = false;   // no sequence numbers, either way (RFC 9586)
  bool metadata = false;   // others' changes of annotations are told (RFC 5464 §4.1)
  bool operator==(const Dialect&) const = default;

  /// Whether FETCH responses that nobody asked for hold the UID (RFC 9051 §7.5.2, RFC 7162 §3.2.4).
  [[nodiscard]] bool says_uid() const { return rev2 || condstore; }
  /// Whether what has gone is told by UID.
  [[nodiscard]] bool says_vanished() const { return qresync || uid_only; }
  [[nodiscard]] imap::MailboxEncoding mailbox_encoding() const {
    return rev2 || utf8 ? imap::MailboxEncoding::utf8 : imap::MailboxEncoding::modified_utf7;
  }
};

}  // namespace posthaste::imapd
