#include "smtpd/relay/delivery.h"

#include <utility>

#include "common/net/network.h"

namespace posthaste::relay {

std::string to_string(const Destination& destination) {
  if (const auto* domain = std::get_if<std::string>(&destination.target)) return *domain;
  const auto& fixed = std::get<FixedHost>(destination.target);
  const std::string protocol = fixed.protocol == FixedHost::Protocol::lmtp ? "lmtp:" : "smtp:";
  return protocol + net::to_string({fixed.host, fixed.port});
}

std::uint64_t Content::octets() const noexcept {
  std::uint64_t sum = 0;
  for (const auto piece : pieces) sum += piece.size();
  return sum;
}

bool is_final(Result result) noexcept {
  switch (result) {
    case Result::not_tried:
    case Result::deferred: return false;
    case Result::failed:
    case Result::relayed:
    case Result::delivered: return true;
  }
  std::unreachable();
}

std::string_view name_of(Result result) noexcept {
  switch (result) {
    case Result::not_tried: return "not_tried";
    case Result::deferred: return "deferred";
    case Result::failed: return "failed";
    case Result::relayed: return "relayed";
    case Result::delivered: return "delivered";
  }
  std::unreachable();
}

}  // namespace posthaste::relay
