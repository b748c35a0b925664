// The base subject of a base subject is the same.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "common/reading/base_subject.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto base = posthaste::reading::base_subject({reinterpret_cast<const char*>(data), size});
  if (base.text.contains("=?")) return 0;  // would be decoded once more
  if (posthaste::reading::base_subject(base.text).text != base.text) std::abort();
  return 0;
}
