// The few words of man(7) that the pages are made of.
#pragma once

#include <string>
#include <string_view>

namespace posthaste::admin {

/// A page as it grows. Text is escaped: it may hold any octets.
class Roff {
 public:
  /// `section` is "8" or "5"; `about` follows the name behind a dash, as whatis(1) shows it.
  Roff(std::string_view name, std::string_view section, std::string_view about);

  void heading(std::string_view title);
  void subheading(std::string_view title);
  /// Lines that end in LF are joined; an empty one begins a new paragraph.
  void paragraph(std::string_view text);
  /// A word, bold, and what follows it, plain; below them `text`, indented.
  void item(std::string_view word, std::string_view rest, std::string_view text);
  /// As it stands, line by line.
  void example(std::string_view lines);

  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  void append_lines(std::string_view text, std::string_view paragraph_macro);

  std::string text_;
};

}  // namespace posthaste::admin
