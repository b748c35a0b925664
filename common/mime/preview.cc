#include "common/mime/preview.h"

#include <algorithm>
#include <utility>

#include "common/base/octets.h"
#include "common/mime/charset.h"
#include "common/mime/html_text.h"
#include "common/mime/structure.h"
#include "common/mime/transfer.h"

namespace posthaste::mime {
namespace {

constexpr std::size_t kTextMaxOctets = 65'536;  // of a part, before it is decoded
constexpr int kTextsMax = 32;                   // looked at, when those before them are blank

/// Visits the parts that a reader would be shown as text, until `visit` returns true. Whether it did.
template <typename Visit>
bool visit_texts(const Part& part, Visit& visit) {
  if (part.content_type.is("multipart", "encrypted")) return false;
  if (part.kind == PartKind::leaf) {
    const bool attached = part.disposition && iequals(part.disposition->type, "attachment");
    const bool text = part.content_type.is("text", "plain") || part.content_type.is("text", "html");
    return text && !attached && visit(part);
  }
  return std::ranges::any_of(part.children, [&visit](const Part& child) { return visit_texts(child, visit); });
}

std::string text_of(const Part& part, std::string_view message) {
  const std::string_view body = part.body.of(message).substr(0, kTextMaxOctets);
  const std::string octets = decode_transfer(transfer_encoding(part.transfer_encoding), body);
  const auto charset = find_parameter(part.content_type.parameters, "charset");
  const std::string text = to_utf8(charset.value_or("us-ascii"), octets);
  return part.content_type.is("text", "html") ? html_text(text) : text;
}

/// Octets of the white space or invisible character that `text` begins with; 0 for anything else.
std::size_t blank_octets(std::string_view text) {
  constexpr std::string_view kBlanks[] = {"\xC2\xA0",     "\xC2\xAD",     "\xCD\x8F",     "\xE2\x80\xA8",
                                          "\xE2\x80\xA9", "\xE2\x80\xAF", "\xE2\x81\x9F", "\xE2\x81\xA0",
                                          "\xE3\x80\x80", "\xEF\xBB\xBF", "\xEF\xBF\xBC"};
  if (static_cast<unsigned char>(text.front()) <= ' ' || text.front() == '\x7f') return 1;
  if (text.starts_with("\xE2\x80") && text.size() > 2 && text[2] <= '\x8F') return 3;  // U+2000 to U+200F
  for (const std::string_view blank : kBlanks) {
    if (text.starts_with(blank)) return blank.size();
  }
  return 0;
}

constexpr bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }

/// Adds a line to a preview, each run of blanks as one space. False once it is full.
bool add_line(std::string& preview, std::size_t& characters, std::string_view line) {
  bool blank = !preview.empty();
  while (!line.empty()) {
    if (const std::size_t octets = blank_octets(line)) {
      blank = !preview.empty();
      line.remove_prefix(octets);
      continue;
    }
    if (begins_character(line.front())) {
      const std::size_t needed = blank ? 2 : 1;
      if (characters + needed > kPreviewMaxCharacters) return false;
      characters += needed;
      if (std::exchange(blank, false)) preview += ' ';
    }
    preview += line.front();
    line.remove_prefix(1);
  }
  return true;
}

std::string preview_of(std::string_view text) {
  std::string preview;
  std::size_t characters = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1);
    const std::string_view line = text.substr(0, end + 1);
    text.remove_prefix(end + 1);
    if (line.starts_with('>')) continue;  // quoted
    if (!add_line(preview, characters, line)) break;
  }
  return preview;
}

}  // namespace

std::string preview(std::string_view beginning) {
  std::string preview;
  auto take = [&preview, beginning, left = kTextsMax](const Part& part) mutable {
    preview = preview_of(text_of(part, beginning));
    return !preview.empty() || --left == 0;
  };
  visit_texts(parse_structure(beginning), take);
  return preview;
}

}  // namespace posthaste::mime
