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

/// Of a field or of its body. What nobody has encoded or folded is not copied.
bool value_contains(std::string_view value, const SoughtText& text) {
  if (value.ends_with('\n')) value.remove_suffix(value.ends_with(kCrlf) ? 2 : 1);
  if (value.find("=?") != std::string_view::npos)
    return text.is_in(mime::decode_encoded_words(mime::unfold(value)));
  return value.contains('\n') ? text.is_in(mime::unfold(value)) : text.is_in(value);
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
  return std::ranges::any_of(mime::Fields(header), [&](const mime::Field& field) {
    return !field.name.empty() && iequals(field.name, field_name) && value_contains(field.body, text);
  });
}

bool header_contains(std::string_view header, const SoughtText& text) {
  const auto holds_it = [&text](const mime::Field& field) { return value_contains(field.raw, text); };
  return text.empty() || std::ranges::any_of(mime::Fields(header), holds_it);
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
