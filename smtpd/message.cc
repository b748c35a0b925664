#include "smtpd/message.h"

#include <algorithm>

#include "common/base/date.h"
#include "common/base/octets.h"
#include "common/mime/header.h"

namespace posthaste::smtpd {
namespace {

constexpr std::size_t kBudgetStepOctets = 65'536;      // what is taken from the budget at once
constexpr std::uint64_t kSetAsideMaxOctets = 262'144;  // on the client's word alone

}  // namespace

IncomingMessage::IncomingMessage(daemon::MemoryBudget& budget, std::uint64_t max_octets,
                                 std::uint64_t announced_octets)
    : memory_(budget), max_octets_(max_octets) {
  const auto expected = static_cast<std::size_t>(std::min({announced_octets, max_octets, kSetAsideMaxOctets}));
  if (make_room(expected)) octets_.reserve(expected);
}

bool IncomingMessage::make_room(std::size_t octets) {
  const std::size_t needed = octets_.size() + octets;
  return memory_.grow_to((needed + kBudgetStepOctets - 1) / kBudgetStepOctets * kBudgetStepOctets);
}

void IncomingMessage::refuse(MessageRefusal refusal) {
  if (!refusal_) refusal_ = refusal;
  octets_ = std::string{};
  memory_.give_back();
}

smtp::DataProgress IncomingMessage::feed(smtp::DataReader& reader, std::string_view piece) {
  if (!refusal_ && !make_room(piece.size())) refuse(MessageRefusal::no_memory);
  const auto progress = reader.feed(piece, octets_);
  if (reader.too_large()) refuse(MessageRefusal::too_large);
  if (refusal_) octets_.clear();
  return progress;
}

void IncomingMessage::append(std::string_view piece) {
  if (refusal_) return;
  if (piece.size() > max_octets_ - octets_.size()) return refuse(MessageRefusal::too_large);
  if (!make_room(piece.size())) return refuse(MessageRefusal::no_memory);
  octets_ += piece;
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
