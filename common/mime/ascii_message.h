// An internationalised message (RFC 6532) for those who read ASCII alone: a surrogate in the sense of RFC 6856
// §2.1.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/mime/ascii_header.h"
#include "common/mime/boundary.h"

namespace posthaste::mime {

/// The message with all its headers as AsciiHeader writes them: its own, those of the parts of its multiparts, and
/// those of the messages in it. What the parts hold passes as it is: their Content-Type says in which charset. What
/// is in a multipart/signed passes as it is, headers too, for a signature covers every octet (RFC 1847 §2.1). So
/// does what follows a line of a part's header that is no field: that may be the body. A message in ASCII passes
/// whole.
///
/// It looks 100 multiparts deep, and for Content-Type into the first 64 KB of a header; what lies beyond passes
/// too.
class AsciiMessage {
 public:
  /// The next octets of the message, of any length, as they leave. The view lives until the next call, or as long
  /// as `octets`.
  [[nodiscard]] std::string_view feed(std::string_view octets);
  /// What is held back at the end of the message.
  [[nodiscard]] std::string finish();

 private:
  struct Multipart {
    bool is_digest;  // its parts are messages, if they do not say (RFC 2046 §5.1.5)
    bool is_signed;  // its parts are not looked into
  };

  void take(std::string_view piece);
  void take_whole(std::string_view piece);
  void take_header(std::string_view piece);
  void begin_header(bool is_message_by_default);
  void end_header();
  [[nodiscard]] bool pass_delimiter(std::string_view line);

  std::string out_;
  AsciiHeader header_;  // of the entity under way
  std::string fields_;  // its beginning, as it came
  std::string held_;    // the beginning of a line that may yet be a delimiter
  bool in_header_ = true;
  bool line_begins_ = true;
  bool line_is_empty_ = true;           // so far, but for CR
  bool is_message_by_default_ = false;  // what the header under way is of
  std::vector<Multipart> multiparts_;   // that are open, the outermost first,
  OpenBoundaries boundaries_;           // and what delimits their parts
};

}  // namespace posthaste::mime
