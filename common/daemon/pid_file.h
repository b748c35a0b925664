// The pid file: whoever holds its lock runs as that daemon.
#pragma once

#include <expected>
#include <filesystem>
#include <optional>
#include <string>

#include "common/base/trusted_folder.h"

namespace posthaste::daemon {

/// Held by the parent for as long as it lives, and by its child as long as that lives: a second parent is refused
/// meanwhile. Two locks of two open files, on two octets: a child that was broken into can let go of its own, and
/// neither of its parent's nor of what the file says.
class PidFile {
 public:
  /// Writes this process's number into it. Beside `owner`'s sockets: their group is let into a folder that is made
  /// for it. Errors: a sentence for the operator, also when somebody runs already.
  [[nodiscard]] static std::expected<PidFile, std::string> take(const std::filesystem::path& path,
                                                                std::optional<Owner> owner);

  /// In a child, before it does anything else: the parent's lock is none of its business.
  void leave_to_parent() noexcept;

 private:
  static constexpr int kNone = -1;  // as open(2) says it
  PidFile(OpenFile parents, OpenFile childs) : parents_(std::move(parents)), childs_(std::move(childs)) {}
  /// The locks tell who runs, the file may stay: removing it would race with the next start.
  OpenFile parents_;
  OpenFile childs_;
};

}  // namespace posthaste::daemon
