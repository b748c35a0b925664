// Why something kept on disk did not open.
#pragma once

#include <string>

namespace posthaste {

/// A sentence for the operator, with the file it is about.
struct OpenError {
  enum class Kind {
    unavailable,  // not there yet, no permission, or in use by another writer
    damaged,      // a file says what it cannot say, or is shorter than the index knows; nothing was repaired
    full,         // no room to recover in
    io,
  };
  Kind kind = Kind::io;
  std::string text;
};

}  // namespace posthaste
