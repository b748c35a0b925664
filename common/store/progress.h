// What a request that is made in steps carries from one to the next.
#pragma once

#include <cstdint>
#include <optional>

#include "common/store/values.h"

namespace posthaste::store {

/// How far a COPY is that is made in steps.
struct CopyProgress {
  Uid source_next{1};  // of the source: what lies below is copied
  Uid source_end{};    // what came after the COPY began is not
  Uid next{};          // of the target
  ModSeq modseq{};
  std::uint64_t octets = 0;
  Copied copied;
  bool operator==(const CopyProgress&) const = default;
};

/// A request is to be made again, later: after its first step, or before, when it has to wait for another.
struct Unfinished {
  std::optional<CopyProgress> copy;
  bool operator==(const Unfinished&) const = default;
};

}  // namespace posthaste::store
