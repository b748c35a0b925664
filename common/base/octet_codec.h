// Numbers and strings as octets, little-endian: how records and rows are written.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "common/base/ids.h"

namespace posthaste {

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
  requires std::is_enum_v<Id> OctetWriter& put(Id id) { return put(number(id)); }
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
  requires std::integral<Number> || std::is_enum_v<Number> Number take() {
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
  /// A value up to `last`; anything above is refused.
  template <typename Enum>
  Enum take_enum(Enum last) {
    const auto value = take<Enum>();
    if (value > last) ok_ = false;
    return value;
  }
  bool take_bool() {
    const auto value = take<std::uint8_t>();
    if (value > 1) ok_ = false;
    return value == 1;
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

/// What was taken, if it was all there was.
template <typename Value>
[[nodiscard]] std::optional<Value> whole(const OctetReader& reader, Value value) {
  return reader.done() ? std::optional(std::move(value)) : std::nullopt;
}

}  // namespace posthaste
