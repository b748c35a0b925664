#include "deliveryd/recipient.h"

#include <utility>
#include <variant>

namespace posthaste::deliveryd {
namespace {

using Found = std::expected<std::vector<auth::LocalUser>, RecipientError>;

std::optional<char> delimiter_of(const config::Config& config) {
  const std::string& delimiter = config.delivery.recipient_delimiter;
  return delimiter.empty() ? std::nullopt : std::optional{delimiter.front()};
}

RecipientError error_of(auth::DirectoryError error) noexcept {
  const bool aliases = error == auth::DirectoryError::alias_loop || error == auth::DirectoryError::too_many;
  return aliases ? RecipientError::bad_aliases : RecipientError::directory_unavailable;
}

RecipientError error_of(mailbox::StoreError error) noexcept {
  return error == mailbox::StoreError::over_quota ? RecipientError::over_quota : RecipientError::store_unavailable;
}

std::expected<auth::Resolution, auth::DirectoryError> look_up(const Resources& resources,
                                                              const smtp::ForwardPath& path) {
  const auto& directory = resources.directory;
  const smtp::Mailbox mailbox = smtp::mailbox_of(path, resources.config.hostname);
  const auto delimiter = delimiter_of(resources.config);
  auto resolution = directory.resolve(mailbox.local_part + "@" + mailbox.domain, delimiter);
  const bool astray = resolution && std::holds_alternative<auth::NotOurDomain>(*resolution);
  if (!astray || !std::holds_alternative<smtp::LocalPostmaster>(path)) return resolution;
  const auto domains = directory.list_domains();
  if (!domains || domains->empty()) return resolution;
  return directory.resolve("postmaster@" + domains->front(), delimiter);
}

/// Nothing when the user has room, or no mailbox yet.
std::optional<mailbox::StoreError> refusal_of(const Resources& resources, const auth::LocalUser& user,
                                              std::uint64_t octets) {
  const auto snapshot = resources.store.read(user.id);
  if (!snapshot) return snapshot.error();
  const auto info = snapshot->user();
  if (!info) return info.error();
  if (!*info) return std::nullopt;
  const std::uint64_t used_octets = (*info)->used_octets;
  const auto& limits = (*info)->limits;
  const bool over = (limits.octets && (used_octets > *limits.octets || octets > *limits.octets - used_octets)) ||
                    (*info)->used_messages >= limits.messages.value_or((*info)->used_messages + 1);
  return over ? std::optional{mailbox::StoreError::over_quota} : std::nullopt;
}

}  // namespace

Found find_recipient(const Resources& resources, const smtp::ForwardPath& path,
                     std::optional<std::uint64_t> octets) {
  auto resolution = look_up(resources, path);
  if (!resolution) return std::unexpected(error_of(resolution.error()));
  if (std::holds_alternative<auth::UnknownUser>(*resolution)) return std::unexpected(RecipientError::unknown_user);
  if (std::holds_alternative<auth::NotOurDomain>(*resolution)) {
    return std::unexpected(RecipientError::not_our_domain);
  }
  auto& recipients = std::get<auth::Recipients>(*resolution);
  if (!recipients.elsewhere.empty() || recipients.users.empty()) {
    return std::unexpected(RecipientError::leads_elsewhere);
  }
  std::optional<mailbox::StoreError> refusal;
  for (const auth::LocalUser& user : recipients.users) {
    refusal = refusal_of(resources, user, octets.value_or(1));
    if (!refusal) return std::move(recipients.users);
  }
  return std::unexpected(error_of(*refusal));
}

}  // namespace posthaste::deliveryd
