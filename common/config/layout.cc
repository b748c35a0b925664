#include "common/config/layout.h"

#include <string>

namespace posthaste::config {

std::uint16_t port(const Config& config, std::uint16_t standard) noexcept {
  return static_cast<std::uint16_t>(config.listen.port_base + standard);
}

std::filesystem::path lmtp_socket(const Config& config) { return config.paths.run / "lmtp.sock"; }

std::filesystem::path store_socket(const Config& config) { return config.paths.run / "store.sock"; }

std::filesystem::path control_socket(const Config& config, std::string_view daemon) {
  return config.paths.run / (std::string{daemon} + ".sock");
}

std::filesystem::path spool_folder(const Config& config) { return config.paths.data / "spool"; }

std::filesystem::path pid_file(const Config& config, std::string_view daemon) {
  return config.paths.run / (std::string{daemon} + ".pid");
}

std::filesystem::path made_mark(const Config& config, std::string_view log) {
  return config.paths.directory / (std::string{log} + ".made");
}

std::optional<std::filesystem::path> log_file(const Config& config, std::string_view daemon) {
  if (config.log.destination == "stderr") return std::nullopt;
  return config.paths.data / config.log.destination / (std::string{daemon} + ".log");
}

}  // namespace posthaste::config
