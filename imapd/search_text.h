// Finding text as SEARCH means it: decoded, in UTF-8, and by i;unicode-casemap (RFC 9051 §6.4.4, RFC 5051).
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "common/mime/structure.h"

namespace posthaste::imapd {

/// A text to look for. An empty one is found everywhere.
class SoughtText {
 public:
  explicit SoughtText(std::string_view text);
  SoughtText(const SoughtText&) = delete;
  SoughtText& operator=(const SoughtText&) = delete;

  [[nodiscard]] bool empty() const { return folded_.empty(); }
  /// Octets of `text` that are not UTF-8 are like nothing that can be looked for.
  [[nodiscard]] bool is_in(std::string_view text) const;

 private:
  const std::string folded_;
  const std::boyer_moore_horspool_searcher<std::string::const_iterator> searcher_;
};

/// Whether a field called `field_name` holds it, encoded words decoded.
[[nodiscard]] bool field_contains(std::string_view header, std::string_view field_name, const SoughtText& text);
/// Whether any line of the header does, names included.
[[nodiscard]] bool header_contains(std::string_view header, const SoughtText& text);
/// Whether a text part does, transfer encoding and charset undone and HTML read as the text it shows, or the header
/// of an embedded message.
[[nodiscard]] bool body_contains(std::string_view message, const mime::Part& root, const SoughtText& text);

}  // namespace posthaste::imapd
