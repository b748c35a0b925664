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

net::Task<std::expected<const Content*, SevenBitForm::Error>> SevenBitForm::get(std::string host) {
  if (content_) co_return &*content_;
  if (impossible_) co_return std::unexpected(Error::impossible);
  const auto octets = message_.content.octets();
  if (!place_) place_.emplace(room_, RoomHolder{std::move(host), message_.sender}, octets + octets / 2);
  lacks_room_ = !place_->try_take();
  if (lacks_room_) co_return std::unexpected(Error::no_room);
  auto work = [this] { return convert(message_.content); };
  auto converted = co_await world_.io.run(world_.loop, work);
  if (!converted) {
    impossible_ = true;
    place_.reset();
    co_return std::unexpected(Error::impossible);
  }
  content_ = content_of(std::move(*converted));
  log_.info("relay.converted",
            {{"trace", message_.trace_id}, {"octets", octets}, {"octets_sent", content_->octets()}});
  co_return &*content_;
}

net::Task<bool> SevenBitForm::wait_for_room() {
  lacks_room_ = false;
  if (!place_) co_return true;  // nobody has asked for room yet
  co_return co_await place_->take();
}

}  // namespace posthaste::relay
