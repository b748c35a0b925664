#include "common/imap/message_url.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "common/base/octets.h"
#include "common/imap/mailbox_name.h"
#include "common/mime/lexer.h"

namespace posthaste::imap {

namespace {

// Without its percent-encoding (RFC 3986 §2.1); nothing where that is broken.
std::optional<std::string> decoded(std::string_view text) {
  std::string octets;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      octets += text[i];
    } else if (i + 2 < text.size() && is_hex(text[i + 1]) && is_hex(text[i + 2])) {
      octets += static_cast<char>(mime::hex_value(text[i + 1]) * 16 + mime::hex_value(text[i + 2]));
      i += 2;
    } else {
      return std::nullopt;
    }
  }
  return octets;
}

std::optional<std::uint32_t> nz_number(std::string_view digits) {
  const auto value = parse_decimal(digits);
  if (!value || *value == 0 || *value > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  return static_cast<std::uint32_t>(*value);
}

// What lies before and behind the first `mark`, compared without case; nothing without one.
std::optional<std::pair<std::string_view, std::string_view>> cut(std::string_view text, std::string_view mark) {
  const auto same = [](char a, char b) { return to_lower(a) == to_lower(b); };
  const auto found = std::ranges::search(text, mark, same);
  if (found.empty()) return std::nullopt;
  const auto before = static_cast<std::size_t>(found.begin() - text.begin());
  return std::pair{text.substr(0, before), text.substr(before + mark.size())};
}

// "/" enc-mailbox [uidvalidity], into `url`; empty for the selected mailbox.
bool read_mailbox(std::string_view text, MessageUrl& url) {
  if (text.empty()) return true;
  if (!text.starts_with('/') || text.starts_with("//")) return false;
  text.remove_prefix(1);
  if (const auto parts = cut(text, ";UIDVALIDITY=")) {
    const auto uid_validity = nz_number(parts->second);
    if (!uid_validity) return false;
    url.uid_validity = UidValidity{*uid_validity};
    text = parts->first;
  }
  const auto wire = decoded(text);
  if (!wire) return false;
  auto name = parse_mailbox_name(*wire, MailboxEncoding::utf8);
  if (!name) return false;
  url.mailbox = std::move(*name);
  return true;
}

// partial-range: nz-number is how many octets, and may lack.
std::optional<std::string> as_fetch_partial(std::string_view range) {
  const auto parts = cut(range, ".");
  const auto offset = parse_decimal(parts ? parts->first : range);
  const auto octets = parts ? nz_number(parts->second) : std::optional(std::numeric_limits<std::uint32_t>::max());
  if (!offset || !octets) return std::nullopt;
  return "<" + std::to_string(*offset) + "." + std::to_string(*octets) + ">";
}

// ["/;SECTION=" enc-section] ["/;PARTIAL=" partial-range], read as FETCH would read it.
std::optional<FetchBody> read_part(std::string_view text) {
  std::string item = "BODY.PEEK[";
  std::string partial;
  if (const auto parts = cut(text, "/;PARTIAL=")) {
    const auto range = as_fetch_partial(parts->second);
    if (!range) return std::nullopt;
    partial = *range;
    text = parts->first;
  }
  if (!text.empty()) {
    const auto parts = cut(text, "/;SECTION=");
    const auto section = parts && parts->first.empty() ? decoded(parts->second) : std::nullopt;
    if (!section || section->empty()) return std::nullopt;
    item += *section;
  }
  const auto items = parse_fetch_items(item + "]" + partial);
  if (!items || items->size() != 1) return std::nullopt;
  return std::get<FetchBody>(items->front());
}

}  // namespace

std::optional<MessageUrl> parse_message_url(std::string_view url) {
  if (url.size() > kMessageUrlMaxOctets) return std::nullopt;
  auto parts = cut(url, "/;UID=");
  if (!parts && istarts_with(url, ";UID=")) parts = std::pair{std::string_view{}, url.substr(5)};
  if (!parts) return std::nullopt;
  MessageUrl message;
  if (!read_mailbox(parts->first, message)) return std::nullopt;
  const auto digits_end = parts->second.find('/');
  const auto uid = nz_number(parts->second.substr(0, digits_end));
  if (!uid) return std::nullopt;
  message.uid = Uid{*uid};
  auto part =
      read_part(digits_end == std::string_view::npos ? std::string_view{} : parts->second.substr(digits_end));
  if (!part) return std::nullopt;
  message.part = std::move(*part);
  return message;
}

}  // namespace posthaste::imap
