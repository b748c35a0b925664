#include "smtpd/recipients.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <variant>

#include "common/auth/address.h"
#include "common/base/octets.h"

namespace posthaste::smtpd {
namespace {

using Found = std::expected<Destinations, RecipientError>;

RecipientError error_of(auth::DirectoryError error) noexcept {
  const bool aliases = error == auth::DirectoryError::alias_loop || error == auth::DirectoryError::too_many;
  return aliases ? RecipientError::bad_aliases : RecipientError::unavailable;
}

/// Whether a route's target is an address, not a whole domain.
bool is_address(std::string_view target) noexcept { return target.find('@') != std::string_view::npos; }

/// An alias' target or a user's address, as the directory names it: with an unquoted local part.
smtp::Mailbox mailbox_at(std::string_view address, std::string_view detail, std::optional<char> delimiter) {
  const std::size_t at = address.rfind('@');
  smtp::Mailbox mailbox{std::string{address.substr(0, at)}, std::string{address.substr(at + 1)}};
  if (delimiter && !detail.empty()) mailbox.local_part.append(1, *delimiter).append(detail);
  return mailbox;
}

Destinations follow(const auth::Recipients& recipients, const smtp::Mailbox& mailbox,
                    std::optional<char> delimiter) {
  if (recipients.elsewhere.empty()) return {{mailbox}, {}};
  Destinations destinations;
  for (const auto& user : recipients.users) {
    destinations.here.push_back(mailbox_at(user.address, user.detail, delimiter));
  }
  for (const auto& address : recipients.elsewhere) {
    destinations.elsewhere.push_back(mailbox_at(address, {}, std::nullopt));
  }
  return destinations;
}

}  // namespace

std::optional<char> delimiter_of(const std::string& configured) noexcept {
  if (configured.empty()) return std::nullopt;
  return configured.front();
}

std::string address_of(const smtp::Mailbox& mailbox) { return mailbox.local_part + "@" + mailbox.domain; }

Found find_destinations(const auth::Directory& directory, const smtp::Mailbox& mailbox,
                        std::optional<char> delimiter, bool authenticated) {
  const std::string address = address_of(mailbox);
  const auto resolution = directory.resolve(address, delimiter);
  if (!resolution) return std::unexpected(error_of(resolution.error()));
  if (std::holds_alternative<auth::NotOurDomain>(*resolution)) {
    if (!authenticated) return std::unexpected(RecipientError::relaying_denied);
    return Destinations{{}, {mailbox}};
  }
  const auto route = directory.find_route(address, delimiter);
  if (!route) return std::unexpected(RecipientError::unavailable);
  const auto* known = std::get_if<auth::Recipients>(&*resolution);
  const bool routed = *route && (known == nullptr || is_address((*route)->target));
  if (routed) return Destinations{{}, {mailbox}};
  if (known == nullptr) return std::unexpected(RecipientError::unknown);
  return follow(*known, mailbox, delimiter);
}

std::vector<smtp::Mailbox> targets_of(const auth::Directory& directory, const smtp::Mailbox& mailbox,
                                      std::optional<char> delimiter) {
  auto destinations = find_destinations(directory, mailbox, delimiter, true);
  if (!destinations) return {mailbox};
  auto targets = std::move(destinations->here);
  std::ranges::move(destinations->elsewhere, std::back_inserter(targets));
  return targets;
}

std::expected<void, SenderError> check_sender(const auth::Directory& directory, UserId user,
                                              const smtp::ReversePath& reverse_path,
                                              std::optional<char> delimiter) {
  if (!reverse_path) return {};
  const auto may = directory.may_send_as(user, address_of(*reverse_path), delimiter);
  if (!may) return std::unexpected(SenderError::unavailable);
  if (!*may) return std::unexpected(SenderError::not_yours);
  return {};
}

std::string share_holder(const smtp::ReversePath& reverse_path, std::optional<char> delimiter) {
  if (!reverse_path) return {};
  const auto user = auth::split_subaddress(reverse_path->local_part, delimiter).user;
  return auth::fold_address(std::string{user} + "@" + reverse_path->domain);
}

std::optional<std::string> postmaster_domain(const auth::Directory& directory, std::string_view hostname) {
  for (std::string_view name = hostname; !name.empty();) {
    const auto ours = directory.is_our_domain(name);
    if (ours && *ours) return std::string{name};
    const std::size_t dot = name.find('.');
    name.remove_prefix(dot == std::string_view::npos ? name.size() : dot + 1);
  }
  const auto domains = directory.list_domains();
  if (!domains || domains->empty()) return std::nullopt;
  return domains->front();
}

}  // namespace posthaste::smtpd
