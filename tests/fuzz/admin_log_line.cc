// A line that is an event, written as text, is read as the same event, and holds nothing that a terminal obeys.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "admin/log_line.h"
#include "common/base/octets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view line{reinterpret_cast<const char*>(data), size};
  const auto event = posthaste::admin::parse_log_line(line);
  if (!event) return 0;
  const std::string text = to_text(*event);
  if (!std::ranges::all_of(text, [](char c) { return c == ' ' || posthaste::is_printable(c); })) std::abort();
  if (posthaste::admin::parse_log_line(text) != event) std::abort();
  return 0;
}
