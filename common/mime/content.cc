#include "common/mime/content.h"

#include <algorithm>

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
