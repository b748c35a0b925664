// Encoded words: what comes back is UTF-8, and text without any stays.
#include "common/mime/encoded_word.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "common/base/octets.h"
#include "common/mime/transfer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::string decoded = posthaste::mime::decode_encoded_words(text);
  if (!posthaste::is_utf8(decoded)) std::abort();
  if (!text.contains("=?") && posthaste::is_utf8(text) && decoded != text) std::abort();
  if (posthaste::mime::decode_quoted_printable(text).size() > size) std::abort();
  if (posthaste::mime::decode_base64(text).size() > size) std::abort();
  return 0;
}
