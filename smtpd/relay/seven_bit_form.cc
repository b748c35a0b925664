#include "smtpd/relay/seven_bit_form.h"

#include <memory>
#include <string>
#include <utility>

#include "common/mime/seven_bit.h"

namespace posthaste::relay {
namespace {

std::optional<std::string> convert(const Content& content) {
  if (content.pieces.size() == 1) return mime::to_seven_bit(content.pieces.front());
  std::string whole;
  whole.reserve(content.octets());
  for (const auto piece : content.pieces) whole.append(piece);
  return mime::to_seven_bit(whole);
}

Content content_of(std::string octets) {
  auto owner = std::make_shared<const std::string>(std::move(octets));
  Content content;
  content.pieces.emplace_back(*owner);
  content.owner = std::move(owner);
  return content;
}

}  // namespace

net::Task<std::expected<const Content*, SevenBitForm::Error>> SevenBitForm::get() {
  if (content_) co_return &*content_;
  if (impossible_) co_return std::unexpected(Error::impossible);
  if (!take_room()) co_return std::unexpected(Error::no_room);
  auto work = [this] { return convert(message_.content); };
  auto converted = co_await world_.io.run(world_.loop, work);
  if (!converted) {
    impossible_ = true;
    leave_room();
    co_return std::unexpected(Error::impossible);
  }
  content_ = content_of(std::move(*converted));
  log_.info(
      "relay.converted",
      {{"trace", message_.trace_id}, {"octets", message_.content.octets()}, {"octets_sent", content_->octets()}});
  co_return &*content_;
}

/// For the message and half of it more. One alone always has room.
bool SevenBitForm::take_room() {
  const auto octets = message_.content.octets();
  const auto needed = octets + octets / 2;
  if (room_.octets_in_use != 0 && room_.octets_in_use + needed > kConversionRoomOctets) return false;
  octets_taken_ = needed;
  room_.octets_in_use += needed;
  return true;
}

void SevenBitForm::leave_room() { room_.octets_in_use -= std::exchange(octets_taken_, 0); }

}  // namespace posthaste::relay
