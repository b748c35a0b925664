// Command lines of any octets, in every state: what is printed parses to the same, within the line it came in.
#include <cstdint>
#include <cstdlib>

#include "common/smtp/command.h"

namespace smtp = posthaste::smtp;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view line{reinterpret_cast<const char*>(data), size};
  for (const auto utf8 : {smtp::Utf8::refused, smtp::Utf8::allowed}) {
    for (const auto ours : {smtp::PrivateParameters::refused, smtp::PrivateParameters::allowed}) {
      const smtp::CommandOptions options{utf8, ours};
      const auto command = smtp::parse_command(line, options);
      if (!command && command.error().offset > size + 2) std::abort();
      if (!command) continue;
      const std::string printed = to_line(*command);
      if (printed.find_first_of("\r\n") != std::string::npos) std::abort();
      // A utf-8 ORCPT is printed in its 7-bit form, which may be longer than the limits.
      if (printed.size() <= size && smtp::parse_command(printed, options) != command) std::abort();
    }
  }
  return 0;
}
