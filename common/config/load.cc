#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <string>
#include <system_error>

#include "common/base/trusted_folder.h"
#include "common/config/config.h"
#include "common/config/lenient.h"

namespace posthaste::config {
namespace {

std::unexpected<std::vector<ConfigError>> failure(std::string text) {
  return std::unexpected(std::vector<ConfigError>{{0, std::move(text)}});
}

std::string machine_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "localhost";
  return name.data();
}

/// The whole file. Nothing when it can't be read: a folder can be opened, but not read.
std::optional<std::string> contents(const OpenFile& file) {
  std::string text;
  std::array<char, 4'096> piece{};
  for (;;) {
    const ssize_t octets = read(file.get(), piece.data(), piece.size());
    if (octets == 0) return text;
    if (octets < 0 && errno != EINTR) return std::nullopt;
    if (octets > 0) text.append(piece.data(), static_cast<std::size_t>(octets));
  }
}

/// What to do about a file that root must not obey.
std::string advice(const TrustError& error) {
  if (error.code == std::errc::permission_denied) {
    return error.text + "; run this as root, or as the user who runs the daemons";
  }
  if (error.code != std::errc::operation_not_permitted || geteuid() != 0) return error.text;
  return error.text +
         ". Root obeys this file, so only root may write it: read it through first. If the daemons run without "
         "root, "
         "run this as their user";
}

/// operator/ keeps an absolute right side as it is.
void make_absolute(Paths& paths, const std::filesystem::path& folder) {
  paths.data = (folder / paths.data).lexically_normal();
  for (auto* path :
       {&paths.directory, &paths.store, &paths.queue, &paths.run, &paths.certificate, &paths.private_key}) {
    *path = (paths.data / *path).lexically_normal();
  }
}

}  // namespace

std::expected<Config, std::vector<ConfigError>> load(const std::filesystem::path& path) {
  std::error_code error;
  const auto absolute = std::filesystem::absolute(path, error);
  if (error) return failure("can't find " + path.string() + ": " + error.message());
  const auto file = open_to_obey(absolute);
  if (!file) return failure(advice(file.error()));
  const auto text = contents(*file);
  if (!text) return failure("can't read " + absolute.string() + ": not a file, or a fault of the disk");

  auto config = parse(*text);
  if (!config) return config;
  if (config->hostname.empty()) config->hostname = machine_name();
  make_absolute(config->paths, absolute.parent_path());
  return config;
}

Config load_leniently(const std::filesystem::path& path) {
  std::error_code ignored;
  const auto absolute = std::filesystem::absolute(path, ignored);
  const auto file = open_to_obey(absolute);
  const auto text = file ? contents(*file) : std::nullopt;
  Config config = parse_leniently(text.value_or(""));
  make_absolute(config.paths, absolute.parent_path());
  return config;
}

std::string in_words(const std::filesystem::path& file, const ConfigError& error) {
  if (error.line == 0) return error.text;
  return file.string() + ":" + std::to_string(error.line) + ": " + error.text;
}

}  // namespace posthaste::config
