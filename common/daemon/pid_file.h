// The pid file: whoever holds its lock runs as that daemon.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <optional>
#include <string>

#include "common/base/clock.h"
#include "common/base/trusted_folder.h"

namespace posthaste::daemon {

/// Beside a pid file: two lines, how often a child was started after the first, and when the last was, in seconds
/// since 1970. The pid file itself holds the parent's number and nothing else, for whoever reads it.
[[nodiscard]] std::filesystem::path child_note(std::filesystem::path pid_file);

/// Held by the parent for as long as it lives, and by its child as long as that lives: a second parent is refused
/// meanwhile. Two locks of two open files, on two octets: a child that was broken into can let go of its own, and
/// neither of its parent's nor of what the file says.
class PidFile {
 public:
  /// Writes this process's number into it. Beside `owner`'s sockets: their group is let into a folder that is made
  /// for it. Errors: a sentence for the operator, also when somebody runs already.
  [[nodiscard]] static std::expected<PidFile, std::string> take(const std::filesystem::path& path,
                                                                std::optional<Owner> owner);

  /// Writes child_note().
  void note_child(std::uint64_t restarts, WallTime started) const noexcept;

  /// In a child, before it does anything else: the parent's lock and its note are none of its business.
  void leave_to_parent() noexcept;

 private:
  static constexpr int kNone = -1;  // as open(2) says it
  PidFile(OpenFile parents, OpenFile childs, OpenFile note)
      : parents_(std::move(parents)), childs_(std::move(childs)), note_(std::move(note)) {}
  /// The locks tell who runs, the file may stay: removing it would race with the next start.
  OpenFile parents_;
  OpenFile childs_;
  OpenFile note_;
};

}  // namespace posthaste::daemon
