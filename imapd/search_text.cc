#include "imapd/search_text.h"

#include <algorithm>
#include <string>

#include "common/mime/casemap.h"
#include "common/mime/charset.h"
#include "common/mime/encoded_word.h"
#include "common/mime/header.h"
#include "common/mime/html_text.h"
#include "common/mime/transfer.h"

namespace posthaste::imapd {
namespace {

bool contains(std::string_view text, std::string_view folded) {
  return mime::casemap(text).find(folded) != std::string::npos;
}

std::string decoded(std::string_view field) { return mime::decode_encoded_words(mime::unfold(field)); }

bool text_contains(const mime::Part& part, std::string_view message, std::string_view folded) {
  const auto encoding = mime::transfer_encoding(part.transfer_encoding);
  const std::string octets = mime::decode_transfer(encoding, part.body.of(message));
  const auto charset = mime::find_parameter(part.content_type.parameters, "charset");
  const std::string text = mime::to_utf8(charset.value_or("us-ascii"), octets);
  return contains(part.content_type.is("text", "html") ? mime::html_text(text) : text, folded);
}

}  // namespace

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
