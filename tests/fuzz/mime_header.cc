// The fields and the empty line make up the header, and IMAP's two selections share its octets.
#include "common/mime/header.h"

#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "common/base/octets.h"
#include "common/mime/envelope.h"

namespace posthaste::mime {
namespace {

void check(std::string_view message) {
  const auto [header, body] = split_message(message);
  if (header.data() != message.data() || header.size() + body.size() != message.size()) std::abort();

  std::size_t octets = 0;
  for (const auto& field : Fields(header)) {
    if (field.raw.empty() || field.raw.data() != header.data() + octets) std::abort();
    if (!field.raw.ends_with(field.body) || !field.raw.starts_with(field.name)) std::abort();
    if (!field.name.empty() && !find_field(header, field.name)) std::abort();
    if (unfold(field.body).find('\n') != std::string::npos) std::abort();
    octets += field.raw.size();
  }
  const std::string_view rest = header.substr(octets);
  if (!rest.empty() && rest != "\n" && rest != "\r\n") std::abort();

  const std::array<std::string, 3> names = {"Subject", "To", "X"};
  const std::string selected = header_fields(header, names);
  const std::string others = header_fields_not(header, names);
  if (selected.size() + others.size() != header.size() + rest.size()) std::abort();
  if (!selected.ends_with(rest) || !others.ends_with(rest)) std::abort();
  if (header_fields_not(selected, names) != rest || header_fields(others, names) != rest) std::abort();

  for (const std::string& name : names) {
    auto rest_of_fields = header;
    for (const auto& field : Fields(header)) {
      if (!iequals(field.name, name)) continue;
      const auto found = take_field(rest_of_fields, name);
      if (!found || found->raw.data() != field.raw.data() || found->raw.size() != field.raw.size()) std::abort();
    }
    if (take_field(rest_of_fields, name)) std::abort();
  }

  const auto envelope = parse_envelope(header);
  if (envelope.sender.empty() && !envelope.from.empty()) std::abort();
}

}  // namespace
}  // namespace posthaste::mime

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  posthaste::mime::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
