// Every key of posthaste.toml, once: parse() reads by this table and sample() prints it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/config/config.h"

namespace posthaste::config {

struct Text {
  std::string& (*at)(Config&);
  bool (*fits)(std::string_view);
  std::string_view wanted;  // what fits, in words
};

struct File {
  std::filesystem::path& (*at)(Config&);
};

struct Flag {
  bool& (*at)(Config&);
};

struct Number {
  std::string_view unit;
  std::int64_t min;
  std::int64_t max;
  std::int64_t (*get)(const Config&);
  void (*set)(Config&, std::int64_t);
};

struct List {
  std::vector<std::string>& (*at)(Config&);
  bool (*fits)(std::string_view);  // each of its entries
  std::string_view wanted;
  bool may_be_empty = false;
};

struct Choice {
  std::span<const std::string_view> words;
  std::size_t (*get)(const Config&);
  void (*set)(Config&, std::size_t);
};

struct Key {
  std::string_view name;
  std::string_view comment;
  std::variant<Text, File, Flag, Number, List, Choice> kind;
};

/// A section has the name of its TOML table; the first has none and stands before every table.
struct Section {
  std::string_view name;
  std::string_view comment;
  std::vector<Key> keys;
};

[[nodiscard]] const std::vector<Section>& sections();

/// How a key shows its default, as TOML, and in words what values it takes: empty where the comment says it all.
struct Shown {
  std::string value;
  std::string takes;
};
[[nodiscard]] Shown show(const Key& key, Config& defaults);

}  // namespace posthaste::config
