// Flags and special uses, in the words of the store and of the protocol.
#pragma once

#include <string>
#include <vector>

#include "common/imap/flags.h"
#include "common/imap/special_use.h"
#include "common/mailbox/message.h"
#include "common/mailbox/uid_set.h"

namespace posthaste::imapd {

[[nodiscard]] mailbox::SystemFlag to_store(imap::SystemFlag flag);
[[nodiscard]] mailbox::FlagSet to_store(imap::SystemFlags flags);
[[nodiscard]] mailbox::SpecialUse to_store(imap::SpecialUse use);
[[nodiscard]] imap::SpecialUse to_imap(mailbox::SpecialUse use);

/// Appends "(\Seen $Forwarded)"; `keywords` are the mailbox's.
void append_flags(std::string& out, const mailbox::Message& message, const std::vector<std::string>& keywords);
/// The same with \Recent, for a message in `recent`.
void append_flags(std::string& out, const mailbox::Message& message, const std::vector<std::string>& keywords,
                  const mailbox::UidSet& recent);

/// Appends "(12)", the value of MODSEQ (RFC 7162 §3.1.4.2), or all of "MODSEQ (12)".
void append_mod_seq_value(std::string& out, ModSeq mod_seq);
void append_mod_seq(std::string& out, ModSeq mod_seq);

/// Appends the lines FLAGS and PERMANENTFLAGS (RFC 9051 §7.3.5, §7.1) of a mailbox with these keywords.
void append_flags_of_mailbox(std::string& out, const std::vector<std::string>& keywords, bool read_only);

}  // namespace posthaste::imapd
