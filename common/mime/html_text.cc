#include "common/mime/html_text.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "common/base/octets.h"
#include "common/mime/lexer.h"

namespace posthaste::mime {
namespace {

/// The names of U+00A0 to U+00FF, in order.
constexpr std::array<std::string_view, 96> kLatinNames = {
    "nbsp",   "iexcl",  "cent",   "pound",  "curren", "yen",    "brvbar", "sect",   "uml",    "copy",   "ordf",
    "laquo",  "not",    "shy",    "reg",    "macr",   "deg",    "plusmn", "sup2",   "sup3",   "acute",  "micro",
    "para",   "middot", "cedil",  "sup1",   "ordm",   "raquo",  "frac14", "frac12", "frac34", "iquest", "Agrave",
    "Aacute", "Acirc",  "Atilde", "Auml",   "Aring",  "AElig",  "Ccedil", "Egrave", "Eacute", "Ecirc",  "Euml",
    "Igrave", "Iacute", "Icirc",  "Iuml",   "ETH",    "Ntilde", "Ograve", "Oacute", "Ocirc",  "Otilde", "Ouml",
    "times",  "Oslash", "Ugrave", "Uacute", "Ucirc",  "Uuml",   "Yacute", "THORN",  "szlig",  "agrave", "aacute",
    "acirc",  "atilde", "auml",   "aring",  "aelig",  "ccedil", "egrave", "eacute", "ecirc",  "euml",   "igrave",
    "iacute", "icirc",  "iuml",   "eth",    "ntilde", "ograve", "oacute", "ocirc",  "otilde", "ouml",   "divide",
    "oslash", "ugrave", "uacute", "ucirc",  "uuml",   "yacute", "thorn",  "yuml"};

struct NamedCharacter {
  std::string_view name;
  char32_t character;
};

constexpr NamedCharacter kOtherNames[] = {
    {"amp", '&'},      {"lt", '<'},       {"gt", '>'},        {"quot", '"'},     {"apos", '\''},
    {"ndash", 0x2013}, {"mdash", 0x2014}, {"lsquo", 0x2018},  {"rsquo", 0x2019}, {"ldquo", 0x201C},
    {"rdquo", 0x201D}, {"bull", 0x2022},  {"hellip", 0x2026}, {"euro", 0x20AC},  {"trade", 0x2122},
    {"OElig", 0x152},  {"oelig", 0x153},  {"Scaron", 0x160},  {"scaron", 0x161}, {"zwnj", 0x200C},
    {"zwj", 0x200D}};

/// Elements whose beginning or end parts the words around them.
constexpr std::string_view kLineElements[] = {
    "address", "article", "aside", "blockquote", "body",  "br", "center", "dd",   "div", "dl",   "dt",
    "form",    "h1",      "h2",    "h3",         "h4",    "h5", "h6",     "head", "hr",  "html", "li",
    "ol",      "p",       "pre",   "section",    "table", "td", "th",     "tr",   "ul"};

/// Elements whose content nobody sees. ("head" is none: its end tag may lack.)
constexpr std::string_view kHiddenElements[] = {"script", "style", "title"};

template <std::size_t count>
bool is_one_of(const std::string_view (&names)[count], std::string_view name) {
  return std::ranges::any_of(names, [name](std::string_view each) { return iequals(each, name); });
}

void append_utf8(std::string& text, char32_t c) {
  if (c < 0x80) {
    text += static_cast<char>(c);
  } else if (c < 0x800) {
    text += static_cast<char>(0xC0U | c >> 6U);
    text += static_cast<char>(0x80U | (c & 0x3FU));
  } else if (c < 0x10000) {
    text += static_cast<char>(0xE0U | c >> 12U);
    text += static_cast<char>(0x80U | (c >> 6U & 0x3FU));
    text += static_cast<char>(0x80U | (c & 0x3FU));
  } else {
    text += static_cast<char>(0xF0U | c >> 18U);
    text += static_cast<char>(0x80U | (c >> 12U & 0x3FU));
    text += static_cast<char>(0x80U | (c >> 6U & 0x3FU));
    text += static_cast<char>(0x80U | (c & 0x3FU));
  }
}

std::optional<char32_t> named_character(std::string_view name) {
  const auto latin = std::ranges::find(kLatinNames, name);
  if (latin != kLatinNames.end()) return static_cast<char32_t>(0xA0 + (latin - kLatinNames.begin()));
  const auto other = std::ranges::find(kOtherNames, name, &NamedCharacter::name);
  if (other != std::end(kOtherNames)) return other->character;
  return std::nullopt;
}

/// "#8364" or "#x20AC", without its "#".
std::optional<char32_t> numbered_character(std::string_view digits) {
  const bool hexadecimal = !digits.empty() && (digits.front() == 'x' || digits.front() == 'X');
  if (hexadecimal) digits.remove_prefix(1);
  if (digits.empty() || digits.size() > 8) return std::nullopt;
  std::uint64_t value = 0;
  for (const char digit : digits) {
    if (hexadecimal ? !is_hex(digit) : !is_digit(digit)) return std::nullopt;
    value = value * (hexadecimal ? 16 : 10) + hex_value(digit);
  }
  if (value == 0 || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return std::nullopt;
  return static_cast<char32_t>(value);
}

struct Reference {
  char32_t character = 0;
  std::size_t octets = 0;  // with "&" and ";"
};

/// The character reference that `text` begins with, "&" first.
std::optional<Reference> character_reference(std::string_view text) {
  constexpr std::size_t kReferenceMaxOctets = 12;
  const std::size_t end = text.substr(0, kReferenceMaxOctets).find(';');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view name = text.substr(1, end - 1);
  const auto character = name.starts_with('#') ? numbered_character(name.substr(1)) : named_character(name);
  if (!character) return std::nullopt;
  return Reference{*character, end + 1};
}

/// Octets of the tag that `text` begins with, "<" first: a ">" in a quoted value does not end it, unless no other
/// one does.
std::size_t tag_octets(std::string_view text) {
  char quote = '\0';
  for (std::size_t at = 1; at < text.size(); ++at) {
    const char c = text[at];
    if (quote != '\0') {
      if (c == quote) quote = '\0';
    } else if (c == '>') {
      return at + 1;
    } else if ((c == '"' || c == '\'') && text[at - 1] == '=') {
      quote = c;
    }
  }
  const std::size_t end = text.find('>');
  return end == std::string_view::npos ? text.size() : end + 1;
}

std::string_view tag_name(std::string_view tag) {
  std::string_view name = tag.substr(1);
  if (name.starts_with('/')) name.remove_prefix(1);
  const auto end = std::ranges::find_if_not(name, is_alnum);
  return name.substr(0, static_cast<std::size_t>(end - name.begin()));
}

/// Where the end tag of `name` begins in `text`, or its end.
std::size_t find_end_tag(std::string_view text, std::string_view name) {
  for (std::size_t at = 0; (at = text.find("</", at)) != std::string_view::npos; at += 2) {
    if (istarts_with(text.substr(at + 2), name)) return at;
  }
  return text.size();
}

void end_line(std::string& text) {
  if (!text.empty() && text.back() != '\n') text += '\n';
}

/// Octets of the markup that `rest` begins with, "<" first; 0 when it is none. Notes in `text` where a line ends.
std::size_t skip_markup(std::string_view rest, std::string& text) {
  if (rest.starts_with("<!--")) {
    const std::size_t end = rest.find("-->", 4);
    return end == std::string_view::npos ? rest.size() : end + 3;
  }
  const bool is_tag = rest.size() > 1 && (is_alpha(rest[1]) || rest[1] == '/' || rest[1] == '!' || rest[1] == '?');
  if (!is_tag) return 0;
  const std::size_t octets = tag_octets(rest);
  const std::string_view name = tag_name(rest.substr(0, octets));
  if (is_one_of(kLineElements, name)) end_line(text);
  if (rest[1] == '/' || !is_one_of(kHiddenElements, name)) return octets;
  return octets + find_end_tag(rest.substr(octets), name);
}

}  // namespace

std::string html_text(std::string_view html) {
  std::string text;
  text.reserve(html.size() / 2);
  while (!html.empty()) {
    const std::size_t plain = std::min(html.find_first_of("<&"), html.size());
    text += html.substr(0, plain);
    html.remove_prefix(plain);
    if (html.empty()) break;
    std::size_t read = 0;
    if (html.front() == '<') {
      read = skip_markup(html, text);
    } else if (const auto reference = character_reference(html)) {
      append_utf8(text, reference->character);
      read = reference->octets;
    }
    if (read == 0) {
      text += html.front();
      read = 1;
    }
    html.remove_prefix(read);
  }
  return text;
}

}  // namespace posthaste::mime
