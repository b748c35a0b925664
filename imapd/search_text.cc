#include "imapd/search_text.h"

#include <algorithm>
#include <string>

#include "common/base/octets.h"
#include "common/mime/casemap.h"
#include "common/mime/charset.h"
#include "common/mime/encoded_word.h"
#include "common/mime/header.h"
#include "common/mime/html_text.h"
#include "common/mime/transfer.h"

namespace posthaste::imapd {
namespace {

constexpr char kNoText = '\xFF';  // in no text that can be looked for

/// A field, or its body, on one line and with encoded words decoded. What is so already is not copied into `space`.
std::string_view readable(std::string_view value, std::string& space) {
  if (value.ends_with('\n')) value.remove_suffix(value.ends_with(kCrlf) ? 2 : 1);
  const bool is_encoded = value.find("=?") != std::string_view::npos;
  if (!is_encoded && !value.contains('\n')) return value;
  space = mime::unfold(value);
  if (is_encoded) space = mime::decode_encoded_words(space);
  return space;
}

bool part_contains(const mime::Part& part, std::string_view message, const SoughtText& text) {
  const auto encoding = mime::transfer_encoding(part.transfer_encoding);
  const std::string charset = mime::find_parameter(part.content_type.parameters, "charset").value_or("us-ascii");
  const bool is_html = part.content_type.is("text", "html");
  const auto shown_contains = [&](std::string_view octets) {
    return is_html ? text.is_in(mime::html_text(octets)) : text.is_in(octets);
  };
  const std::string_view body = part.body.of(message);
  if (encoding == mime::TransferEncoding::identity && mime::is_part_of_utf8(charset)) return shown_contains(body);
  return shown_contains(mime::to_utf8(charset, mime::decode_transfer(encoding, body)));
}

}  // namespace

SoughtText::SoughtText(std::string_view text)
    : folded_(mime::casemap(text)), searcher_(folded_.begin(), folded_.end()) {}

bool SoughtText::is_in(std::string_view text) const {
  const std::string folded = mime::casemap(text);
  return std::search(folded.begin(), folded.end(), searcher_) != folded.end() || empty();
}

bool field_contains(std::string_view header, std::string_view field_name, const SoughtText& text) {
  std::string space;
  while (const auto field = mime::take_field(header, field_name)) {
    if (text.is_in(readable(field->body, space))) return true;
  }
  return false;
}

bool header_contains(std::string_view header, const SoughtText& text) {
  std::string space;
  std::string lines;
  lines.reserve(header.size());
  for (const mime::Field& field : mime::Fields(header)) lines.append(readable(field.raw, space)).push_back(kNoText);
  return text.is_in(lines);
}

bool body_contains(std::string_view message, const mime::Part& root, const SoughtText& text) {
  if (root.kind == mime::PartKind::leaf) {
    return text.empty() || (root.content_type.is("text") && part_contains(root, message, text));
  }
  return std::ranges::any_of(root.children, [&](const mime::Part& child) {
    const bool embedded = root.kind == mime::PartKind::message;
    return (embedded && header_contains(child.header.of(message), text)) || body_contains(message, child, text);
  });
}

}  // namespace posthaste::imapd
