#include "common/imap/metadata.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "common/base/octets.h"
#include "common/imap/cursor.h"
#include "common/imap/syntax.h"

namespace posthaste::imap {

namespace {

constexpr std::string_view kPrivate = "/private";
constexpr std::string_view kShared = "/shared";

bool is_at_or_below(std::string_view entry, std::string_view above) {
  return entry.starts_with(above) && (entry.size() == above.size() || entry[above.size()] == '/');
}

// RFC 5464 §3.2
bool may_be_in_entry(char c) {
  const auto octet = static_cast<unsigned char>(c);
  return octet > 0x19 && octet < 0x80 && !is_list_wildcard(c);
}

bool is_entry_name(std::string_view name) {
  if (!is_at_or_below(name, kPrivate) && !is_at_or_below(name, kShared)) return false;
  if (name.ends_with('/') || name.find("//") != std::string_view::npos) return false;
  return std::ranges::all_of(name, may_be_in_entry);
}

// Two components at least, and four in the vendors' namespace (RFC 5464 §3.2).
bool has_value_of_its_own(std::string_view name) {
  const auto components = std::ranges::count(name, '/');
  const bool of_vendor = is_at_or_below(name, "/private/vendor") || is_at_or_below(name, "/shared/vendor");
  return components >= (of_vendor ? 4 : 2);
}

// entry
Parsed<std::string> entry(Cursor& cursor) {
  const auto start = cursor.offset();
  auto name = cursor.astring();
  if (!name) return name;
  if (name->size() > kEntryNameMaxOctets) return cursor.error_at(start, SyntaxErrorKind::too_long);
  std::string small = lower(*name);
  if (!is_entry_name(small)) return cursor.error_at(start, SyntaxErrorKind::syntax);
  return small;
}

// entries
Parsed<std::vector<std::string>> entries(Cursor& cursor) {
  const auto start = cursor.offset();
  if (!cursor.next_is('(')) {
    auto one = entry(cursor);
    if (!one) return std::unexpected(one.error());
    return std::vector<std::string>{std::move(*one)};
  }
  auto several = cursor.list_of(entry, kMetadataEntriesMax);
  if (several && several->empty()) return cursor.error_at(start, SyntaxErrorKind::syntax);
  return several;
}

// mailbox, or an empty string for the server.
Parsed<std::optional<std::string>> mailbox_or_server(Cursor& cursor) {
  const auto start = cursor.offset();
  auto name = cursor.astring();
  if (!name) return std::unexpected(name.error());
  if (name->empty()) return std::nullopt;
  cursor.rewind(start);
  auto mailbox = cursor.mailbox();
  if (!mailbox) return std::unexpected(mailbox.error());
  return std::optional(std::move(*mailbox));
}

// scope-opt, after its name
Parsed<MetadataDepth> depth(Cursor& cursor) {
  const auto start = cursor.offset();
  auto word = cursor.label();
  if (!word) return std::unexpected(word.error());
  if (*word == "0") return MetadataDepth::zero;
  if (*word == "1") return MetadataDepth::one;
  if (iequals(*word, "infinity")) return MetadataDepth::infinity;
  return cursor.error_at(start, SyntaxErrorKind::syntax);
}

// getmetadata-option, into `command`; each once at most.
Parsed<void> option(Cursor& cursor, GetMetadata& command, bool& has_depth) {
  const auto start = cursor.offset();
  if (cursor.skip("MAXSIZE ") && !command.max_size) {
    auto octets = cursor.number64();
    if (!octets) return std::unexpected(octets.error());
    if (*octets > std::numeric_limits<std::uint32_t>::max()) {
      return cursor.error_at(start, SyntaxErrorKind::too_long);
    }
    command.max_size = static_cast<std::uint32_t>(*octets);
    return {};
  }
  if (cursor.skip("DEPTH ") && !std::exchange(has_depth, true)) {
    auto asked = depth(cursor);
    if (!asked) return std::unexpected(asked.error());
    command.depth = *asked;
    return {};
  }
  return cursor.error_at(start, SyntaxErrorKind::syntax);
}

// getmetadata-options
Parsed<void> options(Cursor& cursor, GetMetadata& command) {
  bool has_depth = false;
  if (auto open = cursor.expect('('); !open) return open;
  do {
    if (auto read = option(cursor, command, has_depth); !read) return read;
  } while (cursor.skip(' '));
  return cursor.expect(')');
}

// Entries begin with "/", as an atom or in a string; options with a letter.
bool options_are_next(const Cursor& cursor) {
  const std::string_view rest = cursor.rest();
  return rest.size() > 1 && rest[0] == '(' && is_alpha(rest[1]);
}

// value
Parsed<std::optional<std::string>> value(Cursor& cursor) {
  if (!cursor.next_is('{') && !cursor.next_is('~')) return cursor.nstring();
  const auto start = cursor.offset();
  auto literal = cursor.literal();
  if (!literal) return std::unexpected(literal.error());
  // CHAR8: NUL is literal8's alone. How long it may be is said by a response code (RFC 5464 §4.3).
  if (!literal->binary && literal->octets.contains('\0')) {
    return cursor.error_at(start, SyntaxErrorKind::syntax);
  }
  return std::optional(std::string(literal->octets));
}

}  // namespace

bool is_within(std::string_view entry, std::string_view above, MetadataDepth depth) {
  if (entry == above) return true;
  if (depth == MetadataDepth::zero || !is_at_or_below(entry, above)) return false;
  return depth == MetadataDepth::infinity || entry.find('/', above.size() + 1) == std::string_view::npos;
}

bool is_private_entry(std::string_view entry) { return is_at_or_below(entry, kPrivate); }

Parsed<GetMetadata> get_metadata(Cursor& cursor) {
  GetMetadata command;
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  const bool options_come_first = cursor.next_is('(');
  if (options_come_first) {
    if (auto read = options(cursor, command); !read) return std::unexpected(read.error());
    if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  }
  auto mailbox = mailbox_or_server(cursor);
  if (!mailbox) return std::unexpected(mailbox.error());
  command.mailbox = std::move(*mailbox);
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  // The formal syntax has the options before the mailbox, the examples of §4.2 behind it: clients do either.
  if (!options_come_first && options_are_next(cursor)) {
    if (auto read = options(cursor, command); !read) return std::unexpected(read.error());
    if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  }
  auto named = entries(cursor);
  if (!named) return std::unexpected(named.error());
  command.entries = std::move(*named);
  return command;
}

Parsed<SetMetadata> set_metadata(Cursor& cursor) {
  SetMetadata command;
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  auto mailbox = mailbox_or_server(cursor);
  if (!mailbox) return std::unexpected(mailbox.error());
  command.mailbox = std::move(*mailbox);
  if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
  if (auto open = cursor.expect('('); !open) return std::unexpected(open.error());
  do {
    const auto start = cursor.offset();
    if (command.values.size() == kMetadataEntriesMax) return cursor.error(SyntaxErrorKind::too_long);
    auto name = entry(cursor);
    if (!name) return std::unexpected(name.error());
    if (!has_value_of_its_own(*name)) return cursor.error_at(start, SyntaxErrorKind::syntax);
    if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
    auto octets = value(cursor);
    if (!octets) return std::unexpected(octets.error());
    command.values.push_back({std::move(*name), std::move(*octets)});
  } while (cursor.skip(' '));
  if (auto close = cursor.expect(')'); !close) return std::unexpected(close.error());
  return command;
}

}  // namespace posthaste::imap
