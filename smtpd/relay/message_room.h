// Memory for messages on their way: so much in all, so much for each destination and each sender, in turn.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <string>

#include "common/net/event.h"
#include "common/net/task.h"

namespace posthaste::relay {

/// Whom a message is counted for.
struct RoomHolder {
  std::string destination;
  std::string sender;
};

/// A destination or a sender holds a quarter of the room at most: a host that is slow leaves room for what goes
/// elsewhere, and who writes much leaves room for others. A message counts as a quarter at most, so four have room
/// at once however large they are. Lives on one loop.
class MessageRoom {
 public:
  explicit MessageRoom(std::uint64_t octets_max) : octets_max_(octets_max) {}
  MessageRoom(const MessageRoom&) = delete;
  MessageRoom& operator=(const MessageRoom&) = delete;

  class Place;

  /// Nobody waits any more, and nobody gets a place.
  void stop();
  [[nodiscard]] std::uint64_t octets_in_use() const noexcept { return octets_in_use_; }

 private:
  static constexpr std::uint64_t kShares = 4;

  struct Share {
    std::uint64_t octets = 0;
    std::size_t places = 0;  // taken or not
  };
  using Shares = std::map<std::string, Share>;

  [[nodiscard]] std::uint64_t share_max() const noexcept { return octets_max_ / kShares; }
  [[nodiscard]] bool has_share(const Place& place) const noexcept;
  [[nodiscard]] std::list<Place*>::iterator next_in_turn();
  void admit();

  const std::uint64_t octets_max_;
  std::uint64_t octets_in_use_ = 0;
  Shares destinations_;
  Shares senders_;
  std::list<Place*> waiting_;  // in the order of asking
  bool stopped_ = false;
};

/// For one message. Given back when it goes, which is before the room goes, and not while somebody waits for it.
class MessageRoom::Place {
 public:
  Place(MessageRoom& room, const RoomHolder& holder, std::uint64_t octets);
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place();

  /// False when it is not free at once, or others are before it.
  [[nodiscard]] bool try_take();
  /// Waits for it. Of those whose shares have room, the sender who holds least is next, then who asked first. False
  /// after stop().
  net::Task<bool> take();
  void give_back();

 private:
  friend class MessageRoom;

  MessageRoom& room_;
  const std::uint64_t octets_;  // that it counts as
  const Shares::iterator destination_;
  const Shares::iterator sender_;
  bool taken_ = false;
  net::Event changed_;
};

}  // namespace posthaste::relay
