// Any octets as a response of the store socket. What is taken is sent on, and taken again for the same.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "common/wire/codec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto response =
      posthaste::wire::decode_response({std::string(reinterpret_cast<const char*>(data), size), {}});
  if (!response) return 0;
  const auto frame = posthaste::wire::encode(*response);
  if (!frame || posthaste::wire::decode_response({frame->message, {}}) != response) std::abort();
  return 0;
}
