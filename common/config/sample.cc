#include <algorithm>
#include <string>

#include "common/config/config.h"
#include "common/config/table.h"

namespace posthaste::config {
namespace {

void append_comment(std::string& file, std::string_view comment) {
  while (!comment.empty()) {
    const auto line = comment.substr(0, comment.find('\n'));
    file.append("# ").append(line).append("\n");
    comment.remove_prefix(std::min(comment.size(), line.size() + 1));
  }
}

std::string toml_string(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

Shown show(const Text& text, Config& defaults) { return {toml_string(text.at(defaults)), ""}; }
Shown show(const File& file, Config& defaults) { return {toml_string(file.at(defaults).native()), ""}; }
Shown show(const Flag& flag, Config& defaults) { return {flag.at(defaults) ? "true" : "false", "true or false"}; }

Shown show(const Number& number, Config& defaults) {
  return {std::to_string(number.get(defaults)),
          std::string{number.unit} + ", " + std::to_string(number.min) + " to " + std::to_string(number.max)};
}

Shown show(const List& list, Config& defaults) {
  std::string value;
  for (const auto& entry : list.at(defaults)) value += (value.empty() ? "" : ", ") + toml_string(entry);
  return {"[" + value + "]", ""};
}

Shown show(const Choice& choice, Config& defaults) {
  std::string takes;
  for (const auto word : choice.words) takes += (takes.empty() ? "" : " or ") + toml_string(word);
  return {toml_string(choice.words[choice.get(defaults)]), takes};
}

}  // namespace

Shown show(const Key& key, Config& defaults) {
  return std::visit([&defaults](const auto& kind) { return show(kind, defaults); }, key.kind);
}

std::string sample() {
  Config defaults;
  std::string file =
      "# The configuration of Posthaste. Every key is here with its default; a key that is left out has it too.\n"
      "# `posthaste config check` tells what is wrong in this file. Daemons read it when they start.\n";
  for (const auto& section : sections()) {
    file += '\n';
    append_comment(file, section.comment);
    if (!section.name.empty()) file.append("[").append(section.name).append("]\n");
    for (const auto& key : section.keys) {
      const auto shown = show(key, defaults);
      append_comment(file, key.comment);
      if (!shown.takes.empty()) append_comment(file, "(" + shown.takes + ")");
      file.append(key.name).append(" = ").append(shown.value).append("\n");
    }
  }
  return file;
}

}  // namespace posthaste::config
