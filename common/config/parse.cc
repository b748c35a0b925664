#include <toml++/toml.h>
#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>
#include <sstream>

#include "common/base/octets.h"
#include "common/config/config.h"
#include "common/config/table.h"

namespace posthaste::config {
namespace {

using Errors = std::vector<ConfigError>;

std::size_t line_of(const toml::node& node) { return node.source().begin.line; }
std::size_t line_of(const toml::key& key) { return key.source().begin.line; }

/// The number of octets to insert, delete or replace to make one word of the other (Levenshtein).
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row[b.size()];
}

/// `; did you mean "..."?` for the nearest of the known words, or nothing when none is near.
std::string suggestion(std::string_view unknown, const std::vector<std::string_view>& known) {
  constexpr std::size_t kWordMaxOctets = 64;
  if (unknown.size() > kWordMaxOctets) return "";
  std::string_view nearest;
  std::size_t nearest_distance = std::numeric_limits<std::size_t>::max();
  for (const auto word : known) {
    const auto distance = edit_distance(unknown, word);
    if (distance < nearest_distance) {
      nearest_distance = distance;
      nearest = word;
    }
  }
  const auto near_enough = std::max<std::size_t>(1, std::min(unknown.size(), nearest.size()) / 2);
  if (nearest.empty() || nearest_distance > near_enough) return "";
  return "; did you mean \"" + std::string{nearest} + "\"?";
}

std::string named(const Section& section, std::string_view key) {
  return section.name.empty() ? std::string{key} : std::string{section.name} + "." + std::string{key};
}

// set(): puts a value into the configuration, or says what the key wants instead.
using Wanted = std::optional<std::string>;

Wanted set(const Text& text, const toml::node& node, Config& config) {
  const auto value = node.value_exact<std::string>();
  if (!value || !text.fits(*value)) return std::string{text.wanted};
  text.at(config) = *value;
  return std::nullopt;
}

Wanted set(const File& file, const toml::node& node, Config& config) {
  const auto value = node.value_exact<std::string>();
  if (!value || value->empty() || value->find('\0') != std::string::npos) return "a path";
  file.at(config) = *value;
  return std::nullopt;
}

Wanted set(const Flag& flag, const toml::node& node, Config& config) {
  const auto value = node.value_exact<bool>();
  if (!value) return "true or false";
  flag.at(config) = *value;
  return std::nullopt;
}

Wanted set(const Number& number, const toml::node& node, Config& config) {
  const auto value = node.value_exact<std::int64_t>();
  if (!value || *value < number.min || *value > number.max) {
    return "a whole number from " + std::to_string(number.min) + " to " + std::to_string(number.max) + " (" +
           std::string{number.unit} + ")";
  }
  number.set(config, *value);
  return std::nullopt;
}

Wanted set(const List& list, const toml::node& node, Config& config) {
  const std::string wanted = "a list, each entry " + std::string{list.wanted};
  const auto* array = node.as_array();
  if (array == nullptr) return wanted + ": [\"...\", \"...\"]";
  if (array->empty() && !list.may_be_empty) return wanted + ", and not empty";
  std::vector<std::string> entries;
  for (const auto& element : *array) {
    auto entry = element.value_exact<std::string>();
    const std::string shown = entry ? "\"" + escaped(*entry) + "\"" : "entry " + std::to_string(entries.size() + 1);
    if (!entry || !list.fits(*entry)) return wanted + (entry ? "; " : ", in quotes; ") + shown + " is not";
    entries.push_back(std::move(*entry));
  }
  list.at(config) = std::move(entries);
  return std::nullopt;
}

Wanted set(const Choice& choice, const toml::node& node, Config& config) {
  const auto value = node.value_exact<std::string>();
  std::string wanted;
  for (std::size_t i = 0; i < choice.words.size(); ++i) {
    if (value && *value == choice.words[i]) {
      choice.set(config, i);
      return std::nullopt;
    }
    wanted.append(wanted.empty() ? "\"" : " or \"").append(choice.words[i]).append("\"");
  }
  return wanted;
}

const Section* find_section(std::string_view name) {
  const auto found = std::ranges::find(sections(), name, &Section::name);
  return found == sections().end() ? nullptr : &*found;
}

std::vector<std::string_view> known_words(const Section& section) {
  std::vector<std::string_view> words;
  for (const auto& key : section.keys) words.push_back(key.name);
  if (!section.name.empty()) return words;
  for (const auto& other : sections()) {
    if (!other.name.empty()) words.push_back(other.name);
  }
  return words;
}

void read_key(const Section& section, const toml::key& name, const toml::node& node, Config& config,
              Errors& errors) {
  const auto key = std::ranges::find(section.keys, name.str(), &Key::name);
  if (key == section.keys.end()) {
    errors.push_back({line_of(name), "unknown key \"" + escaped(named(section, name.str())) + "\"" +
                                         suggestion(name.str(), known_words(section))});
    return;
  }
  const auto wanted = std::visit([&node, &config](const auto& kind) { return set(kind, node, config); }, key->kind);
  if (wanted) errors.push_back({line_of(name), "\"" + named(section, key->name) + "\" must be " + *wanted});
}

void read_root(const toml::table& root, Config& config, Errors& errors) {
  const Section& general = sections().front();
  for (const auto& [name, node] : root) {
    const auto* section = name.str().empty() ? nullptr : find_section(name.str());
    if (section == nullptr) {
      read_key(general, name, node, config, errors);
      continue;
    }
    const auto* table = node.as_table();
    if (table == nullptr) {
      errors.push_back(
          {line_of(node), "\"" + std::string{name.str()} + "\" is a section: [" + std::string{name.str()} + "]"});
      continue;
    }
    for (const auto& [key, value] : *table) read_key(*section, key, value, config, errors);
  }
}

/// Two keys of a section, of which the first may not be larger.
struct Ordered {
  std::string_view section;
  std::string_view least;
  std::string_view most;
};
constexpr Ordered kOrdered[] = {{"queue", "retry_delay_min_s", "retry_delay_max_s"},
                                {"auth", "failure_delay_ms", "failure_delay_max_ms"}};

std::int64_t number_of(const Section& section, std::string_view name, const Config& config) {
  return std::get<Number>(std::ranges::find(section.keys, name, &Key::name)->kind).get(config);
}

/// The line of the first of two keys that is in the file.
std::size_t line_of_either(const toml::table& root, const Ordered& keys) {
  for (const std::string_view key : {keys.least, keys.most}) {
    if (const auto node = root[keys.section][key]) return line_of(*node.node());
  }
  return 0;
}

void check_order(const toml::table& root, const Config& config, Errors& errors) {
  for (const Ordered& keys : kOrdered) {
    const Section& section = *find_section(keys.section);
    const std::int64_t least = number_of(section, keys.least, config);
    const std::int64_t most = number_of(section, keys.most, config);
    if (least <= most) continue;
    errors.push_back({line_of_either(root, keys),
                      "\"" + named(section, keys.least) + "\" (" + std::to_string(least) + ") is above \"" +
                          named(section, keys.most) + "\" (" + std::to_string(most) + ")"});
  }
}

}  // namespace

std::expected<Config, std::vector<ConfigError>> parse(std::string_view text) {
  Config config;
  Errors errors;
  try {
    const toml::table root = toml::parse(text);
    read_root(root, config, errors);
    if (errors.empty()) check_order(root, config, errors);
  } catch (const toml::parse_error& error) {  // toml++ reports by exception; nobody else need know
    return std::unexpected(Errors{{error.source().begin.line, std::string{error.description()}}});
  }
  if (!errors.empty()) {
    std::ranges::stable_sort(errors, {}, &ConfigError::line);
    return std::unexpected(std::move(errors));
  }
  return config;
}

Config parse_leniently(std::string_view text) {
  Config config;
  Errors errors;
  try {
    read_root(toml::parse(text), config, errors);
  } catch (const toml::parse_error&) {
    return {};
  }
  return config;
}

}  // namespace posthaste::config
