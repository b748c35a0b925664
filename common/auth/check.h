// The directory's checker: whether its rows read, and agree with each other.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "common/auth/directory.h"

namespace posthaste::auth {

struct DirectoryReport {
  std::vector<std::string> problems;  // a clause each, for the operator; empty when all is well
  std::vector<std::string> notes;     // sentences about what is sound, and leads nowhere
  std::uint64_t domains = 0;
  std::uint64_t users = 0;
  std::uint64_t aliases = 0;
  std::uint64_t app_passwords = 0;
  std::uint64_t routes = 0;
};

/// Reads all of the directory in one snapshot; changes nothing, and the daemons may go on. A page that was
/// overwritten may end the process with a signal: call it in a child.
/// Errors: what Directory::open() says, of a directory that cannot be opened for reading.
[[nodiscard]] std::expected<DirectoryReport, DirectoryError> check_directory(const std::filesystem::path& path);

}  // namespace posthaste::auth
