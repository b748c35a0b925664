#include "common/base/trusted_folder.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <optional>
#include <vector>

namespace posthaste {
namespace {

namespace fs = std::filesystem;

constexpr uid_t kRoot = 0;
constexpr mode_t kFolderMode = 0750;
constexpr int kLinksMax = 40;  // as many as the kernel follows

std::unexpected<TrustError> failure(const fs::path& path, int code) {
  const std::error_code error{code, std::system_category()};
  return std::unexpected(TrustError{error, "cannot open " + path.string() + ": " + error.message()});
}

std::unexpected<TrustError> distrust(const fs::path& path, const std::string& reason) {
  return std::unexpected(TrustError{std::make_error_code(std::errc::operation_not_permitted),
                                    "will not open " + path.string() + ": " + reason});
}

std::string name_of(uid_t user) {
  const passwd* entry = getpwuid(user);
  return entry == nullptr ? "user " + std::to_string(user) : entry->pw_name;
}

/// Who else than root decides what is at a place: a sentence's end, or nothing.
std::optional<std::string> other_master(const struct stat& status) {
  if (status.st_uid != kRoot) return "it belongs to " + name_of(status.st_uid) + ", not to root";
  if (S_ISLNK(status.st_mode)) return std::nullopt;  // a link's mode says nothing
  if ((status.st_mode & S_IWOTH) != 0) return "everybody can write it";
  if ((status.st_mode & S_IWGRP) != 0 && status.st_gid != kRoot) return "its group can write it";
  return std::nullopt;
}

/// The command by which root becomes the only master of a place that has another.
std::string mending(const struct stat& status, const fs::path& place) {
  const char* command = status.st_uid != kRoot ? "chown -h root " : "chmod go-w ";
  return "; \"" + std::string{command} + place.string() + "\" mends that";
}

/// Whether what root has in this folder stays what it is, whoever else writes there.
bool is_sticky(const struct stat& status) {
  return status.st_uid == kRoot && S_ISDIR(status.st_mode) && (status.st_mode & S_ISVTX) != 0;
}

std::string read_link(int folder, const std::string& name) {
  std::array<char, PATH_MAX> target{};
  const ssize_t octets = readlinkat(folder, name.c_str(), target.data(), target.size());
  return octets < 0 ? std::string{} : std::string(target.data(), static_cast<std::size_t>(octets));
}

/// The steps of an absolute path still to go, the next one last.
using Steps = std::vector<std::string>;

void push_steps(Steps& steps, const fs::path& path) {
  const Steps parts(path.begin(), path.end());
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    if (!part->empty() && *part != "." && *part != "/") steps.push_back(*part);
  }
}

enum class Last { folder, new_folder, file };

/// Goes from / to `path` as root, step by step, and trusts nothing on the way that others could have put there.
std::expected<OpenFile, TrustError> walk(const fs::path& path, Last last) {
  OpenFile current{open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (current.get() < 0) return failure("/", errno);
  Steps steps;
  push_steps(steps, path);
  fs::path place = "/";  // where `current` is
  bool sticky = false;
  for (int links = 0; !steps.empty();) {
    const std::string step = steps.back();
    steps.pop_back();
    struct stat status {};
    if (fstatat(current.get(), step.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno != ENOENT || last != Last::new_folder) return failure(path, errno);
      if (mkdirat(current.get(), step.c_str(), kFolderMode) != 0 && errno != EEXIST) return failure(path, errno);
      steps.push_back(step);
      continue;
    }
    if (S_ISLNK(status.st_mode)) {
      if (const auto master = other_master(status)) {
        return distrust(path, "\"" + step + "\" on its way: " + *master + mending(status, place / step));
      }
      const fs::path target = read_link(current.get(), step);
      if (target.empty() || ++links > kLinksMax) return failure(path, ELOOP);
      if (target.is_absolute()) {
        current = OpenFile{open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
        place = "/";
      }
      if (current.get() < 0) return failure(path, errno);
      push_steps(steps, target);
      continue;
    }
    OpenFile next{openat(current.get(), step.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
    if (next.get() < 0 || fstat(next.get(), &status) != 0) return failure(path, errno);
    if (!steps.empty() && !S_ISDIR(status.st_mode)) return failure(path, ENOTDIR);
    sticky = is_sticky(status);
    const auto master = other_master(status);
    if (master && !sticky) {
      const std::string which = steps.empty() ? "" : "\"" + step + "\" on its way: ";
      return distrust(path, which + *master + mending(status, place / step));
    }
    current = std::move(next);
    place /= step;
  }
  if (sticky && last != Last::file) return distrust(path, "everybody can write it");
  return current;
}

std::expected<fs::path, TrustError> whole_path(const fs::path& path) {
  std::error_code error;
  auto result = fs::absolute(path, error);
  if (error) return failure(path, error.value());
  return result;
}

}  // namespace

OpenFile::~OpenFile() {
  if (descriptor_ != kNone) close(descriptor_);
}

std::expected<TrustedFolder, TrustError> TrustedFolder::open(const fs::path& path) {
  const auto whole = whole_path(path);
  if (!whole) return std::unexpected(whole.error());
  auto folder = geteuid() == kRoot
                    ? walk(*whole, Last::folder)
                    : std::expected<OpenFile, TrustError>{::open(whole->c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
  if (!folder) return std::unexpected(folder.error());
  if (folder->get() < 0) return failure(path, errno);
  struct stat status {};
  if (fstat(folder->get(), &status) != 0 || !S_ISDIR(status.st_mode)) return failure(path, ENOTDIR);
  return TrustedFolder{std::move(*folder), path};
}

std::expected<TrustedFolder, TrustError> TrustedFolder::make(const fs::path& path) {
  if (geteuid() != kRoot) {
    std::error_code failed;
    fs::create_directories(path, failed);
    if (failed) return failure(path, failed.value());
    return open(path);
  }
  const auto whole = whole_path(path);
  if (!whole) return std::unexpected(whole.error());
  const auto made = walk(*whole, Last::new_folder);
  if (!made) return std::unexpected(made.error());
  return open(path);
}

std::expected<OpenFile, TrustError> TrustedFolder::open_file(const std::string& name, int flags,
                                                             mode_t mode) const {
  const fs::path path = path_ / name;
  OpenFile file{openat(folder_.get(), name.c_str(), flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, mode)};
  if (file.get() < 0 && errno == ELOOP) return distrust(path, "it is a symbolic link");
  if (file.get() < 0) return failure(path, errno);
  struct stat status {};
  if (fstat(file.get(), &status) != 0) return failure(path, errno);
  if (!S_ISREG(status.st_mode)) return distrust(path, "it is no ordinary file");
  if (status.st_nlink > 1) return distrust(path, "it has a second name (a hard link)");
  return file;
}

std::error_code TrustedFolder::make_folder_for(const std::string& name, Owner owner) const {
  if (mkdirat(folder_.get(), name.c_str(), kFolderMode) != 0) {
    return errno == EEXIST ? std::error_code{} : std::error_code{errno, std::system_category()};
  }
  return give(name, owner);
}

std::error_code TrustedFolder::give(const std::string& name, Owner owner) const {
  if (fchownat(folder_.get(), name.c_str(), owner.user, owner.group, AT_SYMLINK_NOFOLLOW) == 0) return {};
  return {errno, std::system_category()};
}

std::error_code TrustedFolder::open_for_group(gid_t group) const {
  if (fchown(folder_.get(), geteuid(), group) == 0) return {};
  return {errno, std::system_category()};
}

std::expected<OpenFile, TrustError> open_to_obey(const fs::path& path) {
  const auto whole = whole_path(path);
  if (!whole) return std::unexpected(whole.error());
  if (geteuid() == kRoot) return walk(*whole, Last::file);
  OpenFile file{open(whole->c_str(), O_RDONLY | O_CLOEXEC)};
  struct stat status {};
  if (file.get() < 0 || fstat(file.get(), &status) != 0) return failure(path, errno);
  if (status.st_uid != kRoot && status.st_uid != geteuid()) {
    return distrust(path, "it belongs to " + name_of(status.st_uid));
  }
  if ((status.st_mode & S_IWOTH) != 0) return distrust(path, "everybody can write it");
  return file;
}

}  // namespace posthaste
