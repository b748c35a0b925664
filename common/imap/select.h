// SELECT and EXAMINE with the parameters of CONDSTORE and QRESYNC (RFC 9051 §6.3.2, RFC 7162 §3.1.8 and §3.2.5).
#pragma once

#include <optional>
#include <string>

#include "common/base/ids.h"
#include "common/imap/sequence_set.h"
#include "common/imap/syntax_error.h"

namespace posthaste::imap {

class Cursor;

/// seq-match-data: pairs of sequence number and UID, both ascending, of as many each.
struct SequenceMatch {
  NumberSet sequence_numbers;
  NumberSet uids;
  bool operator==(const SequenceMatch&) const = default;
};

/// What the client knew of the mailbox when it last saw it.
struct Resynchronization {
  UidValidity uid_validity{};
  ModSeq mod_seq{};
  std::optional<NumberSet> known_uids;
  std::optional<SequenceMatch> match;
  bool operator==(const Resynchronization&) const = default;
};

struct SelectParameters {
  bool condstore = false;
  std::optional<Resynchronization> resynchronization;
  bool operator==(const SelectParameters&) const = default;
};

struct Select {
  std::string mailbox;
  SelectParameters parameters;
  bool operator==(const Select&) const = default;
};

struct Examine {
  std::string mailbox;
  SelectParameters parameters;
  bool operator==(const Examine&) const = default;
};

/// [SP "(" select-param *(SP select-param) ")"]; empty when the command ends here.
Parsed<SelectParameters> select_parameters(Cursor& cursor);

}  // namespace posthaste::imap
