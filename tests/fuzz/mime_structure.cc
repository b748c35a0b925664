// Any octets are a message: extents lie in their parent, limits hold, and section numbers find their parts.
#include "common/mime/structure.h"

#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace posthaste::mime {
namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

bool holds(const Extent& outer, const Extent& inner) {
  return inner.offset >= outer.offset && inner.end() <= outer.end();
}

/// Checks `part`, which lies in `bounds`, and all below it; returns how many parts there are.
std::size_t check(const Part& part, const Extent& bounds, std::string_view message, std::size_t depth_left) {
  require(holds(bounds, part.header) && holds(bounds, part.body));
  require(part.header.end() == part.body.offset);
  std::size_t lines = 0;
  for (const char c : part.body.of(message)) lines += c == '\n' ? 1 : 0;
  require(part.body_lines == lines);
  require(!part.content_type.type.empty() && !part.content_type.subtype.empty());
  require(!part.transfer_encoding.empty());
  require(part.children.empty() == (part.kind == PartKind::leaf));
  require(part.envelope.has_value() == (part.kind == PartKind::message));
  require(part.kind != PartKind::message || part.children.size() == 1);
  require(part.content_type.is("multipart") == (part.kind == PartKind::multipart));
  require(part.children.empty() || depth_left > 0);
  std::size_t parts = 1;
  std::size_t previous_end = part.body.offset;
  for (const Part& child : part.children) {
    require(child.header.offset >= previous_end);
    previous_end = child.body.end();
    parts += check(child, part.body, message, depth_left - 1);
  }
  return parts;
}

void check_structure(std::string_view message) {
  const Extent all{0, message.size()};
  const StructureLimits limits{.depth_max = 4, .parts_max = 12, .header_max_octets = 1000};
  const Part root = parse_structure(message, limits);
  require(check(root, all, message, limits.depth_max) <= limits.parts_max);
  require(root.header.of(message) == split_message(message, limits.header_max_octets).header);
  require(root.body.end() == message.size());
  require(find_part(root, {}) == &root);
  for (std::uint32_t number = 1; number <= root.children.size() && root.kind == PartKind::multipart; ++number) {
    require(find_part(root, std::vector{number}) == &root.children[number - 1]);
  }
  const Part whole = parse_structure(message);
  check(whole, all, message, StructureLimits{}.depth_max);
}

}  // namespace
}  // namespace posthaste::mime

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  posthaste::mime::check_structure({reinterpret_cast<const char*>(data), size});
  return 0;
}
