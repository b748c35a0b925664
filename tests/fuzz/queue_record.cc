// Any octets as a record of the queue and as a recipient's row: nothing wrong is taken, and what is taken encodes
// as it was.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>

#include "common/base/octet_codec.h"
#include "smtpd/queue/envelope.h"
#include "smtpd/queue/record.h"

namespace {

namespace queue = posthaste::queue;

std::string encode(const queue::Record& record) {
  std::string body;
  if (const auto* entry = std::get_if<queue::EntryRecord>(&record)) {
    const queue::SharedOctets message{nullptr, entry->message};
    queue::encode_entry(entry->id, entry->envelope, entry->recipients, {&message, 1}, body);
  }
  if (const auto* update = std::get_if<queue::UpdateRecord>(&record)) {
    queue::encode_update(update->id, update->changes, body);
  }
  if (const auto* remove = std::get_if<queue::RemoveRecord>(&record)) queue::encode_remove(remove->id, body);
  return body;
}

bool has_mark(std::string_view entry) {
  posthaste::OctetReader reader(entry);
  static_cast<void>(reader.take<queue::EntryId>());
  return reader.take<std::uint32_t>() == queue::kEnvelopeMark;
}

void check_body(std::string_view input) {
  if (input.empty()) return;
  const auto type = static_cast<std::uint8_t>(input.front());
  const auto record = queue::decode_body(type, input.substr(1));
  if (!record) return;
  if (record->index() + 1 != type) std::abort();
  const std::string body = encode(*record);
  if (body == input.substr(1)) return;
  // An envelope of format 1 is written again as one of today's, which says the same.
  if (!std::holds_alternative<queue::EntryRecord>(*record) || has_mark(input.substr(1))) std::abort();
  if (queue::decode_body(type, body) != record) std::abort();
}

void check_recipient(std::string_view input) {
  posthaste::OctetReader front_reader(input);
  const auto front = queue::take_status_front(front_reader);
  posthaste::OctetReader reader(input);
  const auto recipient = queue::take_recipient(reader);
  if (!reader.done()) return;
  std::string row;
  posthaste::OctetWriter writer(row);
  queue::put_recipient(writer, recipient);
  if (row != input) std::abort();
  const auto& status = recipient.status;
  if (front.fate != status.fate || front.held != status.held || front.next_attempt != status.next_attempt) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  check_body(input);
  check_recipient(input);
  return 0;
}
