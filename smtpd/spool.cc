#include "smtpd/spool.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <utility>

#include "common/base/disk_reserve.h"

namespace posthaste::smtpd {
namespace {

constexpr int kClosed = -1;
constexpr mode_t kFolderMode = 0700;
constexpr mode_t kFileMode = 0600;
constexpr std::uint64_t kStrangersReserves = 2;

SpoolError error_of(int code) noexcept {
  return code == ENOSPC || code == EDQUOT || code == EFBIG ? SpoolError::full : SpoolError::io;
}

/// For file systems without O_TMPFILE. A crash between the two calls leaves an empty file behind.
int create_and_unlink(const std::filesystem::path& folder) {
  std::string name = folder / "message-XXXXXX";
  const int descriptor = mkostemp(name.data(), O_CLOEXEC);
  if (descriptor >= 0) unlink(name.c_str());
  return descriptor;
}

}  // namespace

// --- The octets

MappedOctets::MappedOctets(MappedOctets&& other) noexcept
    : start_(std::exchange(other.start_, nullptr)), octets_(std::exchange(other.octets_, 0)) {}

MappedOctets::~MappedOctets() {
  if (start_ != nullptr) munmap(const_cast<char*>(start_), octets_);
}

// --- A file

SpoolFile::SpoolFile(SpoolFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, kClosed)),
      reserve_octets_(other.reserve_octets_),
      reserves_(other.reserves_),
      octets_(other.octets_) {}

SpoolFile::~SpoolFile() {
  if (descriptor_ != kClosed) close(descriptor_);
}

std::expected<void, SpoolError> SpoolFile::append(std::string_view octets) {
  struct statvfs space {};
  if (fstatvfs(descriptor_, &space) != 0) return std::unexpected(SpoolError::io);
  const std::uint64_t reserve =
      reserves_ * reserve_octets_.value_or(usual_disk_reserve(space.f_blocks * space.f_frsize));
  const std::uint64_t free = space.f_bavail * space.f_frsize;
  if (free < reserve || free - reserve < octets.size()) return std::unexpected(SpoolError::full);
  while (!octets.empty()) {
    const ssize_t written = write(descriptor_, octets.data(), octets.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return std::unexpected(error_of(errno));
    octets_ += static_cast<std::uint64_t>(written);
    octets.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

std::expected<MappedOctets, SpoolError> SpoolFile::map() const {
  void* start = mmap(nullptr, octets_, PROT_READ, MAP_SHARED, descriptor_, 0);
  if (start == MAP_FAILED) return std::unexpected(SpoolError::io);
  return MappedOctets{static_cast<const char*>(start), octets_};
}

// --- The folder

std::expected<Spool, std::string> Spool::open(std::filesystem::path folder,
                                              std::optional<std::uint64_t> reserve_octets) {
  if (mkdir(folder.c_str(), kFolderMode) != 0 && errno != EEXIST) {
    return std::unexpected("cannot make " + folder.string() + ": " + std::system_category().message(errno));
  }
  if (access(folder.c_str(), W_OK | X_OK) != 0) {
    return std::unexpected("cannot write in " + folder.string() + ": " + std::system_category().message(errno));
  }
  return Spool{std::move(folder), reserve_octets};
}

std::expected<SpoolFile, SpoolError> Spool::create(Claim claim) const {
  int descriptor = ::open(folder_.c_str(), O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, kFileMode);
  const bool unsupported = descriptor < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL);
  if (unsupported) descriptor = create_and_unlink(folder_);
  if (descriptor < 0) return std::unexpected(error_of(errno));
  return SpoolFile{descriptor, reserve_octets_, claim == Claim::stranger ? kStrangersReserves : 1};
}

}  // namespace posthaste::smtpd
