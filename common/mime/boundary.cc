#include "common/mime/boundary.h"

#include <algorithm>
#include <utility>

#include "common/base/octets.h"

namespace posthaste::mime {
namespace {

/// bchars, but the space.
bool is_boundary_char(char c) { return is_alnum(c) || std::string_view{"'()+_,-./:=?"}.contains(c); }

}  // namespace

std::optional<Boundary> boundary_of(const ContentType& content_type) {
  const auto is_boundary = [](const Parameter& parameter) { return iequals(parameter.name, "boundary"); };
  const auto plain = std::ranges::find_if(content_type.parameters, is_boundary);
  std::optional<std::string> value;
  if (plain != content_type.parameters.end()) {
    value = plain->value;
  } else {
    value = find_parameter(content_type.parameters, "boundary");
  }
  if (!value) return std::nullopt;
  while (!value->empty() && is_wsp(value->back())) value->pop_back();
  if (value->empty()) return std::nullopt;
  Boundary boundary{std::move(*value), {}};
  const std::size_t end = boundary.octets.find_first_of(" \t,;\"");
  if (end != std::string::npos) boundary.narrow = boundary.octets.substr(0, end);
  return boundary;
}

void OpenBoundaries::open(Boundary boundary) {
  note(boundary.octets);
  note(boundary.narrow);
  open_.push_back(std::move(boundary));
}

void OpenBoundaries::close() {
  forget(open_.back().narrow);
  forget(open_.back().octets);
  open_.pop_back();
}

void OpenBoundaries::note(const std::string& boundary) {
  if (!boundary.empty()) levels_[boundary].push_back(open_.size());
}

void OpenBoundaries::forget(const std::string& boundary) {
  const auto levels = levels_.find(boundary);
  if (levels == levels_.end()) return;
  levels->second.pop_back();
  if (levels->second.empty()) levels_.erase(levels);
}

std::optional<OpenBoundaries::Delimiter> OpenBoundaries::delimiter_at(std::string_view line, bool may_open) const {
  if (!line.starts_with("--")) return std::nullopt;
  std::string_view text = line.substr(2);
  while (!text.empty() && (is_wsp(text.back()) || text.back() == '\r' || text.back() == '\n'))
    text.remove_suffix(1);
  const std::size_t* opens = may_open ? level_of(text) : nullptr;
  const std::size_t* closes = text.ends_with("--") ? level_of(text.substr(0, text.size() - 2)) : nullptr;
  if (closes != nullptr && (opens == nullptr || *closes > *opens)) return Delimiter{*closes, true};
  if (opens != nullptr) return Delimiter{*opens, false};
  return delimiter_before_text(text, may_open);
}

/// The same where text follows in the line, which no boundary could go on with. Only the innermost multipart is
/// asked, so that it costs no more the deeper they are.
std::optional<OpenBoundaries::Delimiter> OpenBoundaries::delimiter_before_text(std::string_view text,
                                                                               bool may_open) const {
  if (open_.empty() || !text.starts_with(open_.back().octets)) return std::nullopt;
  text.remove_prefix(open_.back().octets.size());
  const std::string_view after_space = text.substr(std::min(text.find_first_not_of(" \t"), text.size()));
  const bool goes_on = after_space.size() == text.size();
  const bool closes = after_space.starts_with("--");
  if (closes) text = after_space.substr(2);
  const bool ends = !text.empty() && !is_boundary_char(text.front());
  if (!ends && (goes_on || !closes)) return std::nullopt;
  if (!closes && !may_open) return std::nullopt;
  return Delimiter{open_.size() - 1, closes};
}

/// Of the innermost open multipart that has this boundary; null if there is none.
const std::size_t* OpenBoundaries::level_of(std::string_view boundary) const {
  const auto levels = levels_.find(boundary);
  return levels == levels_.end() ? nullptr : &levels->second.back();
}

}  // namespace posthaste::mime
