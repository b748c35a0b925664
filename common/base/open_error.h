// Why something kept on disk did not open.
#pragma once

#include <string>

namespace posthaste {

/// A sentence for the operator, with the file it is about.
struct OpenError {
  enum class Kind {
    absent,       // not there: not made yet, or lost
    denied,       // not ours to open
    unavailable,  // in use by another writer, or out of what is shared
    damaged,      // the index says what it cannot say; nothing was repaired
    log_damaged,  // the log lacks what was synced once, or does not read; nothing was repaired
    full,         // no room to recover in
    io,
  };
  Kind kind = Kind::io;
  std::string text;
};

}  // namespace posthaste
