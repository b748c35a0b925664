// Any octets as a request of the store socket: the first is the attachment's share of the rest. What is taken is
// sent on, and taken again.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "common/wire/codec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace mailbox = posthaste::mailbox;
  namespace wire = posthaste::wire;
  if (size == 0) return 0;
  const std::string octets(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t attached = octets.size() * data[0] / 255;
  const wire::Summarize no_summary = [](std::string_view) { return mailbox::Summary{}; };
  const auto request = wire::decode_request(
      {octets.substr(0, octets.size() - attached), octets.substr(octets.size() - attached)}, no_summary);
  if (!request) return 0;
  const auto frame = wire::encode(*request);
  if (!frame) std::abort();
  wire::Frame again{frame->message, {}};
  for (const auto& blob : frame->attachments) again.attachment += blob->octets();
  const auto repeated = wire::decode_request(std::move(again), no_summary);
  if (!repeated || repeated->index() != request->index()) std::abort();
  const auto sent_again = wire::encode(*repeated);
  if (!sent_again || sent_again->message != frame->message) std::abort();
  return 0;
}
