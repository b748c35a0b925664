#include "admin/log_line.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/base/octets.h"

namespace posthaste::admin {
namespace {

constexpr std::string_view kTimeShape = "dddd-dd-ddTdd:dd:dd.dddZ";  // d: a digit

bool is_time(std::string_view text) {
  auto fits = [](char c, char shape) { return shape == 'd' ? is_digit(c) : c == shape; };
  return std::ranges::equal(text, kTimeShape, fits);
}

bool is_level(std::string_view text) {
  return text == "debug" || text == "info" || text == "warning" || text == "error";
}

/// A word of the program's own: an event, a field, a program.
bool is_word(std::string_view text) {
  auto fits = [](char c) { return is_alnum(c) || c == '_' || c == '.' || c == '-'; };
  return !text.empty() && std::ranges::all_of(text, fits);
}

unsigned hex_digit(char c) { return static_cast<unsigned>(is_digit(c) ? c - '0' : to_lower(c) - 'a' + 10); }

/// \xNN undone. Nothing for octets that the log would have written otherwise.
std::optional<std::string> unescaped(std::string_view text) {
  std::string octets;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c != ' ' && !is_printable(c)) return std::nullopt;
    if (c != '\\') {
      octets += c;
      continue;
    }
    const auto code = text.substr(at + 1, 3);
    if (code.size() != 3 || code[0] != 'x' || !is_hex(code[1]) || !is_hex(code[2])) return std::nullopt;
    octets += static_cast<char>(hex_digit(code[1]) << 4U | hex_digit(code[2]));
    at += 3;
  }
  return octets;
}

/// The octets up to the next `end`, which go from `line` with it; all of it without an `end`.
std::string_view take(std::string_view& line, char end) {
  const auto at = line.find(end);
  const auto taken = line.substr(0, at);
  line.remove_prefix(at == std::string_view::npos ? line.size() : at + 1);
  return taken;
}

/// name=value or name="value" at the start of `line`, which it goes from with the space behind it.
std::optional<LogField> take_field(std::string_view& line) {
  const auto name = take(line, '=');
  if (!is_word(name)) return std::nullopt;
  const bool quoted = line.starts_with('"');
  if (quoted) {
    line.remove_prefix(1);
    if (line.find('"') == std::string_view::npos) return std::nullopt;
  }
  auto value = unescaped(take(line, quoted ? '"' : ' '));
  if (!value || (!quoted && value->empty())) return std::nullopt;
  if (quoted && !line.empty() && take(line, ' ') != "") return std::nullopt;
  return LogField{std::string{name}, std::move(*value)};
}

bool is_sound(const LogEvent& event) {
  return is_time(event.time) && is_level(event.level) && is_word(event.program) && is_word(event.name);
}

std::optional<LogEvent> parse_text(std::string_view line) {
  LogEvent event;
  event.time = take(line, ' ');
  event.level = take(line, ' ');
  event.program = take(line, ' ');
  event.name = take(line, ' ');
  if (!is_sound(event)) return std::nullopt;
  while (!line.empty()) {
    auto field = take_field(line);
    if (!field) return std::nullopt;
    event.fields.push_back(std::move(*field));
  }
  return event;
}

std::optional<std::string> value_of(const nlohmann::ordered_json& value) {
  if (value.is_string()) return unescaped(value.get_ref<const std::string&>());
  if (value.is_boolean() || value.is_number_integer()) return value.dump();
  return std::nullopt;
}

std::optional<LogEvent> parse_json(std::string_view line) {
  const auto object = nlohmann::ordered_json::parse(line, nullptr, false);
  if (!object.is_object()) return std::nullopt;
  LogEvent event;
  const std::pair<std::string_view, std::string*> heads[] = {
      {"time", &event.time}, {"level", &event.level}, {"program", &event.program}, {"event", &event.name}};
  std::size_t read = 0;
  for (const auto& [name, value] : object.items()) {
    auto text = value_of(value);
    if (!text || !is_word(name)) return std::nullopt;
    if (read < std::size(heads)) {
      if (name != heads[read].first) return std::nullopt;
      *heads[read++].second = std::move(*text);
    } else {
      event.fields.push_back({name, std::move(*text)});
    }
  }
  if (!is_sound(event)) return std::nullopt;
  return event;
}

}  // namespace

std::optional<LogEvent> parse_log_line(std::string_view line) {
  return line.starts_with('{') ? parse_json(line) : parse_text(line);
}

std::string to_text(const LogField& field) {
  std::string value = escaped(field.value, field.value.size());
  const bool bare = !value.empty() && value.find_first_of(" =\"") == std::string::npos;
  if (bare) return field.name + "=" + value;
  for (auto quote = value.find('"'); quote != std::string::npos; quote = value.find('"', quote)) {
    value.replace(quote, 1, "\\x22");
  }
  return field.name + "=\"" + value + "\"";
}

std::string to_text(const LogEvent& event) {
  std::string line = event.time + " " + event.level + " " + event.program + " " + event.name;
  for (const auto& field : event.fields) line += " " + to_text(field);
  return line;
}

std::optional<std::string_view> find_field(const LogEvent& event, std::string_view name) {
  const auto found = std::ranges::find(event.fields, name, &LogField::name);
  if (found == event.fields.end()) return std::nullopt;
  return found->value;
}

}  // namespace posthaste::admin
