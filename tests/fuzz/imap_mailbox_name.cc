// A mailbox name that is taken comes back from its encoding, and every pattern gets an answer.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "common/base/octets.h"
#include "common/imap/list_pattern.h"
#include "common/imap/mailbox_name.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using posthaste::imap::MailboxEncoding;
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  const auto decoded = posthaste::imap::decode_modified_utf7(octets);
  if (decoded && posthaste::imap::encode_modified_utf7(*decoded) != octets) std::abort();
  if (posthaste::is_utf8(octets)) {
    const auto encoded = posthaste::imap::encode_modified_utf7(octets);
    if (posthaste::imap::decode_modified_utf7(encoded) != octets) std::abort();
  }
  for (const auto encoding : {MailboxEncoding::modified_utf7, MailboxEncoding::utf8}) {
    const auto name = posthaste::imap::parse_mailbox_name(octets, encoding);
    if (!name) continue;
    if (posthaste::imap::canonical_mailbox_name(*name) != name) std::abort();
    if (!posthaste::imap::matches_pattern("*", *name) || !posthaste::imap::matches_pattern(*name, *name))
      std::abort();
  }
  const auto cut = octets.find('\n');
  const auto pattern = octets.substr(0, cut).substr(0, posthaste::imap::kPatternMaxOctets);
  const auto name = cut == std::string_view::npos ? octets : octets.substr(cut + 1);
  (void)posthaste::imap::matches_pattern(posthaste::imap::interpret_pattern("", pattern), name.substr(0, 480));
  return 0;
}
