#include "common/daemon/pid_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <system_error>

namespace posthaste::daemon {
namespace {

constexpr off_t kParentsOctet = 0;
constexpr off_t kChildsOctet = 1;

struct flock lock_on(off_t octet, short type) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = octet;
  lock.l_len = 1;
  return lock;
}

/// Of the open file, not of the process: it lasts until the last who inherited the descriptor has closed it.
bool take_lock(const OpenFile& file, off_t octet, short type) {
  struct flock lock = lock_on(octet, type);
  return fcntl(file.get(), F_OFD_SETLK, &lock) == 0;
}

bool is_held_elsewhere(const OpenFile& file, off_t octet) {
  struct flock lock = lock_on(octet, F_WRLCK);
  return fcntl(file.get(), F_OFD_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
}

}  // namespace

std::filesystem::path child_note(std::filesystem::path pid_file) { return pid_file.replace_extension(".child"); }

std::expected<PidFile, std::string> PidFile::take(const std::filesystem::path& path, std::optional<Owner> owner) {
  std::error_code ignored;
  const bool existed = std::filesystem::exists(path.parent_path(), ignored);
  const auto folder = TrustedFolder::make(path.parent_path());
  if (!folder) return std::unexpected(folder.error().text);
  if (!existed && owner) ignored = folder->open_for_group(owner->group);
  auto parents = folder->open_file(path.filename(), O_RDWR | O_CREAT, 0644);
  if (!parents) return std::unexpected(parents.error().text);
  // A child whose parent was killed keeps the store's second writer out until it has ended.
  if (!take_lock(*parents, kParentsOctet, F_WRLCK) || is_held_elsewhere(*parents, kChildsOctet)) {
    return std::unexpected("runs already (" + path.string() + ")");
  }
  auto childs = folder->open_file(path.filename(), O_RDONLY);
  if (!childs) return std::unexpected(childs.error().text);
  auto note = folder->open_file(child_note(path).filename(), O_RDWR | O_CREAT, 0644);
  if (!note) return std::unexpected(note.error().text);
  const std::string text = std::to_string(getpid()) + "\n";
  if (!take_lock(*childs, kChildsOctet, F_RDLCK) || ftruncate(parents->get(), 0) != 0 ||
      pwrite(parents->get(), text.data(), text.size(), 0) < 0) {
    return std::unexpected("cannot write " + path.string() + ": " + std::strerror(errno));
  }
  if (ftruncate(note->get(), 0) != 0) return std::unexpected("cannot write beside " + path.string());
  return PidFile{std::move(*parents), std::move(*childs), std::move(*note)};
}

void PidFile::note_child(std::uint64_t restarts, WallTime started) const noexcept {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(started).time_since_epoch().count();
  const std::string text = std::to_string(restarts) + "\n" + std::to_string(seconds) + "\n";
  [[maybe_unused]] const auto written = pwrite(note_.get(), text.data(), text.size(), 0);
}

void PidFile::leave_to_parent() noexcept {
  parents_ = OpenFile{kNone};
  note_ = OpenFile{kNone};
  take_lock(childs_, kChildsOctet, F_RDLCK);  // once more: the child before this one may have let go of it
}

}  // namespace posthaste::daemon
