#include "admin/installation.h"

#include <utility>

#include "common/auth/open_words.h"
#include "common/config/layout.h"
#include "common/config/lenient.h"
#include "common/daemon/privileges.h"

namespace posthaste::admin {

Outcome<config::Config> load_config(const std::filesystem::path& folder) {
  const auto file = folder / config::kFileName;
  std::error_code failed;
  [[maybe_unused]] const auto status = std::filesystem::status(file, failed);
  if (failed == std::errc::no_such_file_or_directory || failed == std::errc::not_a_directory) {
    return Failure(file.string() +
                   " is not there: name the installation's folder with -C DIR, or make one with "
                   "\"posthaste init DIR --domain DOMAIN\"");
  }
  auto config = config::load(file);
  if (config) return std::move(*config);
  std::string text;
  for (const auto& error : config.error()) {
    if (!text.empty()) text += '\n';
    text += config::in_words(file, error);
  }
  return Failure(std::move(text));
}

Outcome<void> become_the_daemons_user(const config::Config& config) { return daemon::drop_privileges(config); }

Outcome<void> expect_directory(const config::Config& config) {
  std::error_code failed;
  const auto octets = std::filesystem::file_size(config.paths.directory / "data.mdb", failed);
  const bool is_gone = failed == std::errc::no_such_file_or_directory || (!failed && octets == 0);
  if (is_gone) return Failure(auth::open_words(config.paths.directory, auth::DirectoryError::not_found));
  return {};
}

/// Only init makes a directory: an empty one in place of one that was lost would give its users' numbers, and so
/// their mail, to others.
Outcome<auth::Directory> open_directory(const config::Config& config) {
  if (const auto there = expect_directory(config); !there) return Failure(there.error());
  auto directory = auth::Directory::open(config.paths.directory, auth::Role::writer);
  if (!directory) return Failure(auth::open_words(config.paths.directory, directory.error()));
  return std::move(*directory);
}

std::string sentence_for_address(const auth::Directory& directory, auth::DirectoryError error,
                                 const std::string& address) {
  using enum auth::DirectoryError;
  if ((error != bad_address && error != not_found) || address.find('@') != std::string::npos) {
    return sentence(error, address);
  }
  const auto domains = directory.list_domains();
  const std::string domain = domains && !domains->empty() ? domains->front() : "example.org";
  return address + " is not an address: name the whole of it, such as " + address + "@" + domain;
}

std::string sentence(auth::DirectoryError error, const std::string& subject) {
  using enum auth::DirectoryError;
  switch (error) {
    case not_found: return subject + " does not exist";
    case exists: return subject + " exists already";
    case bad_address: return subject + " is not an address that can have mail here";
    case no_domain: return subject + " lies in a domain that is not ours: add it with \"posthaste domain add\"";
    case in_use: return subject + " still has users: delete them first";
    case too_many: return subject + " has too many targets";
    case alias_loop: return subject + " is an alias that leads back to itself, or too deep";
    case read_only: return subject + " can't be changed here";
    case full: return subject + ": the disk is full, nothing was changed";
    case damaged: return subject + ": the directory is damaged; restore it from a backup";
    case io: return subject + ": the directory can't be read or written; see its folder's owner and the disk";
  }
  std::unreachable();
}

}  // namespace posthaste::admin
