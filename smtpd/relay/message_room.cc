#include "smtpd/relay/message_room.h"

#include <algorithm>
#include <utility>

namespace posthaste::relay {

bool MessageRoom::has_share(const Place& place) const noexcept {
  const auto fits = [&](const Share& share) { return share.octets + place.octets_ <= share_max(); };
  return fits(place.destination_->second) && fits(place.sender_->second);
}

std::list<MessageRoom::Place*>::iterator MessageRoom::next_in_turn() {
  auto next = waiting_.end();
  for (auto each = waiting_.begin(); each != waiting_.end(); ++each) {
    if (!has_share(**each)) continue;
    const bool first = next == waiting_.end() || (*each)->sender_->second.octets < (*next)->sender_->second.octets;
    if (first) next = each;
  }
  return next;
}

/// Nobody passes the next one, who waits for no more than a quarter of the room.
void MessageRoom::admit() {
  while (!stopped_) {
    const auto next = next_in_turn();
    if (next == waiting_.end() || octets_in_use_ + (*next)->octets_ > octets_max_) return;
    auto& place = **next;
    waiting_.erase(next);
    octets_in_use_ += place.octets_;
    place.destination_->second.octets += place.octets_;
    place.sender_->second.octets += place.octets_;
    place.taken_ = true;
    place.changed_.notify_all();
  }
}

void MessageRoom::stop() {
  stopped_ = true;
  for (auto* place : std::exchange(waiting_, {})) place->changed_.notify_all();
}

MessageRoom::Place::Place(MessageRoom& room, const RoomHolder& holder, std::uint64_t octets)
    : room_(room),
      octets_(std::min(octets, room.share_max())),
      destination_(room.destinations_.try_emplace(holder.destination).first),
      sender_(room.senders_.try_emplace(holder.sender).first) {
  ++destination_->second.places;
  ++sender_->second.places;
}

MessageRoom::Place::~Place() {
  give_back();
  if (--destination_->second.places == 0) room_.destinations_.erase(destination_);
  if (--sender_->second.places == 0) room_.senders_.erase(sender_);
}

bool MessageRoom::Place::try_take() {
  if (taken_ || room_.stopped_) return taken_;
  if (!room_.has_share(*this) || room_.octets_in_use_ + octets_ > room_.octets_max_) return false;
  room_.waiting_.push_back(this);
  room_.admit();
  if (!taken_) room_.waiting_.remove(this);
  return taken_;
}

net::Task<bool> MessageRoom::Place::take() {
  if (taken_ || room_.stopped_) co_return taken_;
  room_.waiting_.push_back(this);
  room_.admit();
  while (!taken_ && !room_.stopped_) co_await changed_.wait();
  co_return taken_;
}

void MessageRoom::Place::give_back() {
  if (!std::exchange(taken_, false)) return;
  room_.octets_in_use_ -= octets_;
  destination_->second.octets -= octets_;
  sender_->second.octets -= octets_;
  room_.admit();
}

}  // namespace posthaste::relay
