#include "common/mime/message_id.h"

#include <optional>

#include "common/mime/lexer.h"

namespace posthaste::mime {
namespace {

/// The identifier that `rest` begins with, behind its "<"; nothing when it has no "@", or another "<" comes before
/// its ">". Either way `rest` is moved past what was read.
std::optional<std::string> message_id(std::string_view& rest) {
  std::string id;
  std::optional<std::size_t> at_sign;
  bool quoted = false;
  while (!rest.empty()) {
    const char c = rest.front();
    if (!quoted && c == '<') return std::nullopt;
    rest.remove_prefix(1);
    if (c == '"') {
      quoted = !quoted;
    } else if (c == '\\' && quoted && !rest.empty()) {
      id += rest.front();
      rest.remove_prefix(1);
    } else if (!quoted && c == '>') {
      const bool whole = at_sign && *at_sign > 0 && *at_sign + 1 < id.size();
      return whole ? std::optional(std::move(id)) : std::nullopt;
    } else if (quoted || !is_fws(c)) {
      if (!quoted && c == '@') at_sign = id.size();
      id += c;
    }
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::string> parse_message_ids(std::string_view text, std::size_t ids_max) {
  std::vector<std::string> ids;
  while (ids.size() < ids_max) {
    const auto open = text.find('<');
    if (open == std::string_view::npos) break;
    text.remove_prefix(open + 1);
    if (auto id = message_id(text)) ids.push_back(std::move(*id));
  }
  return ids;
}

}  // namespace posthaste::mime
