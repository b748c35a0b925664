#include "common/imap/flags.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/base/octets.h"
#include "common/imap/cursor.h"

namespace posthaste::imap {

namespace {

// "\Recent" has no place here: only the server sets it (RFC 3501 §2.3.2).
constexpr std::string_view kRecent = "Recent";

std::optional<SystemFlag> find_system_flag(std::string_view name_without_backslash) {
  for (const SystemFlag flag : kSystemFlags) {
    if (iequals(name_of(flag).substr(1), name_without_backslash)) return flag;
  }
  return std::nullopt;
}

void insert_keyword(Flags& flags, std::string keyword) {
  auto same = [&keyword](const std::string& other) { return iequals(keyword, other); };
  if (std::ranges::none_of(flags.keywords, same)) flags.keywords.push_back(std::move(keyword));
}

// flag, into `flags`.
Parsed<void> flag(Cursor& cursor, Flags& flags) {
  const auto start = cursor.offset();
  if (!cursor.skip('\\')) {
    auto keyword = flag_keyword(cursor);
    if (!keyword) return std::unexpected(keyword.error());
    insert_keyword(flags, std::move(*keyword));
    return {};
  }
  auto name = cursor.atom();
  if (!name) return std::unexpected(name.error());
  if (iequals(*name, kRecent)) return {};
  const auto system = find_system_flag(*name);
  if (!system) return cursor.error_at(start, SyntaxErrorKind::syntax);
  flags.system.insert(*system);
  return {};
}

}  // namespace

std::string_view name_of(SystemFlag flag) {
  switch (flag) {
    case SystemFlag::answered: return "\\Answered";
    case SystemFlag::flagged: return "\\Flagged";
    case SystemFlag::deleted: return "\\Deleted";
    case SystemFlag::seen: return "\\Seen";
    case SystemFlag::draft: return "\\Draft";
  }
  std::unreachable();
}

Parsed<std::string> flag_keyword(Cursor& cursor) {
  const auto start = cursor.offset();
  auto name = cursor.atom();
  if (!name) return std::unexpected(name.error());
  if (name->size() > kKeywordMaxOctets) return cursor.error_at(start, SyntaxErrorKind::too_long);
  return std::string(*name);
}

Parsed<Flags> flag_list(Cursor& cursor) {
  Flags flags;
  if (auto open = cursor.expect('('); !open) return std::unexpected(open.error());
  cursor.skip_spaces();
  for (std::size_t count = 0; !cursor.skip(')'); ++count) {
    if (count == kFlagListMax) return cursor.error(SyntaxErrorKind::too_long);
    if (auto read = flag(cursor, flags); !read) return std::unexpected(read.error());
    if (cursor.next_is(')')) continue;
    if (auto gap = cursor.space(); !gap) return std::unexpected(gap.error());
    cursor.skip_spaces();
  }
  return flags;
}

Parsed<Flags> flag_list_or_flags(Cursor& cursor) {
  if (cursor.next_is('(')) return flag_list(cursor);
  Flags flags;
  for (std::size_t count = 0;; ++count) {
    if (count == kFlagListMax) return cursor.error(SyntaxErrorKind::too_long);
    if (auto read = flag(cursor, flags); !read) return std::unexpected(read.error());
    const auto gap = cursor.take_while([](char c) { return c == ' '; });
    if (cursor.at_end()) return flags;
    if (gap.empty()) return cursor.error();
  }
}

Parsed<Flags> parse_flag_list(std::string_view text) {
  Cursor cursor(text);
  auto flags = flag_list(cursor);
  if (flags && !cursor.at_end()) return cursor.error();
  return flags;
}

void append_flags(std::string& out, const Flags& flags) {
  out.push_back('(');
  const auto start = out.size();
  auto append = [&out, start](std::string_view name) {
    if (out.size() > start) out.push_back(' ');
    out.append(name);
  };
  for (const SystemFlag flag : kSystemFlags) {
    if (flags.system.contains(flag)) append(name_of(flag));
  }
  for (const auto& keyword : flags.keywords) append(keyword);
  out.push_back(')');
}

std::string to_string(const Flags& flags) {
  std::string out;
  append_flags(out, flags);
  return out;
}

}  // namespace posthaste::imap
