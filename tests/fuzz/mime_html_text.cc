// HTML as text never grows, and is UTF-8 where the document is.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "common/base/octets.h"
#include "common/mime/html_text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view html{reinterpret_cast<const char*>(data), size};
  const auto text = posthaste::mime::html_text(html);
  if (text.size() > html.size()) std::abort();
  if (posthaste::is_utf8(html) && !posthaste::is_utf8(text)) std::abort();
  return 0;
}
