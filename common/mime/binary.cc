#include "common/mime/binary.h"

#include <algorithm>
#include <vector>

#include "common/base/base64.h"
#include "common/base/octets.h"
#include "common/mime/header.h"
#include "common/mime/structure.h"

namespace posthaste::mime {
namespace {

constexpr std::string_view kField = "Content-Transfer-Encoding";

/// Octets of the message, and what stands there instead. They come in the order of the message.
struct Change {
  std::string_view octets;
  std::string instead;
};

/// Lines of 76 (RFC 2045 §6.8).
std::string base64_lines(std::string_view octets) {
  constexpr std::size_t kOctetsInLine = 57;
  std::string lines;
  for (; !octets.empty(); octets.remove_prefix(std::min(kOctetsInLine, octets.size()))) {
    lines.append(base64_encode(octets.substr(0, kOctetsInLine))).append(kCrlf);
  }
  return lines;
}

void collect(std::string_view message, const Part& part, std::vector<Change>& changes) {
  for (const Part& child : part.children) collect(message, child, changes);
  const std::string_view body = part.body.of(message);
  if (part.kind != PartKind::leaf || !iequals(part.transfer_encoding, "binary") || !body.contains('\0')) return;
  const auto field = find_field(part.header.of(message), kField);
  if (!field) return;
  changes.push_back({field->raw, std::string{kField} + ": base64\r\n"});
  changes.push_back({body, base64_lines(body)});
}

}  // namespace

std::optional<std::string> without_binary_parts(std::string_view message) {
  std::vector<Change> changes;
  collect(message, parse_structure(message), changes);
  if (changes.empty()) return std::nullopt;
  std::string changed;
  std::size_t copied = 0;
  for (const Change& change : changes) {
    const auto at = static_cast<std::size_t>(change.octets.data() - message.data());
    changed.append(message, copied, at - copied).append(change.instead);
    copied = at + change.octets.size();
  }
  return changed.append(message.substr(copied));
}

}  // namespace posthaste::mime
