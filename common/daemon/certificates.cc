#include "common/daemon/certificates.h"

#include <system_error>
#include <utility>

namespace posthaste::daemon {
namespace {

namespace fs = std::filesystem;

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

}  // namespace

std::expected<std::unique_ptr<Certificates>, std::string> Certificates::load(fs::path certificate, fs::path key,
                                                                             OnSkipped on_skipped) {
  std::unique_ptr<Certificates> certificates{
      new Certificates{std::move(certificate), std::move(key), std::move(on_skipped)}};
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
  reload_further();
  for (const auto& [folder, further] : further_) server->serve_also(further);
  auto fresh = std::make_shared<const net::TlsServer>(std::move(*server));
  const std::lock_guard lock{mutex_};
  current_ = std::move(fresh);
  return {};
}

void Certificates::reload_further() {
  std::map<fs::path, net::TlsServer> found;
  std::error_code failed;
  for (fs::directory_iterator entry{certificate_.parent_path(), failed}, end; entry != end;
       entry.increment(failed)) {
    const fs::path folder = entry->path();
    if (!is_there(folder / kFurtherCertificate) || !is_there(folder / kFurtherKey)) continue;
    auto pair = net::TlsServer::load(folder / kFurtherCertificate, folder / kFurtherKey);
    if (pair) {
      found.emplace(folder, std::move(*pair));
      continue;
    }
    on_skipped_(pair.error());
    if (const auto before = further_.find(folder); before != further_.end()) found.insert(further_.extract(before));
  }
  if (failed) on_skipped_("cannot look into " + certificate_.parent_path().string() + ": " + failed.message());
  further_ = std::move(found);
}

}  // namespace posthaste::daemon
