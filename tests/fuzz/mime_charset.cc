// Any octets in any charset are read as UTF-8: the first line names the charset, the rest is the text.
#include "common/mime/charset.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "common/base/octets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string_view charset = input.substr(0, input.find('\n'));
  const std::string_view octets = input.substr(charset.size());
  const std::string text = posthaste::mime::to_utf8(charset, octets);
  if (!posthaste::is_utf8(text)) std::abort();
  constexpr std::size_t kGrowthMax = 16;  // an octet that cannot be read becomes three; a few characters become two
  if (text.size() > kGrowthMax * octets.size() + kGrowthMax) std::abort();
  if (posthaste::mime::is_part_of_utf8(charset) && !posthaste::mime::knows_charset(charset)) std::abort();
  return 0;
}
