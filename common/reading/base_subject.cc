#include "common/reading/base_subject.h"

#include <optional>

#include "common/base/octets.h"
#include "common/mime/encoded_word.h"
#include "common/mime/header.h"

namespace posthaste::reading {

namespace {

constexpr std::string_view kForwardTrailer = "(fwd)";
constexpr std::string_view kForwardHeader = "[fwd:";

// Step 1: decoded, each run of white space one space.
std::string normalized(std::string_view subject) {
  std::string text;
  for (const char c : mime::decode_encoded_words(mime::unfold(subject))) {
    const bool is_space = is_wsp(c) || c == '\r' || c == '\n';
    if (!is_space) text += c;
    if (is_space && !text.ends_with(' ')) text += ' ';
  }
  return text;
}

bool iends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && iequals(text.substr(text.size() - end.size()), end);
}

// The rules of RFC 5256 §5 read a prefix and return what follows it, or nothing.

std::string_view after_spaces(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  return text;
}

// subj-blob
std::optional<std::string_view> after_blob(std::string_view text) {
  if (!text.starts_with('[')) return std::nullopt;
  const auto end = text.find_first_of("[]", 1);
  if (end == std::string_view::npos || text[end] == '[') return std::nullopt;
  return after_spaces(text.substr(end + 1));
}

// subj-refwd
std::optional<std::string_view> after_reply_or_forward(std::string_view text) {
  if (istarts_with(text, "re")) {
    text.remove_prefix(2);
  } else if (istarts_with(text, "fwd")) {
    text.remove_prefix(3);
  } else if (istarts_with(text, "fw")) {
    text.remove_prefix(2);
  } else {
    return std::nullopt;
  }
  text = after_spaces(text);
  text = after_blob(text).value_or(text);
  if (!text.starts_with(':')) return std::nullopt;
  return text.substr(1);
}

class Extraction {
 public:
  explicit Extraction(std::string_view subject) : text_(subject) {}

  void run() {
    do {
      remove_trailers();
      remove_leaders();
    } while (unwrap());
  }
  [[nodiscard]] std::string_view text() const { return text_; }
  [[nodiscard]] bool is_reply_or_forward() const { return is_reply_or_forward_; }

 private:
  // Step 2: subj-trailer.
  void remove_trailers() {
    for (;;) {
      if (text_.ends_with(' ')) {
        text_.remove_suffix(1);
      } else if (iends_with(text_, kForwardTrailer)) {
        text_.remove_suffix(kForwardTrailer.size());
        is_reply_or_forward_ = true;
      } else {
        return;
      }
    }
  }

  // Steps 3 to 5: subj-leader, and subj-blob where something stays. When no "re:" follows a run of blobs, none
  // follows a shorter one either: so all go at once.
  void remove_leaders() {
    for (;;) {
      text_ = after_spaces(text_);
      std::string_view rest = text_;
      std::string_view last_blob = text_;  // the base, should nothing follow it
      while (const auto after = after_blob(rest)) {
        last_blob = rest;
        rest = *after;
      }
      const auto after = after_reply_or_forward(rest);
      if (!after) {
        text_ = rest.empty() ? last_blob : rest;
        return;
      }
      text_ = *after;
      is_reply_or_forward_ = true;
    }
  }

  // Step 6: subj-fwd.
  bool unwrap() {
    if (!istarts_with(text_, kForwardHeader) || !text_.ends_with(']')) return false;
    text_.remove_prefix(kForwardHeader.size());
    text_.remove_suffix(1);
    is_reply_or_forward_ = true;
    return true;
  }

  std::string_view text_;
  bool is_reply_or_forward_ = false;
};

}  // namespace

BaseSubject base_subject(std::string_view subject) {
  const std::string text = normalized(subject);
  Extraction extraction{text};
  extraction.run();
  return {std::string{extraction.text()}, extraction.is_reply_or_forward()};
}

}  // namespace posthaste::reading
