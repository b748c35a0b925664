// A message URL names a UID, and never a part that FETCH would not take.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "common/imap/message_url.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto url = posthaste::imap::parse_message_url({reinterpret_cast<const char*>(data), size});
  if (!url) return 0;
  if (posthaste::number(url->uid) == 0 || !url->part.peek) std::abort();
  return 0;
}
