// What a search looks for, in no protocol's words: IMAP's search keys are turned into it (imapd/search).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "common/base/ids.h"
#include "common/mailbox/message.h"
#include "common/mailbox/uid_set.h"

namespace posthaste::reading {

struct Condition;

/// True of each message, or of none.
struct Always {
  bool holds = true;
};

/// One of these messages of the mailbox.
struct IsOneOf {
  std::shared_ptr<const mailbox::UidSet> uids;  // never null; many conditions may share a large set
};

struct HasFlag {
  mailbox::SystemFlag flag{};
};

/// Keywords are the same in any case.
struct HasKeyword {
  std::string keyword;
};

enum class DateField { received, sent, saved };
enum class DateRelation { before, on, since };

/// By the calendar day, as it was where the date was written. A message that does not say when it was sent has no
/// such day.
struct HasDay {
  DateField field = DateField::received;
  DateRelation relation = DateRelation::on;
  std::chrono::sys_days day;
};

enum class TimeRelation { before, since };

/// By the instant at which it came in; `since` has the instant itself.
struct CameIn {
  TimeRelation relation = TimeRelation::since;
  std::chrono::sys_seconds instant;
};

enum class SizeRelation { larger, smaller };

struct HasSize {
  SizeRelation relation = SizeRelation::larger;
  std::uint64_t octets = 0;
};

/// Changed, or new, at `since` or later.
struct HasChanged {
  ModSeq since{};
};

/// The messages that were stored with these octets: copies of one another.
struct IsCopyOf {
  BlobId blob{};
};

/// A field of the header holds the text, or, when that is empty, is there.
struct HeaderHolds {
  std::string field_name;
  std::string text;  // UTF-8
};

enum class TextPlace { body, header_and_body };

struct TextHolds {
  TextPlace place = TextPlace::body;
  std::string text;  // UTF-8
};

/// Of no conditions: true.
struct AllOf {
  std::vector<Condition> conditions;
};

/// Of no conditions: false.
struct AnyOf {
  std::vector<Condition> conditions;
};

/// The one condition does not hold.
struct Not {
  std::vector<Condition> condition;
};

struct Condition {
  std::variant<Always, IsOneOf, HasFlag, HasKeyword, HasDay, CameIn, HasSize, HasChanged, IsCopyOf, HeaderHolds,
               TextHolds, AllOf, AnyOf, Not>
      value;
};

}  // namespace posthaste::reading
