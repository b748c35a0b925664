#include "common/imap/literal.h"

#include "common/base/octets.h"

namespace posthaste::imap {

namespace {

constexpr std::uint64_t kNumber64Max = 0x7fff'ffff'ffff'ffff;  // RFC 9051 §9, number64

}  // namespace

Parsed<std::optional<LiteralAnnouncement>> literal_announcement(std::string_view line) {
  if (!line.ends_with('}')) return std::nullopt;
  const auto open = line.rfind('{');
  if (open == std::string_view::npos) return std::nullopt;

  LiteralAnnouncement announcement;
  auto digits = line.substr(open + 1, line.size() - open - 2);
  if (digits.ends_with('+')) {
    announcement.synchronizing = false;
    digits.remove_suffix(1);
  }
  if (digits.empty()) return std::nullopt;
  for (const char c : digits) {
    if (!is_digit(c)) return std::nullopt;
  }
  const auto octets = parse_decimal(digits);
  if (!octets || *octets > kNumber64Max) return std::unexpected(SyntaxError{SyntaxErrorKind::too_long, open});
  announcement.octets = *octets;
  announcement.binary = open > 0 && line[open - 1] == '~';
  return announcement;
}

}  // namespace posthaste::imap
