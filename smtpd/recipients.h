// Who may be written to and who may be written as: the directory's word on the two sides of an envelope.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/auth/directory.h"
#include "common/smtp/path.h"

namespace posthaste::smtpd {

enum class RecipientError {
  unknown,          // in our domains, but nobody
  relaying_denied,  // elsewhere, from somebody who has not logged in
  bad_aliases,      // aliases that lead in a circle, or to too many
  unavailable,      // the directory can't be read
};

enum class SenderError {
  not_yours,    // an address of somebody else
  unavailable,  // the directory can't be read
};

/// Where the installation cuts off an address' detail; nothing when it has none.
[[nodiscard]] std::optional<char> delimiter_of(const std::string& configured) noexcept;

/// As the directory names it: the local part without its quotes.
[[nodiscard]] std::string address_of(const smtp::Mailbox& mailbox);

/// Where an accepted recipient leads: one of the two is never empty.
struct Destinations {
  std::vector<smtp::Mailbox> here;       // for deliveryd
  std::vector<smtp::Mailbox> elsewhere;  // for the queue: other domains, and addresses of ours with a route
  bool operator==(const Destinations&) const = default;
};

/// Where mail to `mailbox` goes. Aliases that lead elsewhere are followed here; the others are deliveryd's to
/// follow. A route for exactly this address takes its mail; a route of the domain takes what nobody here is named.
/// `authenticated` clients may write to anybody.
[[nodiscard]] std::expected<Destinations, RecipientError> find_destinations(const auth::Directory& directory,
                                                                            const smtp::Mailbox& mailbox,
                                                                            std::optional<char> delimiter,
                                                                            bool authenticated);

/// Whom a message to `mailbox` reaches by what the directory says at this moment: the targets of an alias that
/// leads elsewhere, itself otherwise.
[[nodiscard]] std::vector<smtp::Mailbox> targets_of(const auth::Directory& directory, const smtp::Mailbox& mailbox,
                                                    std::optional<char> delimiter);

/// Whether `user` may send from `reverse_path`. The null path is everybody's: notifications of having read a
/// message have it (RFC 8098 §3).
[[nodiscard]] std::expected<void, SenderError> check_sender(const auth::Directory& directory, UserId user,
                                                            const smtp::ReversePath& reverse_path,
                                                            std::optional<char> delimiter);

/// Whom mail from `reverse_path` is counted for where senders have shares: the same for every detail and every case
/// of an address. Notifications are one sender's.
[[nodiscard]] std::string share_holder(const smtp::ReversePath& reverse_path, std::optional<char> delimiter);

/// The domain whose postmaster answers to "<Postmaster>" (RFC 5321 §4.5.1): the host's own name or the nearest
/// domain above it that is ours, or else the first of ours. Nothing when there is none. Walks the domains: not on
/// a loop.
[[nodiscard]] std::optional<std::string> postmaster_domain(const auth::Directory& directory,
                                                           std::string_view hostname);

}  // namespace posthaste::smtpd
