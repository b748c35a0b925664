#include "imapd/search_text.h"

#include <algorithm>

#include "common/base/octets.h"
#include "common/mime/charset.h"
#include "common/mime/encoded_word.h"
#include "common/mime/header.h"
#include "common/mime/transfer.h"

namespace posthaste::imapd {
namespace {

/// The small letter of a code point that UTF-8 writes in two octets (U+0080 to U+07FF), where there is one.
constexpr unsigned small_letter(unsigned c) {
  if (c >= 0xC0 && c <= 0xDE && c != 0xD7) return c + 0x20;  // Latin-1
  if (c == 0x178) return 0xFF;
  if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E)) return c % 2 == 1 ? c + 1 : c;
  if (c >= 0x100 && c <= 0x177 && c != 0x130 && c != 0x138) return c | 1U;  // Latin Extended-A, in pairs
  if (c == 0x386) return 0x3AC;
  if (c >= 0x388 && c <= 0x38A) return c + 0x25;
  if (c == 0x38C) return 0x3CC;
  if (c == 0x38E || c == 0x38F) return c + 0x3F;
  if (c >= 0x391 && c <= 0x3AB && c != 0x3A2) return c + 0x20;  // Greek
  if (c == 0x3C2) return 0x3C3;                                 // final sigma
  if (c >= 0x400 && c <= 0x40F) return c + 0x50;                // Cyrillic
  if (c >= 0x410 && c <= 0x42F) return c + 0x20;
  if (c >= 0x460 && c <= 0x4FF && (c < 0x482 || c > 0x48A) && (c < 0x4C0 || c > 0x4CE)) return c | 1U;
  return c;
}

constexpr bool leads_two(char c) { return (static_cast<unsigned char>(c) & 0xE0U) == 0xC0U; }
constexpr bool continues(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

bool contains(std::string_view text, std::string_view folded) {
  return fold_case(text).find(folded) != std::string::npos;
}

std::string decoded(std::string_view field) { return mime::decode_encoded_words(mime::unfold(field)); }

bool text_contains(const mime::Part& part, std::string_view message, std::string_view folded) {
  const auto encoding = mime::transfer_encoding(part.transfer_encoding);
  const std::string octets = mime::decode_transfer(encoding, part.body.of(message));
  const auto charset = mime::find_parameter(part.content_type.parameters, "charset");
  return contains(mime::to_utf8(charset.value_or("us-ascii"), octets), folded);
}

}  // namespace

std::string fold_case(std::string_view text) {
  std::string folded{text};
  for (std::size_t i = 0; i < folded.size(); ++i) {
    if (!is_eight_bit(folded[i])) {
      folded[i] = to_lower(folded[i]);
    } else if (leads_two(folded[i]) && i + 1 < folded.size() && continues(folded[i + 1])) {
      const unsigned code_point = (static_cast<unsigned char>(folded[i]) & 0x1FU) << 6U |
                                  (static_cast<unsigned char>(folded[i + 1]) & 0x3FU);
      const unsigned small = small_letter(code_point);
      folded[i] = static_cast<char>(0xC0U | small >> 6U);
      folded[i + 1] = static_cast<char>(0x80U | (small & 0x3FU));
      ++i;
    }
  }
  return folded;
}

bool field_contains(std::string_view header, std::string_view field_name, std::string_view folded) {
  return std::ranges::any_of(mime::find_fields(header, field_name), [folded](const mime::Field& field) {
    return folded.empty() || contains(decoded(field.body), folded);
  });
}

bool header_contains(std::string_view header, std::string_view folded) {
  for (const mime::Field& field : mime::Fields(header)) {
    if (contains(decoded(field.raw), folded)) return true;
  }
  return folded.empty();
}

bool body_contains(std::string_view message, const mime::Part& root, std::string_view folded) {
  if (root.kind == mime::PartKind::leaf) {
    return folded.empty() || (root.content_type.is("text") && text_contains(root, message, folded));
  }
  return std::ranges::any_of(root.children, [&](const mime::Part& child) {
    const bool embedded = root.kind == mime::PartKind::message;
    return (embedded && header_contains(child.header.of(message), folded)) || body_contains(message, child, folded);
  });
}

}  // namespace posthaste::imapd
