// Any text is a configuration or a list of errors; what is a configuration has every value in its range.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "common/config/config.h"
#include "common/config/table.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto config = posthaste::config::parse({reinterpret_cast<const char*>(data), size});
  if (!config) {
    if (config.error().empty()) std::abort();
    return 0;
  }
  for (const auto& section : posthaste::config::sections()) {
    for (const auto& key : section.keys) {
      const auto* number = std::get_if<posthaste::config::Number>(&key.kind);
      if (number == nullptr) continue;
      const auto value = number->get(*config);
      if (value < number->min || value > number->max) std::abort();
    }
  }
  return 0;
}
