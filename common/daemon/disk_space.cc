#include "common/daemon/disk_space.h"

#include <sys/statvfs.h>

#include <string_view>
#include <utility>

#include "common/base/disk_reserve.h"

namespace posthaste::daemon {
namespace {

constexpr std::uint64_t kMessageOctets = std::uint64_t{1} << 20;
constexpr std::uint64_t kAmpleMessages = 4;  // else it would come and go with each message

std::string_view event_of(const std::string& disk, bool is_full) {
  if (disk == "store") return is_full ? "store.disk.full" : "store.disk.free";
  if (disk == "queue") return is_full ? "queue.disk.full" : "queue.disk.free";
  return is_full ? "spool.disk.full" : "spool.disk.free";
}

}  // namespace

bool DiskSpace::is_short() const { return free < reserve + kMessageOctets; }

bool DiskSpace::is_ample() const { return free >= reserve + kAmpleMessages * kMessageOctets; }

std::optional<DiskSpace> disk_space(const std::filesystem::path& folder, const config::Config& config) {
  struct statvfs status {};
  if (statvfs(folder.c_str(), &status) != 0) return std::nullopt;
  const std::uint64_t configured = config.store.disk_reserve_octets;
  return DiskSpace{status.f_bavail * status.f_frsize,
                   configured != 0 ? configured : usual_disk_reserve(status.f_blocks * status.f_frsize)};
}

DiskWatch::DiskWatch(std::vector<WatchedDisk> disks, const config::Config& config, const log::Log& log)
    : config_(config), log_(log) {
  for (auto& disk : disks) watched_.push_back({std::move(disk), false});
}

void DiskWatch::look() {
  for (auto& [disk, is_full] : watched_) {
    const auto space = disk_space(disk.folder, config_);
    if (!space) continue;
    const bool is_over = is_full && space->is_ample();
    const bool begins = !is_full && space->is_short();
    if (!is_over && !begins) continue;
    is_full = begins;
    log_.at(begins ? log::Level::error : log::Level::info, event_of(disk.name, begins),
            {{"folder", disk.folder.string()}, {"free", space->free}, {"reserve", space->reserve}});
  }
}

}  // namespace posthaste::daemon
