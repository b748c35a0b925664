// The kernel's random octets.
#pragma once

#include "common/net/random.h"

namespace posthaste::net {

class SystemRandom final : public Random {
 public:
  void fill(std::span<std::byte> octets) override;
};

}  // namespace posthaste::net
