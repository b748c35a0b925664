#include "common/mime/content.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "common/base/octets.h"
#include "common/mime/charset.h"
#include "common/mime/encoded_word.h"
#include "common/mime/header.h"
#include "common/mime/lexer.h"

namespace posthaste::mime {
namespace {

/// token (RFC 2045 §5.1).
bool is_token(char c) { return is_printable(c) && !std::string_view{"()<>@,;:\\\"/[]?="}.contains(c); }

/// The octets of a parameter's name as they come: a token, or nearly one.
bool is_parameter_name(char c) { return !is_fws(c) && !std::string_view{"=;\"()"}.contains(c); }

/// Whether a parameter of those that tell most begins here, as in "boundary=b charset=utf-8", where the semicolon
/// lacks.
bool begins_parameter(Lexer lexer) {
  constexpr std::string_view kNames[] = {"boundary",    "charset",  "name",   "filename", "format",
                                         "report-type", "protocol", "micalg", "type",     "start"};
  const std::string_view name = lexer.take_while(is_parameter_name);
  if (std::ranges::none_of(kNames, [name](std::string_view each) { return iequals(name, each); })) return false;
  lexer.take_while(is_fws);
  return lexer.at('=');
}

/// A value that is not quoted. Most often a token, but many write a file name with spaces here, so that it goes on
/// to the semicolon, to a comment or to another parameter.
std::string unquoted_value(Lexer& lexer) {
  std::string value;
  while (!lexer.at_end() && !lexer.at(';')) {
    value += lexer.take_while([](char c) { return c != ';' && !is_fws(c); });
    const std::string_view gap = lexer.take_while(is_fws);
    if (gap.empty() || lexer.at('(') || begins_parameter(lexer)) break;
    value += gap;
  }
  return std::string(trim(unfold(value)));
}

/// *(";" parameter) (RFC 2045 §5.1).
std::vector<Parameter> read_parameters(Lexer& lexer) {
  std::vector<Parameter> parameters;
  while (!lexer.at_end() && parameters.size() < kParametersMax) {
    lexer.skip_cfws();
    const std::string_view name = lexer.take_while(is_parameter_name);
    lexer.skip_cfws();
    if (name.empty() || !lexer.skip('=')) {
      if (name.empty()) lexer.skip_one();
      continue;
    }
    lexer.skip_cfws();
    std::string value = lexer.at('"') ? lexer.quoted_string() : unquoted_value(lexer);
    parameters.push_back({std::string(name), std::move(value)});
  }
  return parameters;
}

std::string read_token(Lexer& lexer) {
  lexer.skip_cfws();
  std::string token{lexer.take_while(is_token)};
  lexer.skip_cfws();
  return token;
}

/// A parameter's name, taken apart (RFC 2231 §7).
struct ParameterName {
  std::string_view attribute;
  std::optional<std::uint64_t> section;  // of a value that is cut in sections
  bool extended;                         // the value is percent-encoded
};

ParameterName take_apart(std::string_view name) {
  ParameterName result{name, std::nullopt, false};
  if (result.attribute.size() > 1 && result.attribute.ends_with('*')) {
    result.extended = true;
    result.attribute.remove_suffix(1);
  }
  const std::size_t star = result.attribute.rfind('*');
  if (star == std::string_view::npos || star == 0) return result;
  result.section = parse_decimal(result.attribute.substr(star + 1));
  if (result.section) result.attribute = result.attribute.substr(0, star);
  return result;
}

std::string decode_percent(std::string_view text) {
  std::string octets;
  octets.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && is_hex(text[i + 1]) && is_hex(text[i + 2])) {
      octets += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
      i += 2;
    } else {
      octets += text[i];
    }
  }
  return octets;
}

/// extended-initial-value: charset'language'text (RFC 2231 §7).
struct ExtendedValue {
  std::string_view charset;
  std::string_view text;
};

ExtendedValue extended_initial_value(std::string_view value) {
  const std::size_t first = value.find('\'');
  const std::size_t second = first == std::string_view::npos ? first : value.find('\'', first + 1);
  if (second == std::string_view::npos) return {"utf-8", value};
  return {first == 0 ? "us-ascii" : value.substr(0, first), value.substr(second + 1)};
}

/// The first parameter whose name, taken apart, is this one.
const Parameter* find_section(std::span<const Parameter> parameters, std::string_view attribute,
                              std::optional<std::uint64_t> section, bool extended) {
  const auto is_it = [&](const Parameter& parameter) {
    const ParameterName name = take_apart(parameter.name);
    return iequals(name.attribute, attribute) && name.section == section && name.extended == extended;
  };
  const auto found = std::ranges::find_if(parameters, is_it);
  return found == parameters.end() ? nullptr : &*found;
}

/// A value cut in sections (RFC 2231 §3, §4.1). Nothing without section 0; a gap ends it.
std::optional<std::string> join_sections(std::span<const Parameter> parameters, std::string_view attribute) {
  std::string_view charset = "utf-8";
  std::string octets;
  std::uint64_t section = 0;
  for (;; ++section) {
    if (const Parameter* extended = find_section(parameters, attribute, section, true)) {
      std::string_view text = extended->value;
      if (section == 0) {
        const ExtendedValue initial = extended_initial_value(text);
        charset = initial.charset;
        text = initial.text;
      }
      octets += decode_percent(text);
    } else if (const Parameter* plain = find_section(parameters, attribute, section, false)) {
      octets += plain->value;
    } else {
      break;
    }
  }
  if (section == 0) return std::nullopt;
  return to_utf8(charset, octets);
}

/// Whether it is one section of a value whose name has no other star in it (RFC 2231 §7).
bool is_section(const ParameterName& name) { return name.section.has_value() && !name.attribute.contains('*'); }

/// One section of a value, and which of the parameters it is.
struct Section {
  std::string attribute;  // in small letters
  std::uint64_t section;
  bool extended;
  std::size_t at;
};

/// Those of the parameters that are sections: of one value together, ascending, and where there are two of one
/// number that first which counts.
std::vector<Section> sections_of(std::span<const Parameter> parameters) {
  std::vector<Section> sections;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const ParameterName name = take_apart(parameters[i].name);
    if (name.section && is_section(name)) {
      sections.push_back({lower(name.attribute), *name.section, name.extended, i});
    }
  }
  std::ranges::sort(sections, {}, [](const Section& each) {
    return std::tuple(std::string_view{each.attribute}, each.section, !each.extended, each.at);
  });
  return sections;
}

/// A section's octets in a value that is percent-encoded; what reads as a code and is none in its section is
/// encoded.
void append_extended(std::string& value, std::string_view text, bool extended) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool is_code = extended && c == '%' && i + 2 < text.size() && is_hex(text[i + 1]) && is_hex(text[i + 2]);
    const bool stays = extended ? c != '%' || is_code : is_token(c) && !std::string_view{"*'%"}.contains(c);
    if (stays) {
      value += c;
    } else {
      const auto octet = static_cast<unsigned char>(c);
      value.append("%").append(1, kHex[octet >> 4U]).append(1, kHex[octet & 0xFU]);
    }
  }
}

/// All sections of a value as one parameter: percent-encoded if one of them is (RFC 2231 §4.1).
Parameter join(std::span<const Section> sections, std::span<const Parameter> parameters) {
  const Parameter& first = parameters[sections.front().at];
  Parameter joined{std::string(take_apart(first.name).attribute), {}};
  if (std::ranges::none_of(sections, &Section::extended)) {
    for (const Section& section : sections) joined.value += parameters[section.at].value;
    return joined;
  }
  joined.name += '*';
  const bool says_charset = sections.front().extended && std::ranges::count(first.value, '\'') >= 2;
  if (!says_charset) joined.value = "utf-8''";
  for (const Section& section : sections) {
    append_extended(joined.value, parameters[section.at].value, section.extended);
  }
  return joined;
}

}  // namespace

bool ContentType::is(std::string_view other_type) const noexcept { return iequals(type, other_type); }

bool ContentType::is(std::string_view other_type, std::string_view other_subtype) const noexcept {
  return iequals(type, other_type) && iequals(subtype, other_subtype);
}

ContentType default_content_type() { return {"text", "plain", {{"charset", "us-ascii"}}}; }

std::optional<ContentType> parse_content_type(std::string_view text) {
  Lexer lexer(text);
  ContentType content_type;
  content_type.type = read_token(lexer);
  if (content_type.type.empty() || !lexer.skip('/')) return std::nullopt;
  content_type.subtype = read_token(lexer);
  if (content_type.subtype.empty()) return std::nullopt;
  content_type.parameters = read_parameters(lexer);
  return content_type;
}

std::optional<Disposition> parse_disposition(std::string_view text) {
  Lexer lexer(text);
  Disposition disposition;
  disposition.type = read_token(lexer);
  if (disposition.type.empty()) return std::nullopt;
  disposition.parameters = read_parameters(lexer);
  return disposition;
}

std::vector<std::string> parse_languages(std::string_view text) {
  Lexer lexer(text);
  std::vector<std::string> languages;
  while (!lexer.at_end() && languages.size() < kLanguagesMax) {
    std::string tag = read_token(lexer);
    if (tag.empty()) {
      lexer.skip_one();
    } else {
      languages.push_back(std::move(tag));
    }
  }
  return languages;
}

std::optional<std::string> parse_token(std::string_view text) {
  Lexer lexer(text);
  std::string token = read_token(lexer);
  if (token.empty()) return std::nullopt;
  return token;
}

bool has_continuations(std::span<const Parameter> parameters) {
  return std::ranges::any_of(parameters, [](const Parameter& parameter) {
    return parameter.name.contains('*') && is_section(take_apart(parameter.name));
  });
}

std::vector<Parameter> join_continuations(std::span<const Parameter> parameters) {
  const std::vector<Section> sections = sections_of(parameters);
  std::vector<std::optional<Parameter>> result(parameters.begin(), parameters.end());
  for (auto first = sections.begin(); first != sections.end();) {
    std::vector<Section> run;
    auto next = first;
    for (; next != sections.end() && next->attribute == first->attribute; ++next) {
      if (next->section == run.size()) run.push_back(*next);
    }
    const std::span<const Section> all{first, next};
    first = next;
    const bool is_said_whole = find_section(parameters, all.front().attribute, std::nullopt, true) != nullptr;
    if (run.empty() || is_said_whole) continue;
    Parameter joined = join(run, parameters);
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      if (iequals(parameters[i].name, joined.name)) result[i].reset();
    }
    for (const Section& section : all) {
      if (section.section < run.size()) result[section.at].reset();
    }
    result[std::ranges::min(run, {}, &Section::at).at] = std::move(joined);
  }
  std::vector<Parameter> left;
  for (auto& parameter : result) {
    if (parameter) left.push_back(std::move(*parameter));
  }
  return left;
}

std::optional<std::string> find_parameter(std::span<const Parameter> parameters, std::string_view name) {
  if (const Parameter* extended = find_section(parameters, name, std::nullopt, true)) {
    const ExtendedValue value = extended_initial_value(extended->value);
    return to_utf8(value.charset, decode_percent(value.text));
  }
  if (auto joined = join_sections(parameters, name)) return joined;
  const Parameter* plain = find_section(parameters, name, std::nullopt, false);
  if (plain == nullptr) return std::nullopt;
  return decode_encoded_words(plain->value);
}

}  // namespace posthaste::mime
