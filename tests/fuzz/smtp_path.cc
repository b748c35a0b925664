// Paths of any octets, with and without UTF-8: what is printed parses to the same.
#include <cstdint>
#include <cstdlib>

#include "common/smtp/path.h"

namespace smtp = posthaste::smtp;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  for (const auto utf8 : {smtp::Utf8::refused, smtp::Utf8::allowed}) {
    const auto reverse = smtp::parse_reverse_path(text, utf8);
    if (reverse && smtp::parse_reverse_path(to_string(*reverse), utf8) != reverse) std::abort();
    if (!reverse && reverse.error().offset > size) std::abort();
    const auto forward = smtp::parse_forward_path(text, utf8);
    if (forward && smtp::parse_forward_path(to_string(*forward), utf8) != forward) std::abort();
    const auto mailbox = smtp::parse_mailbox(text, utf8);
    if (mailbox && smtp::parse_mailbox(to_string(*mailbox), utf8) != mailbox) std::abort();
  }
  return 0;
}
