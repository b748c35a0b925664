#include "smtpd/next_hop.h"

#include <utility>

#include "common/base/octets.h"
#include "smtpd/recipients.h"

namespace posthaste::smtpd {
namespace {

using Found = std::expected<NextHop, auth::DirectoryError>;

relay::Tls tls_of(auth::Route::Tls tls) {
  switch (tls) {
    case auth::Route::Tls::opportunistic: return relay::Tls::opportunistic;
    case auth::Route::Tls::required: return relay::Tls::required;
    case auth::Route::Tls::none: return relay::Tls::none;
    case auth::Route::Tls::implicit: return relay::Tls::implicit;
  }
  std::unreachable();
}

NextHop along(auth::Route route) {
  const bool lmtp = route.protocol == auth::Route::Protocol::lmtp;
  relay::FixedHost host{.protocol = lmtp ? relay::FixedHost::Protocol::lmtp : relay::FixedHost::Protocol::smtp,
                        .host = std::move(route.host),
                        .port = route.port,
                        .tls = tls_of(route.tls),
                        .user = std::move(route.user),
                        .password = std::move(route.password)};
  return relay::Destination{std::move(host)};
}

}  // namespace

std::string to_string(const NextHop& hop) {
  const auto* destination = std::get_if<relay::Destination>(&hop);
  return destination == nullptr ? "mailboxes" : relay::to_string(*destination);
}

Found next_hop(const auth::Directory& directory, const smtp::Mailbox& mailbox, std::optional<char> delimiter) {
  auto destinations = find_destinations(directory, mailbox, delimiter, true);
  const bool ours =
      destinations ? !destinations->here.empty() : destinations.error() != RecipientError::unavailable;
  // Who is unknown by now is for deliveryd to refuse, as it refuses whom it does not know.
  if (ours) return OurMailboxes{};
  if (!destinations) return std::unexpected(auth::DirectoryError::io);
  auto route = directory.find_route(address_of(mailbox), delimiter);
  if (!route) return std::unexpected(route.error());
  if (*route) return along(std::move(**route));
  route = directory.default_route();
  if (!route) return std::unexpected(route.error());
  if (*route) return along(std::move(**route));
  return relay::Destination{lower(mailbox.domain)};
}

}  // namespace posthaste::smtpd
