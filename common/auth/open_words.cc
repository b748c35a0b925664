#include "common/auth/open_words.h"

#include <unistd.h>

#include <system_error>

#include "common/base/open_words.h"

namespace posthaste::auth {
namespace {

std::string reason(const std::filesystem::path& path, DirectoryError error) {
  const auto data = path / "data.mdb";
  std::error_code failed;
  const auto octets = std::filesystem::file_size(data, failed);
  if (failed == std::errc::permission_denied || (!failed && access(data.c_str(), R_OK | W_OK) != 0)) {
    return data.string() + " can't be opened by the user " + own_user_name() + ", as whom this runs: the folder " +
           path.string() + " and the files in it must belong to that user (chown -R)";
  }
  if (failed || octets == 0) return data.string() + " is gone: restore the directory from a backup";
  switch (error) {
    case DirectoryError::damaged: return data.string() + " is damaged: restore the directory from a backup";
    case DirectoryError::full: return "its disk is full: make room";
    case DirectoryError::not_found:
      return data.string() + " lacks a table: it is not whole; restore the directory from a backup";
    default: return path.string() + " can't be read or written: see the disk and the kernel's log";
  }
}

}  // namespace

std::string open_words(const std::filesystem::path& path, DirectoryError error) {
  return "cannot open the directory: " + reason(path, error);
}

}  // namespace posthaste::auth
