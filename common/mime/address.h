// Address lists of a message (RFC 5322 §3.4 and §4.4), read as IMAP's ENVELOPE wants them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace posthaste::mime {

inline constexpr std::size_t kAddressesMax = 10'000;  // of one list; what follows is not read

/// An address as ENVELOPE shows it (RFC 9051 §7.5.2). Quoting is removed, encoded words stay as they are.
/// Host and mailbox are there, perhaps empty, for every address; a group is a run of addresses between
/// one with a mailbox (the group's name) but no host and one with neither.
struct Address {
  std::optional<std::string> display_name;  // the phrase, or else the comment after the address: "a@b (Name)"
  std::optional<std::string> route;         // obsolete source route, "@a,@b" (RFC 5322 §4.4)
  std::optional<std::string> mailbox;       // local-part, or a group's name
  std::optional<std::string> host;          // domain, or domain literal with its brackets; empty if none is written

  [[nodiscard]] bool starts_group() const noexcept { return mailbox && !host; }
  [[nodiscard]] bool ends_group() const noexcept { return !mailbox && !host; }
  bool operator==(const Address&) const = default;
};

/// Reads an address-list from the body of a field, folded or not. Never fails: what fits no rule is skipped, a word
/// without "@" is a mailbox with an empty host, an open group ends with the list. Of a list that is longer, the
/// first `addresses_max` entries come back; entries that mark a group count.
[[nodiscard]] std::vector<Address> parse_address_list(std::string_view text,
                                                      std::size_t addresses_max = kAddressesMax);

}  // namespace posthaste::mime
