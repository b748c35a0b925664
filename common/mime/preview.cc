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

/// The first part that a reader would be shown as text; null if there is none.
const Part* first_text(const Part& part) {
  if (part.content_type.is("multipart", "encrypted")) return nullptr;
  if (part.kind == PartKind::leaf) {
    const bool attached = part.disposition && iequals(part.disposition->type, "attachment");
    const bool text = part.content_type.is("text", "plain") || part.content_type.is("text", "html");
    return text && !attached ? &part : nullptr;
  }
  for (const Part& child : part.children) {
    if (const Part* found = first_text(child)) return found;
  }
  return nullptr;
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
  constexpr std::string_view kBlanks[] = {"\xC2\xA0",     "\xC2\xAD",     "\xE2\x80\x8B", "\xE2\x80\x8C",
                                          "\xE2\x80\x8D", "\xEF\xBB\xBF", "\xCD\x8F"};
  if (static_cast<unsigned char>(text.front()) <= ' ' || text.front() == '\x7f') return 1;
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

}  // namespace

std::string preview(std::string_view beginning) {
  const Part root = parse_structure(beginning);
  const Part* part = first_text(root);
  if (part == nullptr) return {};
  const std::string text = text_of(*part, beginning);
  std::string preview;
  std::size_t characters = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size() - 1);
    const std::string_view line = rest.substr(0, end + 1);
    rest.remove_prefix(end + 1);
    if (line.starts_with('>')) continue;  // quoted
    if (!add_line(preview, characters, line)) break;
  }
  return preview;
}

}  // namespace posthaste::mime
