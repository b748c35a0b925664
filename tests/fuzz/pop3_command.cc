// POP3 command lines of any octets: what is printed parses to the same.
#include <cstdint>
#include <cstdlib>

#include "common/pop3/command.h"

namespace pop3 = posthaste::pop3;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view line{reinterpret_cast<const char*>(data), size};
  const auto command = pop3::parse_command(line);
  if (!command) return 0;
  const std::string printed = to_line(*command);
  if (printed.find_first_of("\r\n") != std::string::npos) std::abort();
  if (pop3::parse_command(printed) != command) std::abort();
  return 0;
}
