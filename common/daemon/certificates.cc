#include "common/daemon/certificates.h"

#include <utility>

namespace posthaste::daemon {

std::expected<std::unique_ptr<Certificates>, std::string> Certificates::load(std::filesystem::path certificate,
                                                                             std::filesystem::path key) {
  std::unique_ptr<Certificates> certificates{new Certificates{std::move(certificate), std::move(key)}};
  auto loaded = certificates->reload();
  if (!loaded) return std::unexpected(loaded.error());
  return certificates;
}

std::shared_ptr<const net::TlsServer> Certificates::current() const {
  const std::lock_guard lock{mutex_};
  return current_;
}

std::expected<void, std::string> Certificates::reload() {
  auto server = net::TlsServer::load(certificate_, key_);
  if (!server) return std::unexpected(server.error());
  auto fresh = std::make_shared<const net::TlsServer>(std::move(*server));
  const std::lock_guard lock{mutex_};
  current_ = std::move(fresh);
  return {};
}

}  // namespace posthaste::daemon
