// An internationalised header (RFC 6532) for those who read ASCII alone: a surrogate in the sense of RFC 6856 §2.1.
#pragma once

#include <string>
#include <string_view>

namespace posthaste::mime {

/// Each word of the header that is not ASCII becomes encoded words (RFC 2047), so that names, subjects and the like
/// are read as they were written. An address stays one by its syntax and leads nowhere, as it would for such a
/// reader. Words that are not UTF-8 are marked "unknown-8bit" (RFC 1428 §3). ASCII and the body pass as they are.
class AsciiHeader {
 public:
  /// The next octets of the message, of any length, as they leave. The view lives until the next call, or as long
  /// as `octets`.
  [[nodiscard]] std::string_view feed(std::string_view octets);
  /// What is held back at the end of the message.
  [[nodiscard]] std::string finish();

 private:
  void take(char c);
  void end_word();
  void write_encoded(std::string_view word);

  std::string out_;
  std::string word_;  // not ended yet
  bool word_is_ascii_ = true;
  std::string gap_;             // white space since the last word
  bool after_encoded_ = false;  // the last word was encoded
  bool in_header_ = true;
  bool line_is_empty_ = true;  // but for CR
};

}  // namespace posthaste::mime
