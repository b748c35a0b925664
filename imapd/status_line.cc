#include "imapd/status_line.h"

#include <algorithm>
#include <utility>

#include "common/imap/writer.h"
#include "imapd/object_id.h"

namespace posthaste::imapd {
namespace {

std::uint64_t number_of(imap::StatusItem item, const store::MailboxInfo& info, std::uint64_t message_max_octets) {
  using enum imap::StatusItem;
  switch (item) {
    case messages: return info.messages;
    case recent: return 0;  // no message is \Recent here
    case uid_next: return number(info.uid_next);
    case uid_validity: return number(info.uid_validity);
    case unseen: return info.unseen;
    case deleted: return info.deleted;
    case size: return info.octets;
    case append_limit: return message_max_octets;
    case highest_mod_seq: return number(info.highest_modseq);
    case mailbox_id: break;  // no number
  }
  std::unreachable();
}

}  // namespace

bool can_answer(const std::vector<imap::StatusItem>& items) {
  return std::ranges::count(items, imap::StatusItem::highest_mod_seq) == 0;
}

void append_status(std::string& out, const store::MailboxInfo& info, const std::vector<imap::StatusItem>& items,
                   std::uint64_t message_max_octets) {
  imap::ResponseWriter writer{out};
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
      writer.number(number_of(item, info, message_max_octets));
    }
  }
  writer.raw(")\r\n");
}

}  // namespace posthaste::imapd
