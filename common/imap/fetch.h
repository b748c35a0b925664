// What FETCH may ask for (RFC 9051 §6.4.5), and how the answer names it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/base/ids.h"
#include "common/imap/numbering.h"
#include "common/imap/sequence_set.h"
#include "common/imap/syntax_error.h"

namespace posthaste::imap {

class Cursor;

inline constexpr std::size_t kFetchItemsMax = 256;
inline constexpr std::size_t kSectionPartsMax = 1'000;  // as deep as mime::StructureLimits looks
inline constexpr std::size_t kHeaderListMax = 512;

/// Which octets of a part: all of its content, or what section-text names.
enum class SectionText { content, header, header_fields, header_fields_not, text, mime };

/// section-spec. Without part numbers it concerns the message itself, and `content` is all of it.
struct Section {
  std::vector<std::uint32_t> parts;  // "1.2": counted from 1
  SectionText text = SectionText::content;
  std::vector<std::string> field_names;  // of header_fields and header_fields_not, as the client wrote them
  bool operator==(const Section&) const = default;
};

/// "<offset.octets>".
struct Partial {
  std::uint64_t offset = 0;
  std::uint64_t octets = 0;  // never zero in a request
  bool operator==(const Partial&) const = default;
};

/// The items without arguments. `body` is BODYSTRUCTURE without its extension data.
enum class FetchAttribute {
  envelope,
  flags,
  internal_date,
  rfc822_size,
  body,
  body_structure,
  uid,
  mod_seq,  // RFC 7162
  email_id,
  thread_id,  // RFC 8474
  save_date,  // RFC 8514
};

/// The name under which a section is asked for, and answered (RFC 3501 §6.4.5 has the last three).
enum class BodyItem { body, rfc822, rfc822_header, rfc822_text };

/// BODY[...]<...>, BODY.PEEK[...]<...>, RFC822, RFC822.HEADER or RFC822.TEXT. Without `peek` it sets \Seen.
struct FetchBody {
  Section section;
  std::optional<Partial> partial;
  bool peek = false;
  BodyItem item = BodyItem::body;
  bool operator==(const FetchBody&) const = default;
};

/// BINARY[...]<...> or BINARY.PEEK[...]<...>: a part without its transfer encoding (RFC 3516).
struct FetchBinary {
  std::vector<std::uint32_t> parts;
  std::optional<Partial> partial;
  bool peek = false;
  bool operator==(const FetchBinary&) const = default;
};

/// BINARY.SIZE[...].
struct FetchBinarySize {
  std::vector<std::uint32_t> parts;
  bool operator==(const FetchBinarySize&) const = default;
};

/// PREVIEW (RFC 8970). `lazy`: only when it costs nothing.
struct FetchPreview {
  bool lazy = false;
  bool operator==(const FetchPreview&) const = default;
};

using FetchItem = std::variant<FetchAttribute, FetchBody, FetchBinary, FetchBinarySize, FetchPreview>;

/// FETCH and UID FETCH.
struct Fetch {
  NumberedBy numbered_by = NumberedBy::sequence_number;
  SequenceSet set;
  std::vector<FetchItem> items;         // macros are expanded
  std::optional<ModSeq> changed_since;  // RFC 7162 §3.1.4.1
  bool vanished = false;                // RFC 7162 §3.2.6: UID FETCH with CHANGEDSINCE alone
  std::optional<PartialRange> partial;  // RFC 9394 §3.3: UID FETCH alone
  bool operator==(const Fetch&) const = default;
};

/// What follows "FETCH". Errors: syntax; too_long.
Parsed<Fetch> fetch(Cursor& cursor, NumberedBy numbered_by);

/// The items of a FETCH: a macro, one item, or a list in parentheses.
Parsed<std::vector<FetchItem>> fetch_items(Cursor& cursor);
[[nodiscard]] Parsed<std::vector<FetchItem>> parse_fetch_items(std::string_view text);

/// An item's name in the answer: "BODY[1.HEADER.FIELDS (FROM TO)]<0>", "RFC822.SIZE". Of a partial only the
/// origin is said, and never ".PEEK" (RFC 9051 §7.5.2).
void append_response_name(std::string& out, const FetchItem& item);
[[nodiscard]] std::string response_name(const FetchItem& item);

}  // namespace posthaste::imap
