// GETMETADATA and SETMETADATA (RFC 5464).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/imap/syntax_error.h"

namespace posthaste::imap {

class Cursor;

inline constexpr std::size_t kEntryNameMaxOctets = 255;
inline constexpr std::size_t kMetadataEntriesMax = 100;  // in one command

/// How far below a named entry GETMETADATA looks (RFC 5464 §4.2.2).
enum class MetadataDepth { zero, one, infinity };

/// Entry names have no case (§3.2), and are in small letters here.
struct GetMetadata {
  std::optional<std::string> mailbox;  // nothing: the server
  std::vector<std::string> entries;    // one at least
  std::optional<std::uint32_t> max_size;
  MetadataDepth depth = MetadataDepth::zero;
  bool operator==(const GetMetadata&) const = default;
};

/// entry-value
struct MetadataValue {
  std::string entry;
  std::optional<std::string> value;  // nothing for NIL; any octets, of any length that a command may have
  bool operator==(const MetadataValue&) const = default;
};

struct SetMetadata {
  std::optional<std::string> mailbox;  // nothing: the server
  std::vector<MetadataValue> values;   // one at least
  bool operator==(const SetMetadata&) const = default;
};

/// Whether `entry` is `above`, or lies below it as deep as that.
[[nodiscard]] bool is_within(std::string_view entry, std::string_view above, MetadataDepth depth);

/// True below "/private", which is the user's alone (§3.3).
[[nodiscard]] bool is_private_entry(std::string_view entry);

/// What follows "GETMETADATA". Errors: syntax, also for a name that no entry has (§3.2); bad_mailbox_name;
/// too_long.
Parsed<GetMetadata> get_metadata(Cursor& cursor);

/// What follows "SETMETADATA". Errors: the same; syntax also for a name of too few components.
Parsed<SetMetadata> set_metadata(Cursor& cursor);

}  // namespace posthaste::imap
