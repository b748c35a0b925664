// What is free where mail is written, and what must stay free; the log is told when it runs short.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "common/config/config.h"
#include "common/log/log.h"

namespace posthaste::daemon {

struct DiskSpace {
  std::uint64_t free;     // octets, for others than root
  std::uint64_t reserve;  // that stay free: new mail is refused for them

  /// No message of usual size finds room.
  [[nodiscard]] bool is_short() const;
  /// There is room enough to say that it is over.
  [[nodiscard]] bool is_ample() const;
};

/// Of the file system of `folder`. Nothing when that does not say what it has.
[[nodiscard]] std::optional<DiskSpace> disk_space(const std::filesystem::path& folder,
                                                  const config::Config& config);

/// A folder in which a daemon writes mail.
struct WatchedDisk {
  std::string name;  // "store", "queue" or "spool"
  std::filesystem::path folder;
};

/// Writes NAME.disk.full when a folder's file system has no room, once, and NAME.disk.free when that is over.
class DiskWatch {
 public:
  /// What it is given outlives it.
  DiskWatch(std::vector<WatchedDisk> disks, const config::Config& config, const log::Log& log);

  /// From one thread at a time.
  void look();

 private:
  struct Watched {
    WatchedDisk disk;
    bool is_full;
  };

  const config::Config& config_;
  const log::Log& log_;
  std::vector<Watched> watched_;
};

}  // namespace posthaste::daemon
