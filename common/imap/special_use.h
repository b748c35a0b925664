// Special uses of mailboxes (RFC 6154 §2, RFC 8457 §3).
#pragma once

#include <optional>
#include <string_view>

namespace posthaste::imap {

enum class SpecialUse { all, archive, drafts, flagged, important, junk, sent, trash };

/// "\Sent" and its like, as the RFC writes it.
[[nodiscard]] std::string_view name_of(SpecialUse use);

/// The use called `name`, backslash included, in any case; nothing when there is none.
[[nodiscard]] std::optional<SpecialUse> parse_special_use(std::string_view name);

}  // namespace posthaste::imap
