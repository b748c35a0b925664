#include "imapd/answers/status_line.h"

#include <algorithm>
#include <utility>

#include "common/imap/writer.h"
#include "common/reading/row_walk.h"
#include "imapd/answers/object_id.h"

namespace posthaste::imapd {
namespace {

constexpr std::size_t kRowsAtOnce = 16'384;

std::uint64_t number_of(imap::StatusItem item, const mailbox::MailboxInfo& info, const StatusContext& context) {
  using enum imap::StatusItem;
  switch (item) {
    case messages: return info.messages;
    case recent: return context.recent;
    case uid_next: return number(info.uid_next);
    case uid_validity: return number(info.uid_validity);
    case unseen: return info.unseen;
    case deleted: return info.deleted;
    case size: return info.octets;
    case deleted_storage: return context.deleted_octets;
    case append_limit: return context.message_max_octets;
    case highest_mod_seq: return number(info.highest_modseq);
    case mailbox_id: break;  // no number
  }
  std::unreachable();
}

}  // namespace

bool wants_deleted_octets(const std::vector<imap::StatusItem>& items, const mailbox::MailboxInfo& info) {
  return info.deleted > 0 && std::ranges::count(items, imap::StatusItem::deleted_storage) > 0;
}

std::expected<std::uint64_t, mailbox::StoreError> deleted_octets(const mailbox::Reader& store, UserId user,
                                                                 const mailbox::MailboxInfo& info) {
  reading::RowWalk walk{{mailbox::kAllUids}};
  std::uint64_t octets = 0;
  while (!walk.done()) {
    auto snapshot = store.read(user);
    if (!snapshot) return std::unexpected(snapshot.error());
    const auto messages = walk.next(*snapshot, info.id, kRowsAtOnce);
    if (!messages) return std::unexpected(messages.error());
    for (const mailbox::Message& message : *messages) {
      if (message.flags.contains(mailbox::SystemFlag::deleted)) octets += message.octets;
    }
  }
  return octets;
}

void append_status(std::string& out, const mailbox::MailboxInfo& info, const std::vector<imap::StatusItem>& items,
                   const StatusContext& context) {
  imap::ResponseWriter writer{out, context.encoding};
  writer.raw("* STATUS ");
  writer.mailbox(info.name);
  writer.raw(" (");
  bool first = true;
  for (const imap::StatusItem item : items) {
    if (!std::exchange(first, false)) writer.space();
    writer.raw(imap::name_of(item));
    writer.space();
    if (item == imap::StatusItem::mailbox_id) {
      writer.raw("(" + object_id(info.id) + ")");
    } else {
      writer.number(number_of(item, info, context));
    }
  }
  writer.raw(")\r\n");
}

}  // namespace posthaste::imapd
