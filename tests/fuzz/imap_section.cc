// The first line is FETCH's items, the rest a message: every section lies inside it.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "common/imap/section.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using posthaste::imap::FetchBinary, posthaste::imap::FetchBody;
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  const auto cut = octets.find('\n');
  const auto items = posthaste::imap::parse_fetch_items(octets.substr(0, cut));
  if (!items) return 0;
  const auto message = cut == std::string_view::npos ? std::string_view{} : octets.substr(cut + 1);
  const auto root = posthaste::mime::parse_structure(message);
  for (const auto& item : *items) {
    if (posthaste::imap::response_name(item).empty()) std::abort();
    if (const auto* binary = std::get_if<FetchBinary>(&item)) {
      const auto part = posthaste::imap::encoded_part(root, binary->parts);
      if (part && part->place.end() > message.size()) std::abort();
    }
    const auto* body = std::get_if<FetchBody>(&item);
    if (body == nullptr) continue;
    const auto section = posthaste::imap::cut_section(message, root, body->section, body->partial);
    if (!section) continue;
    const auto found = posthaste::imap::view_of(*section);
    if (found.size() > message.size()) std::abort();
    if (body->partial && found.size() > body->partial->octets) std::abort();
  }
  return 0;
}
