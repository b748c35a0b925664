// Dialogues as files, for tests that play them: tests/dialogues/<daemon>/*.txt, a step a line, "#" before a
// comment.
//
//   C: a line from the client, with CRLF       2C: from the second client, where a daemon's tests have several
//   R: octets from the client, with \r, \n, \0, \\ and \xE9 written so
//   S: a line from the server; "..." at the end stands for anything
//   = a direction, as the daemon's dialogue_test.cc lists them
//   M: a line of the message of the direction before, with CRLF; "R:" behind it adds octets
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace posthaste {

struct Step {
  char client = '1';
  char kind = '=';
  std::string text;
};

struct Dialogue {
  std::string name;
  std::vector<Step> steps;
  friend void PrintTo(const Dialogue& dialogue, std::ostream* out) { *out << dialogue.name; }
};

[[nodiscard]] inline std::string unescaped(std::string_view text) {
  std::string octets;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      octets += text[i];
      continue;
    }
    const char kind = text[++i];
    if (kind == 'x') {
      octets += static_cast<char>(std::stoi(std::string{text.substr(i + 1, 2)}, nullptr, 16));
      i += 2;
    } else {
      octets += kind == 'r' ? '\r' : kind == 'n' ? '\n' : kind == '0' ? '\0' : kind;
    }
  }
  return octets;
}

[[nodiscard]] inline bool fits(std::string_view line, std::string_view pattern) {
  if (!pattern.ends_with("...")) return line == pattern;
  pattern.remove_suffix(3);
  return line.starts_with(pattern);
}

[[nodiscard]] inline Dialogue read_dialogue(const std::filesystem::path& path) {
  Dialogue dialogue{path.stem(), {}};
  std::ifstream file{path};
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.front() == '#') continue;
    Step step;
    if (line.front() >= '1' && line.front() <= '9') {
      step.client = line.front();
      line.erase(0, 1);
    }
    EXPECT_NE(std::string_view{"=CRSM"}.find(line.front()), std::string_view::npos) << path << ": " << line;
    step.kind = line.front();
    step.text = line.substr(std::min<std::size_t>(line.size(), step.kind == '=' ? 2 : 3));
    dialogue.steps.push_back(std::move(step));
  }
  EXPECT_FALSE(dialogue.steps.empty()) << path;
  return dialogue;
}

/// Those of a folder of tests/dialogues.
[[nodiscard]] inline std::vector<Dialogue> read_dialogues(std::string_view daemon) {
  std::vector<Dialogue> dialogues;
  const auto folder = std::filesystem::path{POSTHASTE_SOURCE_DIR} / "tests/dialogues" / daemon;
  for (const auto& entry : std::filesystem::directory_iterator{folder}) {
    if (entry.path().extension() == ".txt") dialogues.push_back(read_dialogue(entry.path()));
  }
  return dialogues;
}

}  // namespace posthaste
