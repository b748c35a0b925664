// Any message, in two pieces: the same in every split, its own header in ASCII, and an ASCII message whole.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "common/base/octets.h"
#include "common/mime/ascii_message.h"
#include "common/mime/header.h"

using posthaste::mime::AsciiMessage;

namespace {

std::string surrogate_of(std::string_view message, std::size_t cut) {
  AsciiMessage surrogate;
  std::string out{surrogate.feed(message.substr(0, cut))};
  out += surrogate.feed(message.substr(cut));
  return out + surrogate.finish();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view message{reinterpret_cast<const char*>(data), size};
  const auto surrogate = surrogate_of(message, size);
  if (surrogate_of(message, size / 2) != surrogate || surrogate_of(message, size / 3) != surrogate) std::abort();
  const bool is_ascii = std::ranges::none_of(message, posthaste::is_eight_bit);
  if (is_ascii && surrogate != message) std::abort();
  if (message.find("\r\r") != std::string_view::npos) return 0;  // where a header ends then, tastes differ
  if (std::ranges::any_of(posthaste::mime::split_message(surrogate).header, posthaste::is_eight_bit)) std::abort();
  return 0;
}
