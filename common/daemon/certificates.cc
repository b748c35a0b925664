#include "common/daemon/certificates.h"

#include <system_error>
#include <utility>

#include "common/net/certificate.h"

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

std::string Certificates::main_fault() const {
  const auto found = unusable_.find(certificate_);
  return found == unusable_.end() ? "" : found->second;
}

std::vector<Certificates::Expiry> Certificates::expiries() const {
  std::vector<Expiry> all{{certificate_, main_expires_}};
  for (const auto& [folder, further] : further_) all.push_back({folder / kFurtherCertificate, further.expires});
  return all;
}

std::expected<void, std::string> Certificates::reload() {
  auto server = net::TlsServer::load(certificate_, key_);
  if (!server) {
    unusable_[certificate_] = server.error();
    return std::unexpected(server.error());
  }
  unusable_.erase(certificate_);
  main_expires_ = net::certificate_expiry(certificate_).value_or(WallTime::max());
  reload_further();
  for (const auto& [folder, further] : further_) server->serve_also(further.server);
  auto fresh = std::make_shared<const net::TlsServer>(std::move(*server));
  const std::lock_guard lock{mutex_};
  current_ = std::move(fresh);
  return {};
}

void Certificates::reload_further() {
  std::map<fs::path, Further> found;
  std::map<fs::path, std::string> unusable;
  const auto skip = [&](const fs::path& folder, const std::string& reason) {
    const auto told = unusable_.find(folder);
    if (told == unusable_.end() || told->second != reason) on_skipped_(reason);
    unusable[folder] = reason;
  };
  const fs::path parent = certificate_.parent_path();
  std::error_code failed;
  for (fs::directory_iterator entry{parent, failed}, end; entry != end; entry.increment(failed)) {
    const fs::path folder = entry->path();
    const fs::path certificate = folder / kFurtherCertificate;
    if (!is_there(certificate) || !is_there(folder / kFurtherKey)) continue;
    auto pair = net::TlsServer::load(certificate, folder / kFurtherKey);
    if (pair) {
      found.emplace(folder,
                    Further{std::move(*pair), net::certificate_expiry(certificate).value_or(WallTime::max())});
      continue;
    }
    skip(folder, pair.error());
    if (const auto before = further_.find(folder); before != further_.end()) found.insert(further_.extract(before));
  }
  if (failed) skip(parent, "cannot look into " + parent.string() + ": " + failed.message());
  further_ = std::move(found);
  unusable_ = std::move(unusable);
}

}  // namespace posthaste::daemon
