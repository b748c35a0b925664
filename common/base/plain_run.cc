#include "common/base/plain_run.h"

namespace posthaste {

std::size_t plain_run_end(std::string_view octets, std::size_t at) noexcept {
  static constexpr std::size_t kBlockOctets = 64;
  while (octets.size() - at >= kBlockOctets) {
    const char* block = octets.data() + at;
    unsigned char care = 0;
    for (std::size_t i = 0; i < kBlockOctets; ++i) {  // without a branch, so that the compiler makes vectors of it
      const char before = *(block + i - 1);
      const char octet = block[i];
      const auto bare = static_cast<unsigned char>((octet == '\n') ^ (before == '\r'));
      const auto dot = static_cast<unsigned char>((octet == '.') & (before == '\n'));
      care = static_cast<unsigned char>(care | bare | dot);
    }
    if (care != 0) break;
    at += kBlockOctets;
  }
  return at;
}

}  // namespace posthaste
