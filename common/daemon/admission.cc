#include "common/daemon/admission.h"

namespace posthaste::daemon {
namespace {

bool take_one(std::atomic<std::size_t>& taken, std::size_t max) noexcept {
  if (taken.fetch_add(1, std::memory_order_relaxed) < max) return true;
  taken.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

}  // namespace

std::string_view name_of(TurnedAway reason) noexcept {
  switch (reason) {
    case TurnedAway::port_full: return "port_full";
    case TurnedAway::strangers_full: return "strangers_full";
    case TurnedAway::address_full: return "address_full";
    case TurnedAway::network_full: return "network_full";
  }
  std::unreachable();
}

std::expected<Admission::Place, TurnedAway> Admission::enter(std::string_view address, net::Instant now) {
  const Client client = clients_.identify(address);
  if (!take_one(taken_, connections_max_)) return std::unexpected(TurnedAway::port_full);
  Place place{*this, client};
  if (const auto admitted = admit_stranger(place, now); !admitted) return std::unexpected(admitted.error());
  return place;
}

std::expected<void, TurnedAway> Admission::admit_stranger(Place& place, net::Instant now) noexcept {
  const auto& client = place.client_;
  if (client.trusted) return {};
  const auto& config = clients_.config();
  place.address_ = clients_.connections().of(clients_.at_port(client.address, port_));
  if (!place.address_.take(1, config.connections_per_address_max)) return std::unexpected(TurnedAway::address_full);
  place.network_ = clients_.connections().of(clients_.at_port(client.network, port_));
  if (!place.network_.take(1, config.connections_per_network_max)) return std::unexpected(TurnedAway::network_full);
  if (strangers_max_ < connections_max_ && clients_.is_known(client, now)) return {};
  place.stranger_ = take_one(strangers_, strangers_max_);
  if (!place.stranger_) return std::unexpected(TurnedAway::strangers_full);
  return {};
}

void Admission::Place::leave_strangers() noexcept {
  if (std::exchange(stranger_, false)) admission_->strangers_.fetch_sub(1, std::memory_order_relaxed);
  address_.give_back();
  network_.give_back();
}

void Admission::Place::log_in(net::Instant now) noexcept {
  if (admission_ == nullptr) return;
  leave_strangers();
  admission_->clients_.note_login(client_, now);
}

bool Admission::Place::log_out(net::Instant now) noexcept {
  if (admission_ == nullptr) return true;
  return admission_->admit_stranger(*this, now).has_value();
}

Admission::Place::~Place() {
  if (admission_ == nullptr) return;
  leave_strangers();
  admission_->taken_.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace posthaste::daemon
