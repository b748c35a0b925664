#include "common/imap/mailbox_name.h"

#include <algorithm>
#include <cstdint>

#include "common/base/octets.h"

namespace posthaste::imap {

namespace {

// modified BASE64: "," in place of "/" (RFC 3501 §5.1.3).
constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

constexpr bool is_direct(char32_t c) { return c >= 0x20 && c <= 0x7e; }
constexpr bool is_high_surrogate(char32_t c) { return c >= 0xd800 && c <= 0xdbff; }
constexpr bool is_low_surrogate(char32_t c) { return c >= 0xdc00 && c <= 0xdfff; }

void append_utf8(std::string& out, char32_t c) {
  auto put = [&out](char32_t octet) { out.push_back(static_cast<char>(octet)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xc0 | (c >> 6));
    put(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    put(0xe0 | (c >> 12));
    put(0x80 | ((c >> 6) & 0x3f));
    put(0x80 | (c & 0x3f));
  } else {
    put(0xf0 | (c >> 18));
    put(0x80 | ((c >> 12) & 0x3f));
    put(0x80 | ((c >> 6) & 0x3f));
    put(0x80 | (c & 0x3f));
  }
}

// The character at `offset` of valid UTF-8, and past it.
char32_t take_utf8(std::string_view utf8, std::size_t& offset) {
  const auto first = static_cast<unsigned char>(utf8[offset++]);
  if (first < 0x80) return first;
  const int more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
  char32_t c = first & (0x3fU >> more);
  for (int i = 0; i < more; ++i) c = (c << 6) | (static_cast<unsigned char>(utf8[offset++]) & 0x3fU);
  return c;
}

// UTF-16 in modified BASE64, without "&" and "-".
std::optional<std::u16string> decode_units(std::string_view base64) {
  std::u16string units;
  std::uint32_t bits = 0;
  int bit_count = 0;
  for (const char c : base64) {
    const auto value = kAlphabet.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    bits = (bits << 6) | static_cast<std::uint32_t>(value);
    bit_count += 6;
    if (bit_count < 16) continue;
    bit_count -= 16;
    units.push_back(static_cast<char16_t>(bits >> bit_count));
    bits &= (1U << bit_count) - 1;
  }
  if (bit_count >= 6 || bits != 0 || units.empty()) return std::nullopt;
  return units;
}

// What lies between "&" and "-" as UTF-8. What could stand there directly must not be shifted.
std::optional<std::string> decode_shifted(std::string_view base64) {
  const auto units = decode_units(base64);
  if (!units) return std::nullopt;
  std::string utf8;
  for (std::size_t i = 0; i < units->size(); ++i) {
    const char32_t unit = (*units)[i];
    if (is_high_surrogate(unit)) {
      if (++i == units->size() || !is_low_surrogate((*units)[i])) return std::nullopt;
      append_utf8(utf8, 0x10000 + ((unit - 0xd800) << 10) + ((*units)[i] - 0xdc00U));
    } else if (is_low_surrogate(unit) || is_direct(unit)) {
      return std::nullopt;
    } else {
      append_utf8(utf8, unit);
    }
  }
  return utf8;
}

// UTF-16 units on their way into modified BASE64.
class Shift {
 public:
  explicit Shift(std::string& out) : out_(out) {}

  void append(char32_t c) {
    if (!open_) out_.push_back('&');
    open_ = true;
    if (c >= 0x10000) {
      append_unit(0xd800 + ((c - 0x10000) >> 10));
      append_unit(0xdc00 + ((c - 0x10000) & 0x3ff));
    } else {
      append_unit(c);
    }
  }

  void close() {
    if (!open_) return;
    if (bit_count_ > 0) out_.push_back(kAlphabet[(bits_ << (6 - bit_count_)) & 0x3f]);
    out_.push_back('-');
    bits_ = 0;
    bit_count_ = 0;
    open_ = false;
  }

 private:
  void append_unit(char32_t unit) {
    bits_ = (bits_ << 16) | unit;
    bit_count_ += 16;
    while (bit_count_ >= 6) {
      bit_count_ -= 6;
      out_.push_back(kAlphabet[(bits_ >> bit_count_) & 0x3f]);
    }
    bits_ &= (1U << bit_count_) - 1;
  }

  std::string& out_;
  std::uint32_t bits_ = 0;
  int bit_count_ = 0;
  bool open_ = false;
};

// "Control characters, LINE SEPARATOR and PARAGRAPH SEPARATOR" (RFC 9051 §5.1, Net-Unicode).
bool has_control(std::string_view utf8) {
  for (std::size_t offset = 0; offset < utf8.size();) {
    const char32_t c = take_utf8(utf8, offset);
    if (c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x2028 || c == 0x2029) return true;
  }
  return false;
}

std::optional<MailboxNameError> check_levels(std::string_view name) {
  std::size_t levels = 0;
  for (std::size_t start = 0; start <= name.size();) {
    const auto end = std::min(name.find(kHierarchyDelimiter, start), name.size());
    if (end == start) return MailboxNameError::empty;
    if (end - start > kMailboxLevelMaxOctets || ++levels > kMailboxLevelsMax) return MailboxNameError::too_long;
    start = end + 1;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> decode_modified_utf7(std::string_view text) {
  std::string utf8;
  utf8.reserve(text.size());
  bool after_shift = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!is_direct(static_cast<unsigned char>(text[i]))) return std::nullopt;
    if (text[i] != '&') {
      utf8.push_back(text[i]);
      after_shift = false;
      continue;
    }
    const auto end = text.find('-', i);
    if (end == std::string_view::npos) return std::nullopt;
    if (end == i + 1) {
      utf8.push_back('&');
      after_shift = false;
    } else {
      if (after_shift) return std::nullopt;  // a needless "-&" between two shifts
      auto shifted = decode_shifted(text.substr(i + 1, end - i - 1));
      if (!shifted) return std::nullopt;
      utf8 += *shifted;
      after_shift = true;
    }
    i = end;
  }
  return utf8;
}

std::string encode_modified_utf7(std::string_view utf8) {
  std::string text;
  text.reserve(utf8.size());
  Shift shift(text);
  for (std::size_t offset = 0; offset < utf8.size();) {
    const char32_t c = take_utf8(utf8, offset);
    if (!is_direct(c)) {
      shift.append(c);
      continue;
    }
    shift.close();
    text.push_back(static_cast<char>(c));
    if (c == '&') text.push_back('-');
  }
  shift.close();
  return text;
}

std::expected<std::string, MailboxNameError> canonical_mailbox_name(std::string_view utf8) {
  if (utf8.size() > 1 && utf8.ends_with(kHierarchyDelimiter)) utf8.remove_suffix(1);
  if (utf8.size() > kMailboxNameMaxOctets) return std::unexpected(MailboxNameError::too_long);
  if (!is_utf8(utf8)) return std::unexpected(MailboxNameError::encoding);
  if (has_control(utf8)) return std::unexpected(MailboxNameError::control);
  if (utf8.find_first_of("*%") != std::string_view::npos) return std::unexpected(MailboxNameError::wildcard);
  if (const auto wrong = check_levels(utf8)) return std::unexpected(*wrong);

  std::string name(utf8);
  const auto first_level = utf8.substr(0, utf8.find(kHierarchyDelimiter));
  if (iequals(first_level, "INBOX")) name.replace(0, first_level.size(), "INBOX");
  return name;
}

std::expected<std::string, MailboxNameError> parse_mailbox_name(std::string_view wire, MailboxEncoding encoding) {
  if (encoding == MailboxEncoding::utf8) return canonical_mailbox_name(wire);
  const auto utf8 = decode_modified_utf7(wire);
  if (!utf8) return std::unexpected(MailboxNameError::encoding);
  return canonical_mailbox_name(*utf8);
}

}  // namespace posthaste::imap
