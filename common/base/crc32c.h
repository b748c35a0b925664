// CRC-32C (Castagnoli, RFC 3720 §12.1), by ISA-L with the processor's instructions.
#pragma once

#include <cstdint>
#include <string_view>

namespace posthaste {

/// The checksum of `octets`, or, with `crc` from an earlier part, of both parts together.
[[nodiscard]] std::uint32_t crc32c(std::string_view octets, std::uint32_t crc = 0) noexcept;

}  // namespace posthaste
