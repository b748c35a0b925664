#include "smtpd/recipients.h"

#include <utility>
#include <variant>

namespace posthaste::smtpd {
namespace {

using Checked = std::expected<void, RecipientError>;

RecipientError error_of(auth::DirectoryError error) noexcept {
  const bool aliases = error == auth::DirectoryError::alias_loop || error == auth::DirectoryError::too_many;
  return aliases ? RecipientError::bad_aliases : RecipientError::unavailable;
}

}  // namespace

std::optional<char> delimiter_of(const std::string& configured) noexcept {
  if (configured.empty()) return std::nullopt;
  return configured.front();
}

std::string address_of(const smtp::Mailbox& mailbox) { return mailbox.local_part + "@" + mailbox.domain; }

Checked check_recipient(const auth::Directory& directory, const smtp::Mailbox& mailbox,
                        std::optional<char> delimiter, bool authenticated) {
  const auto resolution = directory.resolve(address_of(mailbox), delimiter);
  if (!resolution) return std::unexpected(error_of(resolution.error()));
  if (std::holds_alternative<auth::UnknownUser>(*resolution)) return std::unexpected(RecipientError::unknown);
  if (std::holds_alternative<auth::NotOurDomain>(*resolution)) {
    return std::unexpected(authenticated ? RecipientError::not_relayed : RecipientError::relaying_denied);
  }
  if (!std::get<auth::Recipients>(*resolution).elsewhere.empty()) {
    return std::unexpected(RecipientError::not_relayed);
  }
  return {};
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
