// Numbers and strings as octets: little-endian in values and records, big-endian in keys so that they sort.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

#include "common/base/ids.h"

namespace posthaste::store {

static_assert(std::endian::native == std::endian::little, "values are copied as they lie in memory");

/// Appends to a string that it does not own.
class OctetWriter {
 public:
  explicit OctetWriter(std::string& out) : out_(out) {}

  template <std::integral Number>
  OctetWriter& put(Number value) {
    char octets[sizeof(Number)];
    std::memcpy(octets, &value, sizeof(Number));
    out_.append(octets, sizeof(Number));
    return *this;
  }
  template <typename Id>
    requires std::is_enum_v<Id>
  OctetWriter& put(Id id) {
    return put(number(id));
  }
  /// A length of four octets, then the string.
  OctetWriter& put_string(std::string_view text) {
    put(static_cast<std::uint32_t>(text.size()));
    out_.append(text);
    return *this;
  }

 private:
  std::string& out_;
};

/// Takes from a view. After the first thing that is not there everything is zero or empty, and ok() is false.
class OctetReader {
 public:
  explicit OctetReader(std::string_view octets) : octets_(octets) {}

  template <typename Number>
    requires std::integral<Number> || std::is_enum_v<Number>
  Number take() {
    Number value{};
    const std::string_view octets = take_octets(sizeof(Number));
    if (ok_) std::memcpy(&value, octets.data(), sizeof(Number));
    return value;
  }
  std::string_view take_octets(std::size_t length) {
    if (octets_.size() < length) ok_ = false;
    if (!ok_) return {};
    const std::string_view taken = octets_.substr(0, length);
    octets_.remove_prefix(length);
    return taken;
  }
  std::string_view take_string() { return take_octets(take<std::uint32_t>()); }
  /// A count of things that each take at least `least_octets`, so that a wrong count cannot ask for memory.
  std::uint32_t take_count(std::size_t least_octets) {
    const auto count = take<std::uint32_t>();
    if (count > octets_.size() / least_octets) ok_ = false;
    return ok_ ? count : 0;
  }
  void refuse() { ok_ = false; }

  [[nodiscard]] std::string_view rest() const { return octets_; }
  [[nodiscard]] bool ok() const { return ok_; }
  /// Everything was there, and nothing else.
  [[nodiscard]] bool done() const { return ok_ && octets_.empty(); }

 private:
  std::string_view octets_;
  bool ok_ = true;
};

/// An index key: its parts in order sort as the parts do. What does not fit is cut off, at a length that LMDB
/// refuses.
class Key {
 public:
  Key() = default;
  Key(const Key& other) { add_octets(other); }
  Key& operator=(const Key&) = delete;

  template <typename Part>
    requires std::unsigned_integral<Part> || std::is_enum_v<Part>
  Key& add(Part part) {
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
  requires std::unsigned_integral<Part> || std::is_enum_v<Part>
Part take_key_part(std::string_view& key) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(Part) && !key.empty(); ++i) {
    value = (value << 8) | static_cast<unsigned char>(key.front());
    key.remove_prefix(1);
  }
  return static_cast<Part>(value);
}

}  // namespace posthaste::store
