// What mailboxes are for, which every engine keeps to.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "common/mailbox/message.h"

namespace posthaste::mailbox {

inline constexpr std::string_view kInbox = "INBOX";

struct DefaultMailbox {
  const char* name;
  std::optional<SpecialUse> special_use;
};
/// What a new user has, subscribed.
inline constexpr DefaultMailbox kDefaultMailboxes[] = {
    {"INBOX", std::nullopt},    {"Drafts", SpecialUse::drafts}, {"Sent", SpecialUse::sent},
    {"Junk", SpecialUse::junk}, {"Trash", SpecialUse::trash},   {"Archive", SpecialUse::archive},
};

/// What lies there passes for the user's own words, or for what the user has thrown away: a stranger who knows the
/// mailbox's name shall not put it there.
constexpr bool is_for_the_user_alone(std::optional<SpecialUse> use) noexcept {
  return use == SpecialUse::sent || use == SpecialUse::drafts || use == SpecialUse::trash;
}

/// Whether `name`, or one of the mailboxes above it, is for the user alone. `use_of` gives the special use of the
/// mailbox of a name, or nothing.
template <typename UseOf>
[[nodiscard]] bool lies_where_the_user_writes(std::string_view name, UseOf use_of) {
  for (std::size_t level = 0; level != std::string_view::npos;) {
    level = name.find('/', level + 1);
    if (is_for_the_user_alone(use_of(name.substr(0, level)))) return true;
  }
  return false;
}

}  // namespace posthaste::mailbox
