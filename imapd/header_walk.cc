#include "imapd/header_walk.h"

#include <string>

#include "common/mime/date.h"
#include "common/mime/header.h"
#include "imapd/message_reader.h"

namespace posthaste::imapd {
namespace {

constexpr std::size_t kRowsAtOnce = 512;

struct Row {
  store::Message message;
  std::string header;  // empty: to be read from `location`
  store::BlobLocation location;
};

std::expected<std::vector<Row>, store::StoreError> collect(const store::Store& store, UserId user,
                                                           MailboxId mailbox, RowWalk& walk) {
  auto snapshot = store.read(user);
  if (!snapshot) return std::unexpected(snapshot.error());
  auto messages = walk.next(*snapshot, mailbox, kRowsAtOnce);
  if (!messages) return std::unexpected(messages.error());
  std::vector<Row> rows;
  rows.reserve(messages->size());
  for (const store::Message& message : *messages) {
    Row row{message, {}, {}};
    auto summary = snapshot->summary(message.blob);
    if (summary) row.header = std::move(summary->header_cache);
    if (row.header.empty()) {
      const auto location = snapshot->locate(message.blob);
      if (location) row.location = *location;
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

std::expected<void, store::StoreError> HeaderWalk::step(const Visit& visit) {
  auto rows = collect(store_, user_, mailbox_, walk_);
  if (!rows) return std::unexpected(rows.error());
  for (const Row& row : *rows) {
    if (!row.header.empty()) {
      visit(row.message, row.header);
      continue;
    }
    MessageReader reader{store_, user_, row.location};
    visit(row.message, reader.header().value_or(std::string_view{}));
  }
  return {};
}

std::chrono::sys_seconds sent_date(const store::Message& message, std::string_view header) {
  const auto field = mime::find_value(header, "Date");
  const auto date = field ? mime::parse_date_time(*field) : std::nullopt;
  return date ? date->time : message.internal_date.at;
}

}  // namespace posthaste::imapd
