#include "common/ledger/opening.h"

#include <system_error>
#include <utility>

#include "common/journal/fresh_index.h"
#include "common/net/system_random.h"

namespace posthaste::ledger {
namespace {

using Kind = OpenError::Kind;

std::expected<void, OpenError> make_folders(const std::filesystem::path& directory) {
  std::error_code failed;
  std::filesystem::create_directories(directory / "log", failed);
  if (!failed) std::filesystem::create_directories(directory / "index", failed);
  if (!failed) return {};
  const Kind kind = failed == std::errc::permission_denied ? Kind::denied : Kind::unavailable;
  return std::unexpected(OpenError{kind, directory.string() + ": " + failed.message()});
}

std::expected<void, OpenError> remake_lost_index(const std::filesystem::path& directory, const Owner& owner) {
  if (!journal::has_lost_its_index(directory)) return {};
  if (auto made = journal::make_index(directory, owner.rebuild); !made) return made;
  owner.rebuilt();
  return {};
}

}  // namespace

std::expected<Opened, OpenError> open(const Options& options, const Owner& owner) {
  const auto& directory = options.directory;
  const auto log = directory / "log";
  const auto index = directory / "index";
  if (const auto made = make_folders(directory); !made) return std::unexpected(made.error());
  auto lock = journal::lock_writer(directory / "writer.lock");
  if (!lock) return std::unexpected(lock.error());
  if (const auto made = remake_lost_index(directory, owner); !made) return std::unexpected(made.error());
  auto environment =
      lmdb::Environment::open(index, owner.tables, lmdb::Environment::Access::write, options.map_octets);
  if (!environment) return std::unexpected(environment.error());
  if (!journal::sync_directory(directory) || !journal::sync_directory(index) || !journal::sync_directory(log)) {
    return std::unexpected(OpenError{Kind::io, directory.string() + ": cannot be synced"});
  }
  auto files = std::make_shared<journal::SegmentFiles>(log);
  const auto tail = owner.recover(**environment, *files);
  if (!tail) return std::unexpected(tail.error());
  journal::LogWriter writer(log, owner.magic, options.segment_octets, [] { return net::SystemRandom{}.next(); });
  if (!writer.open(*tail)) return std::unexpected(OpenError{Kind::io, log.string() + ": cannot be written"});
  return Opened{std::move(*lock), std::move(*environment), std::move(files), std::move(writer),
                options.reserve_octets};
}

}  // namespace posthaste::ledger
