// A client's command, whole: its tag and one value per command (RFC 9051 §6).
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/imap/append.h"
#include "common/imap/fetch.h"
#include "common/imap/list.h"
#include "common/imap/mailbox_name.h"
#include "common/imap/metadata.h"
#include "common/imap/notify.h"
#include "common/imap/numbering.h"
#include "common/imap/search.h"
#include "common/imap/select.h"
#include "common/imap/sequence_set.h"
#include "common/imap/sort.h"
#include "common/imap/special_use.h"
#include "common/imap/status.h"
#include "common/imap/store.h"
#include "common/imap/syntax_error.h"

namespace posthaste::imap {

inline constexpr std::size_t kTagMaxOctets = 128;
inline constexpr std::size_t kEnableCapabilitiesMax = 64;
inline constexpr std::size_t kIdParametersMax = 30;      // RFC 2971 §3.3
inline constexpr std::size_t kIdFieldMaxOctets = 30;     // RFC 2971 §3.3
inline constexpr std::size_t kIdValueMaxOctets = 1'024;  // RFC 2971 §3.3

struct Capability {
  bool operator==(const Capability&) const = default;
};
struct Noop {
  bool operator==(const Noop&) const = default;
};
struct Logout {
  bool operator==(const Logout&) const = default;
};
struct StartTls {
  bool operator==(const StartTls&) const = default;
};

/// AUTHENTICATE (RFC 9051 §6.2.2, RFC 4959). The initial response is decoded; "=" is an empty one.
struct Authenticate {
  std::string mechanism;  // in capitals
  std::optional<std::string> initial_response;
  bool operator==(const Authenticate&) const = default;
};

struct Login {
  std::string user;
  std::string password;
  bool operator==(const Login&) const = default;
};

/// ENABLE (RFC 5161): capabilities in capitals, ours or not.
struct Enable {
  std::vector<std::string> capabilities;
  bool operator==(const Enable&) const = default;
};

/// CREATE, with the special uses of RFC 6154 §3.
struct Create {
  std::string mailbox;
  std::vector<SpecialUse> special_uses;
  bool operator==(const Create&) const = default;
};

struct Delete {
  std::string mailbox;
  bool operator==(const Delete&) const = default;
};

struct Rename {
  std::string from;
  std::string to;
  bool operator==(const Rename&) const = default;
};

struct Subscribe {
  std::string mailbox;
  bool operator==(const Subscribe&) const = default;
};

struct Unsubscribe {
  std::string mailbox;
  bool operator==(const Unsubscribe&) const = default;
};

/// LSUB (RFC 3501 §6.3.9).
struct Lsub {
  std::string reference;
  std::optional<std::string> pattern;  // nothing: one that no name fits, as in List
  bool operator==(const Lsub&) const = default;
};

/// XLIST, LIST with special uses before RFC 6154; Outlook 2013 and 2016 ask for it.
struct Xlist {
  std::string reference;
  std::optional<std::string> pattern;  // nothing: one that no name fits, as in List
  bool operator==(const Xlist&) const = default;
};

/// NAMESPACE (RFC 2342).
struct Namespace {
  bool operator==(const Namespace&) const = default;
};

/// IDLE (RFC 2177); the line "DONE" that ends it is the session's to read.
struct Idle {
  bool operator==(const Idle&) const = default;
};

/// COMPRESS DEFLATE (RFC 4978): there is no other mechanism.
struct Compress {
  bool operator==(const Compress&) const = default;
};
/// UNAUTHENTICATE (RFC 8437).
struct Unauthenticate {
  bool operator==(const Unauthenticate&) const = default;
};

/// GETQUOTA (RFC 9208 §4.1).
struct GetQuota {
  std::string root;
  bool operator==(const GetQuota&) const = default;
};
/// GETQUOTAROOT; the mailbox need not exist.
struct GetQuotaRoot {
  std::string mailbox;
  bool operator==(const GetQuotaRoot&) const = default;
};
/// SETQUOTA, which nobody may use here: its limits are not read.
struct SetQuota {
  std::string root;
  bool operator==(const SetQuota&) const = default;
};

/// CHECK (RFC 3501 §6.4.1).
struct Check {
  bool operator==(const Check&) const = default;
};
struct Close {
  bool operator==(const Close&) const = default;
};
/// UNSELECT (RFC 3691).
struct Unselect {
  bool operator==(const Unselect&) const = default;
};

/// EXPUNGE, or UID EXPUNGE of some messages (RFC 4315).
struct Expunge {
  std::optional<SequenceSet> uids;
  bool operator==(const Expunge&) const = default;
};

/// COPY and UID COPY.
struct Copy {
  NumberedBy numbered_by = NumberedBy::sequence_number;
  SequenceSet set;
  std::string mailbox;
  bool operator==(const Copy&) const = default;
};

/// MOVE and UID MOVE (RFC 6851).
struct Move {
  NumberedBy numbered_by = NumberedBy::sequence_number;
  SequenceSet set;
  std::string mailbox;
  bool operator==(const Move&) const = default;
};

struct IdParameter {
  std::string field;
  std::optional<std::string> value;  // nothing for NIL
  bool operator==(const IdParameter&) const = default;
};

/// ID (RFC 2971); nothing for NIL.
struct Id {
  std::optional<std::vector<IdParameter>> parameters;
  bool operator==(const Id&) const = default;
};

using CommandBody =
    std::variant<Capability, Noop, Logout, StartTls, Authenticate, Login, Enable, Select, Examine, Create, Delete,
                 Rename, Subscribe, Unsubscribe, List, Lsub, Xlist, Namespace, Status, Append, Idle, Check, Close,
                 Unselect, Expunge, Search, Sort, Thread, Fetch, Store, Copy, Move, Replace, Compress,
                 Unauthenticate, GetQuota, GetQuotaRoot, SetQuota, Id, Notify, GetMetadata, SetMetadata>;

/// Mailbox names in it are canonical and in UTF-8.
struct Command {
  std::string tag;
  CommandBody body;
  bool operator==(const Command&) const = default;
};

struct CommandError {
  std::optional<std::string> tag;  // nothing when not even that could be read: the answer is untagged
  SyntaxErrorKind kind = SyntaxErrorKind::syntax;
  std::size_t offset = 0;  // octets from the start of the command
  bool operator==(const CommandError&) const = default;
};

/// Parses a whole command, without its last CRLF, each literal in place (see literal.h). Spaces at the end are
/// forgiven. The result owns its bytes: an appended message is copied once and may be moved on.
/// `encoding` is how this session's mailbox names travel.
[[nodiscard]] std::expected<Command, CommandError> parse_command(
    std::string_view octets, MailboxEncoding encoding = MailboxEncoding::modified_utf7);

}  // namespace posthaste::imap
