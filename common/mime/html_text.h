// The text that an HTML document shows, for those who look for words in it.
#pragma once

#include <string>
#include <string_view>

namespace posthaste::mime {

/// `html`, which should be UTF-8, without tags, comments, scripts, style sheets and its title; character references
/// are read. Elements that stand on lines of their own are parted by a line feed, others by nothing. What is no tag
/// stays. It is one pass, whatever the document's state.
[[nodiscard]] std::string html_text(std::string_view html);

}  // namespace posthaste::mime
