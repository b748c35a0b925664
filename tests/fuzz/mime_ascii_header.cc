// Any message, in two pieces: its header leaves in ASCII, its body as it is, and an ASCII message whole.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "common/base/octets.h"
#include "common/mime/ascii_header.h"

using posthaste::mime::AsciiHeader;

namespace {

std::string surrogate_of(std::string_view message, std::size_t cut) {
  AsciiHeader surrogate;
  std::string out{surrogate.feed(message.substr(0, cut))};
  out += surrogate.feed(message.substr(cut));
  return out + surrogate.finish();
}

std::string_view header_of(std::string_view message) {
  for (std::size_t at = 0;;) {
    const auto end = message.find('\n', at);
    if (end == std::string_view::npos) return message;
    const auto line = message.substr(at, end - at);
    if (line.find_first_not_of('\r') == std::string_view::npos) return message.substr(0, end + 1);
    at = end + 1;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view message{reinterpret_cast<const char*>(data), size};
  const auto surrogate = surrogate_of(message, size);
  if (surrogate_of(message, size / 2) != surrogate) std::abort();
  const auto body = message.substr(header_of(message).size());
  if (!surrogate.ends_with(body)) std::abort();
  const auto header = std::string_view{surrogate}.substr(0, surrogate.size() - body.size());
  if (std::ranges::any_of(header, posthaste::is_eight_bit)) std::abort();
  if (std::ranges::none_of(message, posthaste::is_eight_bit) && surrogate != message) std::abort();
  return 0;
}
