#include "common/reading/header_walk.h"

#include "common/mime/date.h"
#include "common/mime/header.h"
#include "common/reading/limits.h"
#include "common/reading/message_reader.h"

namespace posthaste::reading {
namespace {

constexpr std::size_t kRowsAtOnce = 1'024;

}  // namespace

std::expected<void, mailbox::StoreError> HeaderWalk::step(const Visit& visit) {
  auto first_uncached = visit_cached(visit);
  if (!first_uncached) return std::unexpected(first_uncached.error());
  if (!*first_uncached) return {};
  const auto& [message, blob] = **first_uncached;
  MessageReader reader{store_, user_, blob};
  ++visited_;
  visit(message, reader.header().value_or(std::string_view{}));
  return {};
}

std::expected<std::optional<HeaderWalk::Uncached>, mailbox::StoreError> HeaderWalk::visit_cached(
    const Visit& visit) {
  auto snapshot = store_.read(user_);
  if (!snapshot) return std::unexpected(snapshot.error());
  auto messages = walk_.next(*snapshot, mailbox_, kRowsAtOnce);
  if (!messages) return std::unexpected(messages.error());
  mailbox::HeaderCaches headers{*snapshot, *messages};
  std::uint64_t octets = 0;
  for (std::size_t i = 0; i < messages->size(); ++i) {
    const mailbox::Message& message = (*messages)[i];
    if (octets * keys_ > kHeaderOctetsAtOnce) {
      walk_.go_on_from(message.uid);
      break;
    }
    const auto& header = headers.at(i);
    if (!header || header->empty()) {
      if (i + 1 < messages->size()) walk_.go_on_from((*messages)[i + 1].uid);
      return Uncached{message, snapshot->find_blob(message).value_or(mailbox::Blob{})};
    }
    octets += header->size();
    ++visited_;
    visit(message, *header);
  }
  return std::nullopt;
}

std::chrono::sys_seconds sent_date(const mailbox::Message& message, std::string_view header) {
  const auto field = mime::find_value(header, "Date");
  const auto date = field ? mime::parse_date_time(*field) : std::nullopt;
  return date ? date->time : message.internal_date.at;
}

}  // namespace posthaste::reading
