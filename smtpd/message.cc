#include "smtpd/message.h"

#include <algorithm>

#include "common/base/date.h"
#include "common/base/octets.h"
#include "common/base/release.h"
#include "common/mime/header.h"

namespace posthaste::smtpd {
namespace {

MessageRefusal refusal_of(SpoolError error) noexcept {
  return error == SpoolError::full ? MessageRefusal::disk_full : MessageRefusal::spool_failed;
}

}  // namespace

IncomingMessage::IncomingMessage(net::World& world, const Spool& spool, Spool::Claim claim,
                                 MessageMemory::Share memory, std::uint64_t max_octets,
                                 std::uint64_t announced_octets)
    : world_(&world), spool_(&spool), claim_(claim), memory_(std::move(memory)), max_octets_(max_octets) {
  const auto expected =
      static_cast<std::size_t>(std::min<std::uint64_t>({announced_octets, max_octets, kMessageInMemoryMaxOctets}));
  if (memory_.grow_to(expected)) buffer_.reserve(expected);
}

/// Without memory the octets are on their way to the file.
void IncomingMessage::make_room(std::size_t octets) {
  if (!memory_.grow_to(buffer_.size() + octets)) memory_.give_back();
}

void IncomingMessage::refuse(MessageRefusal refusal) {
  if (!refusal_) refusal_ = refusal;
  release(buffer_);
  memory_.give_back();
  file_.reset();
}

smtp::DataProgress IncomingMessage::feed(smtp::DataReader& reader, std::string_view piece) {
  if (!refusal_) make_room(piece.size());
  const auto progress = reader.feed(piece, buffer_);
  if (reader.too_large()) refuse(MessageRefusal::too_large);
  if (refusal_) buffer_.clear();
  return progress;
}

void IncomingMessage::append(std::string_view piece) {
  if (refusal_) return;
  if (piece.size() > max_octets_ - octets_in_file_ - buffer_.size()) return refuse(MessageRefusal::too_large);
  make_room(piece.size());
  buffer_ += piece;
}

std::expected<void, SpoolError> IncomingMessage::write_out() {
  if (!file_) {
    auto created = spool_->create(claim_);
    if (!created) return std::unexpected(created.error());
    file_.emplace(std::move(*created));
  }
  return file_->append(buffer_);
}

net::Task<void> IncomingMessage::spill() {
  auto work = [this] { return write_out(); };
  const auto written = co_await world_->io.run(world_->loop, std::move(work));
  if (!written) co_return refuse(refusal_of(written.error()));
  octets_in_file_ += buffer_.size();
  buffer_.clear();
  if (memory_.octets() == 0) release(buffer_);
}

std::expected<MappedOctets, SpoolError> IncomingMessage::complete_file() {
  const auto written = file_->append(buffer_);
  if (!written) return std::unexpected(written.error());
  return file_->map();
}

net::Task<std::expected<std::shared_ptr<const MessageOctets>, MessageRefusal>> IncomingMessage::finish() {
  if (!refusal_ && buffer_.size() > memory_.octets()) co_await spill();
  if (refusal_) co_return std::unexpected(*refusal_);
  if (!file_) co_return std::make_shared<const MessageOctets>(std::move(buffer_), std::move(memory_));
  auto work = [this] { return complete_file(); };
  auto mapped = co_await world_->io.run(world_->loop, std::move(work));
  if (!mapped) refuse(refusal_of(mapped.error()));
  if (!mapped) co_return std::unexpected(*refusal_);
  co_return std::make_shared<const MessageOctets>(std::move(*mapped));
}

std::size_t received_fields(std::string_view message) {
  const auto header = mime::split_message(message).header;
  std::size_t count = 0;
  for (const auto& field : mime::Fields{header}) count += iequals(field.name, "Received") ? 1U : 0U;
  return count;
}

std::string missing_fields(std::string_view message, std::chrono::sys_seconds when, std::string_view trace_id,
                           std::string_view hostname) {
  const auto header = mime::split_message(message).header;
  std::string fields;
  if (!mime::find_field(header, "Date")) fields += "Date: " + rfc5322_date(when) + "\r\n";
  if (!mime::find_field(header, "Message-ID")) {
    fields.append("Message-ID: <").append(trace_id).append("@").append(hostname).append(">\r\n");
  }
  return fields;
}

}  // namespace posthaste::smtpd
