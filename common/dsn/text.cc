#include "common/dsn/text.h"

#include <algorithm>

#include "common/base/date.h"
#include "common/base/octets.h"

namespace posthaste::dsn {
namespace {

constexpr std::string_view kCut = "...";

bool is_blank(char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; }
bool is_utf8_tail(char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U; }

/// At most `max_octets` of `text`, no character of it in pieces.
std::string_view first_octets(std::string_view text, std::size_t max_octets) {
  if (text.size() <= max_octets) return text;
  std::size_t end = max_octets;
  for (int tails = 0; tails < 3 && end > 0 && is_utf8_tail(text[end]); ++tails) --end;
  return text.substr(0, end);
}

/// U+0080 to U+009F: some terminals obey them.
bool is_c1_control(std::string_view text, std::size_t at) {
  return text[at] == '\xc2' && at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) < 0xa0U;
}

void append_code(std::string& line, char c) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const auto octet = static_cast<unsigned char>(c);
  line += {'\\', 'x', kDigits[octet >> 4U], kDigits[octet & 15U]};
}

enum class EightBit { kept, coded };

std::string on_one_line(std::string_view text, std::size_t max_octets, EightBit eight_bit, Spaces spaces) {
  const std::string_view taken = first_octets(text, max_octets);
  const bool join = spaces == Spaces::joined;
  std::string line;
  for (std::size_t at = 0; at < taken.size(); ++at) {
    const char c = taken[at];
    if (join && is_blank(c)) {
      if (!line.empty() && line.back() != ' ') line += ' ';
    } else if ((is_blank(c) && c != ' ') || (is_eight_bit(c) && eight_bit == EightBit::coded)) {
      append_code(line, c);
    } else if (is_c1_control(taken, at)) {
      append_code(line, c);
      append_code(line, taken[++at]);
    } else {
      line += c;
    }
  }
  if (join && line.ends_with(' ')) line.pop_back();
  if (taken.size() < text.size()) line += kCut;
  return line;
}

/// The first part of `text` that fits `room`, cut at a space if there is one, and takes it and the space away.
/// A word that does not fit comes whole, up to `word_max_octets` of it.
std::string_view take_line(std::string_view& text, std::size_t room, std::size_t word_max_octets) {
  std::size_t end = text.size();
  if (end > room) {
    end = text.rfind(' ', room);
    if (end == std::string_view::npos || end == 0) end = std::min(text.find(' '), text.size());
  }
  const std::string_view line = first_octets(text.substr(0, end), word_max_octets);
  text.remove_prefix(line.size());
  if (text.starts_with(' ')) text.remove_prefix(1);
  return line;
}

}  // namespace

std::string one_line(std::string_view text, std::size_t max_octets, Spaces spaces) {
  return on_one_line(text, max_octets, is_utf8(text) ? EightBit::kept : EightBit::coded, spaces);
}

std::string ascii_line(std::string_view text, std::size_t max_octets, Spaces spaces) {
  return on_one_line(text, max_octets, EightBit::coded, spaces);
}

std::string folded_field(std::string_view name, std::string_view value, std::size_t line_octets) {
  std::string field{name};
  field += ':';
  std::size_t column = field.size();
  while (!value.empty()) {
    const std::size_t room = line_octets > column + 1 ? line_octets - column - 1 : 1;
    const auto line = take_line(value, room, kLineMaxOctets - 1 - column);
    field.append(" ").append(line);
    if (!value.empty()) field += kCrlf;
    column = 0;
  }
  field += kCrlf;
  return field;
}

std::string wrapped(std::string_view sentences, std::size_t indent) {
  std::string text;
  while (!sentences.empty()) {
    const auto line = take_line(sentences, kTextLineOctets - indent, kLineMaxOctets - indent);
    text.append(indent, ' ').append(line).append(kCrlf);
  }
  return text;
}

std::string spoken_date(std::chrono::sys_seconds when) {
  constexpr std::size_t kSecondsAndZone = 9;  // ":31 +0000"
  const std::string date = rfc5322_date(when);
  return date.substr(0, date.size() - kSecondsAndZone) + " UTC";
}

std::string in_brackets(const smtp::Mailbox& mailbox) { return "<" + to_string(mailbox) + ">"; }

}  // namespace posthaste::dsn
