#include "common/journal/made_mark.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <system_error>

#include "common/journal/log.h"

namespace posthaste::journal {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kFileMode = 0600;

std::unexpected<std::string> system_error(const fs::path& path) {
  return std::unexpected(path.string() + ": " + std::system_category().message(errno));
}

std::string full_name(const fs::path& directory) {
  std::error_code failed;
  const fs::path full = fs::absolute(directory, failed);
  return (failed ? directory : full).lexically_normal().string();
}

}  // namespace

bool holds_nothing(const fs::path& directory) {
  std::error_code failed;
  for (const char* part : {"log", "index"}) {
    if (fs::exists(directory / part, failed) || failed) return false;
  }
  return true;
}

std::optional<std::string> MadeMark::noted() const {
  const FileDescriptor file(::open(file_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file.is_open() && errno == ENOENT) return std::nullopt;
  std::array<char, PATH_MAX> octets;
  const ssize_t got = file.is_open() ? ::read(file.get(), octets.data(), octets.size()) : 0;
  std::string text(octets.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  return text.substr(0, text.find('\n'));
}

std::expected<void, std::string> MadeMark::allow(const fs::path& directory) const {
  if (!holds_nothing(directory)) return {};
  const auto where = noted();
  if (!where) return {};
  const std::string last = where->empty() ? "" : " (it was in " + *where + ")";
  return std::unexpected(
      "cannot open the " + log_ + ": " + directory.string() +
      " holds neither a log nor an index, and there was a " + log_ + last + ": mount its disk" +
      (backup_ == Backup::helps ? ", put paths." + log_ + " right, or take the folder from a backup"
                                : " or put paths." + log_ + " right") +
      ". If it is lost for good, \"posthaste " + log_ + " begin-empty\" lets the next start make an empty one");
}

std::expected<void, std::string> MadeMark::set(const fs::path& directory) const {
  const std::string name = full_name(directory);
  if (noted() == name) return {};
  const fs::path fresh = file_.string() + ".new";
  ::unlink(fresh.c_str());
  const FileDescriptor file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kFileMode));
  const bool written =
      file.is_open() && write_all(file.get(), name + "\n", 0).has_value() && ::fsync(file.get()) == 0;
  if (!written || ::rename(fresh.c_str(), file_.c_str()) != 0 || !sync_directory(file_.parent_path())) {
    return system_error(file_);
  }
  return {};
}

std::expected<bool, std::string> MadeMark::clear() const {
  if (::unlink(file_.c_str()) != 0) {
    if (errno == ENOENT) return false;
    return system_error(file_);
  }
  if (!sync_directory(file_.parent_path())) return system_error(file_);
  return true;
}

}  // namespace posthaste::journal
