#include "smtpd/recipient_verifier.h"

#include <utility>

namespace posthaste::smtpd {

bool RecipientVerifier::is_verified(const std::string& address) const {
  if (unanswered_ && is_recent(*unanswered_)) return true;
  for (const Verified* verified : {&younger_, &older_}) {
    const auto found = verified->find(address);
    if (found != verified->end() && is_recent(found->second)) return true;
  }
  return false;
}

void RecipientVerifier::remember(std::string address) {
  if (younger_.size() >= kVerifiedMax / 2) older_ = std::exchange(younger_, {});
  younger_.insert_or_assign(std::move(address), clock_.now());
}

net::Task<std::expected<void, Unverified>> RecipientVerifier::verify(std::string address,
                                                                     std::optional<std::uint64_t> octets) {
  const auto state = co_await store_.verify(address, octets);
  if (!state) {
    unanswered_ = clock_.now();
    co_return std::expected<void, Unverified>{};
  }
  switch (*state) {
    case wire::RecipientState::unknown: co_return std::unexpected(Unverified::unknown);
    case wire::RecipientState::over_quota: co_return std::unexpected(Unverified::over_quota);
    case wire::RecipientState::ok: remember(std::move(address)); break;
    case wire::RecipientState::unavailable: break;
  }
  co_return std::expected<void, Unverified>{};
}

}  // namespace posthaste::smtpd
