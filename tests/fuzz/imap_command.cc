// Any octets as a command: no crash, and an error lies inside them.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "common/imap/command.h"
#include "common/imap/literal.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using posthaste::imap::MailboxEncoding;
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  for (const auto encoding : {MailboxEncoding::modified_utf7, MailboxEncoding::utf8}) {
    const auto command = posthaste::imap::parse_command(octets, encoding);
    if (!command && command.error().offset > size) std::abort();
    if (command && !octets.starts_with(command->tag)) std::abort();
  }
  const auto announced = posthaste::imap::literal_announcement(octets);
  if (announced && *announced && !octets.ends_with('}')) std::abort();
  return 0;
}
