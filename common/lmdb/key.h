// Keys of an index: numbers are big-endian, so that they sort.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "common/base/ids.h"

namespace posthaste::lmdb {

/// To and from the order in which a key has its octets.
template <std::unsigned_integral Number>
constexpr Number in_big_endian(Number number) {
  return std::endian::native == std::endian::big ? number : std::byteswap(number);
}

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
      const Part big_endian = in_big_endian(part);
      if (octets_.size() - size_ < sizeof(Part)) {
        return add_octets({reinterpret_cast<const char*>(&big_endian), sizeof(Part)});
      }
      std::memcpy(octets_.data() + size_, &big_endian, sizeof(Part));
      size_ += sizeof(Part);
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
  using Number =
      std::conditional_t<std::is_enum_v<Part>, std::underlying_type<Part>, std::type_identity<Part>>::type;
  Number number = 0;
  if (key.size() >= sizeof(Number)) {
    std::memcpy(&number, key.data(), sizeof(Number));
    key.remove_prefix(sizeof(Number));
    return static_cast<Part>(in_big_endian(number));
  }
  for (; !key.empty(); key.remove_prefix(1))
    number = static_cast<Number>((number << 8) | static_cast<unsigned char>(key.front()));
  return static_cast<Part>(number);
}

}  // namespace posthaste::lmdb
