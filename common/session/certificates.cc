#include "common/session/certificates.h"

#include <chrono>

namespace posthaste::session {

std::expected<std::unique_ptr<daemon::Certificates>, std::string> open_certificates(
    const daemon::Setting& setting) {
  const auto tell = [&log = setting.log](const std::string& reason) {
    log.error("certificate.skipped", {{"reason", reason}});
  };
  const auto& paths = setting.config.paths;
  return daemon::Certificates::load(paths.certificate, paths.private_key, tell);
}

bool reload(daemon::Certificates& certificates, const log::Log& log) {
  const std::string told = certificates.main_fault();
  const auto reloaded = certificates.reload();
  if (!reloaded && reloaded.error() != told) log.error("certificate.kept", {{"reason", reloaded.error()}});
  return certificates.are_all_usable();
}

void tell_expiries(const daemon::Certificates& certificates, const log::Log& log, WallTime now) {
  for (const auto& [file, at] : certificates.expiries()) {
    if (at <= now) {
      log.error("certificate.expired", {{"file", file.string()}});
    } else if (at - now <= daemon::kExpiryWarning) {
      log.warning("certificate.expires",
                  {{"file", file.string()}, {"days", std::chrono::floor<std::chrono::days>(at - now).count()}});
    }
  }
}

}  // namespace posthaste::session
