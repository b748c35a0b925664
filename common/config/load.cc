#include <unistd.h>

#include <array>
#include <fstream>
#include <optional>
#include <string>
#include <system_error>

#include "common/config/config.h"

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

/// The whole file. Nothing when it can't be opened or read: a folder can be opened, but not read.
std::optional<std::string> read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text;
  std::array<char, 4'096> piece{};
  while (file) {
    file.read(piece.data(), piece.size());
    text.append(piece.data(), static_cast<std::size_t>(file.gcount()));
  }
  if (file.bad() || !file.eof()) return std::nullopt;
  return text;
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
  const auto text = read_file(absolute);
  if (!text) return failure("can't read " + absolute.string());

  auto config = parse(*text);
  if (!config) return config;
  if (config->hostname.empty()) config->hostname = machine_name();
  make_absolute(config->paths, absolute.parent_path());
  return config;
}

}  // namespace posthaste::config
