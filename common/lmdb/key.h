// Keys of an index: numbers are big-endian, so that they sort.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "common/base/ids.h"

namespace posthaste::lmdb {

/// An index key: its parts in order sort as the parts do. What does not fit is cut off, at a length that LMDB
/// refuses.
class Key {
 public:
  Key() = default;
  Key(const Key& other) { add_octets(other); }
  Key& operator=(const Key&) = delete;

  template <typename Part>
  requires std::unsigned_integral<Part> || std::is_enum_v<Part> Key& add(Part part) {
    if constexpr (std::is_enum_v<Part>) {
      return add(number(part));
    } else {
      for (int shift = static_cast<int>(sizeof(Part)) * 8 - 8; shift >= 0; shift -= 8) {
        const char octet = static_cast<char>((part >> shift) & 0xff);
        add_octets({&octet, 1});
      }
      return *this;
    }
  }
  Key& add_octets(std::string_view octets) {
    if (octets.empty()) return *this;  // and perhaps no address
    const std::size_t fitting = std::min(octets.size(), octets_.size() - size_);
    std::memcpy(octets_.data() + size_, octets.data(), fitting);
    size_ += fitting;
    return *this;
  }
  operator std::string_view() const { return {octets_.data(), size_}; }  // NOLINT(google-explicit-constructor)

 private:
  static constexpr std::size_t kOctets = 511 + 1;  // LMDB takes 511

  std::array<char, kOctets> octets_;  // the first size_ are set
  std::size_t size_ = 0;
};

/// Takes a key's numbers back.
template <typename Part>
requires std::unsigned_integral<Part> || std::is_enum_v<Part> Part take_key_part(std::string_view& key) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(Part) && !key.empty(); ++i) {
    value = (value << 8) | static_cast<unsigned char>(key.front());
    key.remove_prefix(1);
  }
  return static_cast<Part>(value);
}

}  // namespace posthaste::lmdb
