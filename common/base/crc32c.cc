#include "common/base/crc32c.h"

#include <isa-l/crc.h>

#include <algorithm>

namespace posthaste {

std::uint32_t crc32c(std::string_view octets, std::uint32_t crc) noexcept {
  constexpr std::size_t kPieceMaxOctets = 1U << 30;  // crc32_iscsi takes an int
  std::uint32_t state = ~crc;
  while (!octets.empty()) {
    const std::string_view piece = octets.substr(0, kPieceMaxOctets);
    // The library's prototype lacks a const; it only reads.
    auto* start = reinterpret_cast<unsigned char*>(const_cast<char*>(piece.data()));
    state = crc32_iscsi(start, static_cast<int>(piece.size()), state);
    octets.remove_prefix(piece.size());
  }
  return ~state;
}

}  // namespace posthaste
