// An internationalised header (RFC 6532) for those who read ASCII alone: a surrogate in the sense of RFC 6856 §2.1.
#pragma once

#include <string>
#include <string_view>

namespace posthaste::mime {

/// Each field that is not ASCII leaves as downgrade_field() has it (RFC 6857), so that names, subjects and the like
/// are read as they were written; of a field of more than 256 KB, each octet that is not ASCII leaves as "?". ASCII
/// and the body pass as they are.
class AsciiHeader {
 public:
  enum class End { empty_line, empty_line_or_text };  // text as begins_body() knows it

  explicit AsciiHeader(End end = End::empty_line) : end_(end) {}

  /// The next octets of the message, of any length, as they leave. The view lives until the next call, or as long
  /// as `octets`.
  [[nodiscard]] std::string_view feed(std::string_view octets);
  /// What is held back at the end of the message.
  [[nodiscard]] std::string finish();
  /// Whether the body has begun.
  [[nodiscard]] bool ended() const noexcept { return !in_header_; }

 private:
  void take(std::string_view piece);
  void end_piece(bool line_ended);
  [[nodiscard]] bool is_text(std::string_view line) const;
  void end_field();

  End end_;
  std::string out_;
  std::string field_;  // whole lines of the field under way
  std::string line_;   // not ended yet
  bool in_header_ = true;
  bool line_begins_ = true;  // `line_` is there from its first octet
  bool overlong_ = false;    // the beginning of the field has left already
  bool is_first_ = true;     // no field has begun
};

}  // namespace posthaste::mime
