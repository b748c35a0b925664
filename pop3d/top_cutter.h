// What TOP shows of a message that comes in pieces (RFC 1939 §7).
#pragma once

#include <cstdint>
#include <string_view>

namespace posthaste::pop3d {

/// Lets through the header, the blank line and so many lines of the body. Lines end with LF, with or without CR.
/// Without a blank line all is header.
class TopCutter {
 public:
  explicit TopCutter(std::uint64_t body_lines) noexcept : body_lines_left_(body_lines) {}

  /// The part of the next piece that is shown; a view into it.
  [[nodiscard]] std::string_view feed(std::string_view piece) noexcept;

  /// Nothing that follows will be shown.
  [[nodiscard]] bool done() const noexcept { return !in_header_ && body_lines_left_ == 0; }

 private:
  std::uint64_t body_lines_left_;
  bool in_header_ = true;
  bool line_is_blank_ = true;  // so far: the header's line under way has nothing but a CR at its end
  bool after_cr_ = false;
};

}  // namespace posthaste::pop3d
