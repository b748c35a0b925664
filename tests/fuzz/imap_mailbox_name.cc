// A mailbox name that is taken comes back from its encoding, and every pattern gets an answer.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "common/base/octets.h"
#include "common/imap/list_pattern.h"
#include "common/imap/mailbox_name.h"

namespace {

/// By the definition: all places of the name that each octet of the pattern can lead to.
bool matches_slowly(std::string_view pattern, std::string_view name) {
  std::vector<bool> reached(name.size() + 1, false);
  reached[0] = true;
  for (const char c : pattern) {
    if (c == '*' || c == '%') {
      for (std::size_t i = 1; i < reached.size(); ++i) {
        if (reached[i - 1] && (c == '*' || name[i - 1] != '/')) reached[i] = true;
      }
    } else {
      for (std::size_t i = name.size(); i > 0; --i) reached[i] = reached[i - 1] && name[i - 1] == c;
      reached[0] = false;
    }
  }
  return reached[name.size()];
}

}  // namespace

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
  const auto whole = posthaste::imap::interpret_pattern("", pattern);
  if (posthaste::imap::matches_pattern(whole, name.substr(0, 480)) != matches_slowly(whole, name.substr(0, 480)))
    std::abort();
  return 0;
}
