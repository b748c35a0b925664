// Any message: in 7 bits it has the same parts, which decode to the same octets, and converting it again changes
// nothing.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "common/base/octets.h"
#include "common/mime/seven_bit.h"
#include "common/mime/structure.h"
#include "common/mime/transfer.h"

using posthaste::mime::Part;

namespace {

/// Header fields leave as surrogates, which may change what they say about the parts.
bool any_header_has_eight_bit(const Part& part, std::string_view message) {
  if (posthaste::has_eight_bit(part.header.of(message))) return true;
  for (const Part& child : part.children) {
    if (any_header_has_eight_bit(child, message)) return true;
  }
  return false;
}

std::string decoded(const Part& part, std::string_view message) {
  return decode_transfer(posthaste::mime::transfer_encoding(part.transfer_encoding), part.body.of(message));
}

bool is_opaque(const Part& part) {
  return part.content_type.is("multipart", "signed") || part.content_type.is("multipart", "encrypted");
}

/// The parts of a multipart, and what stands between them.
std::string_view parts_of(const Part& part, std::string_view message) {
  const std::size_t begin = part.children.front().header.offset;
  return message.substr(begin, part.children.back().body.end() - begin);
}

void compare(const Part& part, std::string_view message, const Part& other, std::string_view converted) {
  if (part.kind != other.kind || part.children.size() != other.children.size()) std::abort();
  if (part.kind == posthaste::mime::PartKind::leaf && decoded(part, message) != decoded(other, converted))
    std::abort();
  if (is_opaque(part) && parts_of(part, message) != parts_of(other, converted)) std::abort();
  for (std::size_t i = 0; i < part.children.size(); ++i) {
    compare(part.children[i], message, other.children[i], converted);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view message{reinterpret_cast<const char*>(data), size};
  const auto converted = posthaste::mime::to_seven_bit(message);
  if (!converted) return 0;
  if (!posthaste::mime::is_seven_bit(*converted)) std::abort();
  const auto root = posthaste::mime::parse_structure(message);
  if (any_header_has_eight_bit(root, message)) return 0;
  if (posthaste::mime::to_seven_bit(*converted) != converted) std::abort();
  compare(root, message, posthaste::mime::parse_structure(*converted), *converted);
  return 0;
}
