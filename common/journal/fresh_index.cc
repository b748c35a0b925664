#include "common/journal/fresh_index.h"

#include <string>
#include <system_error>

#include "common/journal/log.h"

namespace posthaste::journal {
namespace {

std::unexpected<OpenError> io_error(const std::filesystem::path& path, const std::string& why) {
  return std::unexpected(OpenError{OpenError::Kind::io, path.string() + ": " + why});
}

}  // namespace

bool has_lost_its_index(const std::filesystem::path& directory) {
  std::error_code failed;
  const auto octets = std::filesystem::file_size(directory / "index" / "data.mdb", failed);
  if (!failed && octets > 0) return false;
  if (failed && failed != std::errc::no_such_file_or_directory) return false;
  const auto segments = list_segments(directory / "log");
  return segments && !segments->empty();
}

std::expected<void, OpenError> make_index(
    const std::filesystem::path& directory,
    const std::function<std::expected<void, OpenError>(const std::filesystem::path& fresh)>& build) {
  const auto index = directory / "index";
  const auto fresh = directory / "index.new";
  std::error_code failed;
  std::filesystem::remove_all(fresh, failed);
  if (failed) return io_error(fresh, failed.message());
  if (auto built = build(fresh); !built) {
    std::filesystem::remove_all(fresh, failed);
    return built;
  }
  if (!sync_directory(fresh)) return io_error(fresh, "cannot be synced");
  for (const char* name : {"data.mdb", "lock.mdb"}) std::filesystem::remove(index / name, failed);
  std::filesystem::rename(fresh, index, failed);
  if (failed) return io_error(index, failed.message());
  if (!sync_directory(directory)) return io_error(directory, "cannot be synced");
  return {};
}

}  // namespace posthaste::journal
