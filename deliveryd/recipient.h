// Who is meant by a recipient, and whether they can take a message now: what RCPT is answered by, and smtpd's
// question before it answers its own clients.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "common/auth/directory.h"
#include "common/smtp/path.h"
#include "deliveryd/resources.h"

namespace posthaste::deliveryd {

enum class RecipientError {
  unknown_user,  // in our domains, but nobody
  not_our_domain,
  leads_elsewhere,  // by an alias
  bad_aliases,      // in a circle, or too far
  directory_unavailable,
  over_quota,  // nobody who is meant has room for it
  store_unavailable,
};

/// The users behind `path`, when one of them at least can take a message of `octets`, or of any size where none was
/// announced: the store decides for each. "<Postmaster>" is this host's own, or else that of the first domain that
/// we serve (RFC 5321 §4.5.1). Point reads alone, but for that domain's name. `resources` outlives the task.
net::Task<std::expected<std::vector<auth::LocalUser>, RecipientError>> find_recipient(
    const Resources& resources, smtp::ForwardPath path, std::optional<std::uint64_t> octets);

}  // namespace posthaste::deliveryd
