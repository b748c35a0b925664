// Text without case is UTF-8 where the text is, and no part of it depends on another.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "common/base/octets.h"
#include "common/mime/casemap.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using posthaste::mime::casemap;
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto mapped = casemap(text);
  if (!posthaste::is_utf8(text)) return 0;
  if (!posthaste::is_utf8(mapped)) std::abort();
  const auto space = text.find(' ');
  if (space == std::string_view::npos) return 0;
  if (casemap(text.substr(0, space)) + casemap(text.substr(space)) != mapped) std::abort();
  return 0;
}
