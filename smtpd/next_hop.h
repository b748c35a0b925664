// Where a queued recipient's mail goes next: to our own mailboxes, along a route, or to its domain's hosts.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <variant>

#include "common/auth/directory.h"
#include "common/smtp/path.h"
#include "smtpd/relay/delivery.h"

namespace posthaste::smtpd {

/// deliveryd, with the mailboxes of this installation.
struct OurMailboxes {
  auto operator<=>(const OurMailboxes&) const = default;
};

/// Recipients of a message with equal next hops share an attempt.
using NextHop = std::variant<OurMailboxes, relay::Destination>;

/// For events and listings: "mailboxes", or the relay's words.
[[nodiscard]] std::string to_string(const NextHop& hop);

/// As the directory says at this moment. A few point reads. Errors: those of Directory::resolve() and find_route().
[[nodiscard]] std::expected<NextHop, auth::DirectoryError> next_hop(const auth::Directory& directory,
                                                                    const smtp::Mailbox& mailbox,
                                                                    std::optional<char> delimiter);

}  // namespace posthaste::smtpd
