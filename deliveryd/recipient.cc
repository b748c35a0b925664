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

/// Whether a user has room; one whom the store has not met has.
bool has_room(const std::optional<mailbox::UserInfo>& user, std::uint64_t octets) {
  if (!user) return true;
  const auto& limits = user->limits;
  const std::uint64_t used = user->used_octets;
  if (limits.octets && (used > *limits.octets || octets > *limits.octets - used)) return false;
  return !limits.messages || user->used_messages < *limits.messages;
}

}  // namespace

net::Task<Found> find_recipient(const Resources& resources, smtp::ForwardPath path,
                                std::optional<std::uint64_t> octets) {
  auto resolution = look_up(resources, path);
  if (!resolution) co_return std::unexpected(error_of(resolution.error()));
  if (std::holds_alternative<auth::UnknownUser>(*resolution))
    co_return std::unexpected(RecipientError::unknown_user);
  if (std::holds_alternative<auth::NotOurDomain>(*resolution)) {
    co_return std::unexpected(RecipientError::not_our_domain);
  }
  auto& recipients = std::get<auth::Recipients>(*resolution);
  if (!recipients.elsewhere.empty() || recipients.users.empty()) {
    co_return std::unexpected(RecipientError::leads_elsewhere);
  }
  const auto find_user = [](const mailbox::Snapshot& snapshot) { return snapshot.user(); };
  auto refusal = RecipientError::over_quota;
  for (const auth::LocalUser& user : recipients.users) {
    const net::World& world = resources.world;
    const auto info = co_await resources.store.look(world.loop, world.io, user.id, find_user);
    if (info && has_room(*info, octets.value_or(1))) co_return std::move(recipients.users);
    refusal = info ? RecipientError::over_quota : RecipientError::store_unavailable;
  }
  co_return std::unexpected(refusal);
}

}  // namespace posthaste::deliveryd
