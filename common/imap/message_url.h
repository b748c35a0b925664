// The IMAP URLs of a session's own messages, as CATENATE takes them (RFC 5092 §7, RFC 4469 §3).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/base/ids.h"
#include "common/imap/fetch.h"

namespace posthaste::imap {

inline constexpr std::size_t kMessageUrlMaxOctets = 4'096;

/// A message, or what BODY[section]<partial> would be of it.
struct MessageUrl {
  std::optional<std::string> mailbox;  // canonical, in UTF-8; nothing: the selected one
  std::optional<UidValidity> uid_validity;
  Uid uid{};
  FetchBody part;
  bool operator==(const MessageUrl&) const = default;
};

/// "/Drafts;UIDVALIDITY=385759045/;UID=20/;SECTION=1.MIME", with all but UID optional. Nothing for what is no such
/// URL: an absolute one, that of a mailbox, or one with URLAUTH.
[[nodiscard]] std::optional<MessageUrl> parse_message_url(std::string_view url);

}  // namespace posthaste::imap
