// Unpredictable octets, or, in the simulated world, predictable ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace posthaste::net {

class Random {
 public:
  Random() = default;
  Random(const Random&) = delete;
  Random& operator=(const Random&) = delete;
  virtual ~Random() = default;

  virtual void fill(std::span<std::byte> octets) = 0;

  [[nodiscard]] std::uint64_t next() {
    std::uint64_t value = 0;
    fill(std::as_writable_bytes(std::span{&value, 1}));
    return value;
  }
};

}  // namespace posthaste::net
