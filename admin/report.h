// What a command says in the end: text for a person, or JSON for a machine.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace posthaste::admin {

/// Both forms of one answer; `text` ends with a line feed, or is empty.
struct Report {
  std::string text;
  nlohmann::json json = nlohmann::json::object();
  bool success = true;  // false: the answer is whole, but the exit status is 1
};

}  // namespace posthaste::admin
