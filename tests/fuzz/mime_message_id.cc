// What is read as an identifier is read as the same again.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "common/mime/message_id.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto ids = posthaste::mime::parse_message_ids({reinterpret_cast<const char*>(data), size});
  if (ids.size() > posthaste::mime::kMessageIdsMax) std::abort();
  for (const auto& id : ids) {
    if (id.front() == '@' || id.back() == '@') continue;  // of a quoted one
    std::string quoted = "<\"";
    for (const char c : id) {
      if (c == '"' || c == '\\') quoted += '\\';
      quoted += c;
    }
    const auto at = quoted.rfind('@');
    quoted.insert(at, "\"").insert(at + 2, "\"");
    if (posthaste::mime::parse_message_ids(quoted + "\">") != std::vector{id}) std::abort();
  }
  return 0;
}
