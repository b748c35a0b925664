#include "common/mime/header.h"

#include <algorithm>

#include "common/base/octets.h"

namespace posthaste::mime {
namespace {

/// The first line of `text` with its line end; all of it when there is none.
std::string_view first_line(std::string_view text) {
  const std::size_t line_feed = text.find('\n');
  return line_feed == std::string_view::npos ? text : text.substr(0, line_feed + 1);
}

bool is_empty_line(std::string_view line) { return line == "\n" || line == kCrlf; }

bool begins_with_empty_line(std::string_view text) { return text.starts_with('\n') || text.starts_with(kCrlf); }

/// field-name (RFC 5322 §3.6.8), with the white space after it that §4.5 allows. Empty if `text` is no name.
std::string_view field_name(std::string_view text) {
  while (!text.empty() && is_wsp(text.back())) text.remove_suffix(1);
  return std::ranges::all_of(text, is_printable) ? text : std::string_view{};
}

/// The field that `header` begins with.
Field first_field(std::string_view header) {
  const std::string_view line = first_line(header);
  std::size_t octets = line.size();
  while (octets < header.size() && is_wsp(header[octets])) octets += first_line(header.substr(octets)).size();
  const std::string_view raw = header.substr(0, octets);
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return {{}, raw, raw};
  const std::string_view name = field_name(line.substr(0, colon));
  if (name.empty()) return {{}, raw, raw};
  return {name, raw, raw.substr(colon + 1)};
}

/// Names of fields, in any case. With many of them, whether a name is one costs as their logarithm.
class NameSet {
 public:
  explicit NameSet(std::span<const std::string> names) : few_(names) {
    if (names.size() <= kFewNames) return;
    for (const std::string& name : names) many_.push_back(lower(name));
    std::ranges::sort(many_);
    longest_ = std::ranges::max(many_, {}, &std::string::size).size();
  }

  [[nodiscard]] bool contains(std::string_view name) const {
    if (name.empty()) return false;
    if (!many_.empty()) return name.size() <= longest_ && std::ranges::binary_search(many_, lower(name));
    return std::ranges::any_of(few_, [name](const std::string& each) { return iequals(name, each); });
  }

 private:
  static constexpr std::size_t kFewNames = 32;  // so many are soon told apart by their lengths

  std::span<const std::string> few_;
  std::vector<std::string> many_;
  std::size_t longest_ = 0;
};

/// The octets of the fields that are, or are not, among `names`, and the empty line.
std::string select_fields(std::string_view header, std::span<const std::string> names, bool among) {
  const NameSet wanted{names};
  std::string selected;
  std::size_t octets = 0;
  for (const Field& field : Fields(header)) {
    octets += field.raw.size();
    if (wanted.contains(field.name) == among) selected += field.raw;
  }
  selected += header.substr(octets);
  return selected;
}

}  // namespace

Fields::Iterator::Iterator(std::string_view rest) : rest_(rest) { ++*this; }

Fields::Iterator& Fields::Iterator::operator++() {
  field_ = rest_.empty() || is_empty_line(first_line(rest_)) ? Field{} : first_field(rest_);
  rest_.remove_prefix(field_.raw.size());
  return *this;
}

Fields::Iterator Fields::Iterator::operator++(int) {
  const Iterator before = *this;
  ++*this;
  return before;
}

HeaderAndBody split_message(std::string_view message, std::size_t header_max_octets) {
  std::size_t octets = 0;
  while (octets < message.size()) {
    const std::string_view line = first_line(message.substr(octets));
    if (line.size() > header_max_octets - octets) break;
    octets += line.size();
    if (is_empty_line(line)) break;
  }
  return {message.substr(0, octets), message.substr(octets)};
}

std::string unfold(std::string_view text) {
  std::string unfolded;
  unfolded.reserve(text.size());
  while (!text.empty()) {
    std::string_view line = first_line(text);
    text.remove_prefix(line.size());
    if (line.ends_with(kCrlf)) {
      line.remove_suffix(2);
    } else if (line.ends_with('\n')) {
      line.remove_suffix(1);
    }
    unfolded += line;
  }
  return unfolded;
}

/// Lines that begin otherwise are passed over without a look at what they are: no line of a fold begins with a
/// name.
std::optional<Field> take_field(std::string_view& header, std::string_view name) {
  while (!name.empty() && !header.empty() && !begins_with_empty_line(header)) {
    if (!istarts_with(header, name)) {
      header.remove_prefix(first_line(header).size());
      continue;
    }
    const Field field = first_field(header);
    header.remove_prefix(field.raw.size());
    if (iequals(field.name, name)) return field;
  }
  return std::nullopt;
}

std::optional<Field> find_field(std::string_view header, std::string_view name) { return take_field(header, name); }

std::vector<Field> find_fields(std::string_view header, std::string_view name) {
  std::vector<Field> found;
  while (const auto field = take_field(header, name)) found.push_back(*field);
  return found;
}

std::optional<std::string> find_value(std::string_view header, std::string_view name) {
  const auto field = find_field(header, name);
  if (!field) return std::nullopt;
  return std::string(trim(unfold(field->body)));
}

std::string header_fields(std::string_view header, std::span<const std::string> names) {
  return select_fields(header, names, true);
}

std::string header_fields_not(std::string_view header, std::span<const std::string> names) {
  return select_fields(header, names, false);
}

std::vector<std::string_view> without_fields(std::string_view message, std::span<const std::string_view> names) {
  std::vector<std::string_view> pieces;
  std::size_t start = 0;  // of what is kept
  for (std::size_t at = 0; at < std::min(message.size(), kHeaderMaxOctets);) {
    const std::string_view rest = message.substr(at);
    if (begins_with_empty_line(rest)) break;
    const auto begins_rest = [rest](std::string_view name) { return istarts_with(rest, name); };
    if (std::ranges::none_of(names, begins_rest)) {  // no line of a fold begins with a name
      at += first_line(rest).size();
      continue;
    }
    const Field field = first_field(rest);
    const auto is_name = [&field](std::string_view name) { return iequals(name, field.name); };
    if (std::ranges::any_of(names, is_name)) {
      if (at > start) pieces.push_back(message.substr(start, at - start));
      start = at + field.raw.size();
    }
    at += field.raw.size();
  }
  if (start < message.size() || pieces.empty()) pieces.push_back(message.substr(start));
  return pieces;
}

}  // namespace posthaste::mime
