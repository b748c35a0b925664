#include "common/base/siphash.h"

#include <bit>
#include <cstddef>

namespace posthaste {
namespace {

struct State {
  std::uint64_t v0, v1, v2, v3;

  void round() noexcept {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }

  void compress(std::uint64_t word) noexcept {
    v3 ^= word;
    round();
    round();
    v0 ^= word;
  }
};

std::uint64_t little_endian(std::string_view octets) noexcept {
  std::uint64_t word = 0;
  for (std::size_t i = octets.size(); i-- > 0;) word = word << 8U | static_cast<unsigned char>(octets[i]);
  return word;
}

}  // namespace

std::uint64_t siphash(const SipKey& key, std::string_view octets) noexcept {
  constexpr std::size_t kWord = 8;
  State state{key.k0 ^ 0x736f6d6570736575U, key.k1 ^ 0x646f72616e646f6dU, key.k0 ^ 0x6c7967656e657261U,
              key.k1 ^ 0x7465646279746573U};
  const std::uint64_t length = octets.size();
  for (; octets.size() >= kWord; octets.remove_prefix(kWord))
    state.compress(little_endian(octets.substr(0, kWord)));
  state.compress(length << 56U | little_endian(octets));
  state.v2 ^= 0xffU;
  for (int i = 0; i < 4; ++i) state.round();
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

}  // namespace posthaste
