#include "common/session/certificates.h"

namespace posthaste::session {

std::expected<std::unique_ptr<daemon::Certificates>, std::string> open_certificates(
    const daemon::Setting& setting) {
  const auto tell = [&log = setting.log](const std::string& reason) {
    log.error("certificate.skipped", {{"reason", reason}});
  };
  const auto& paths = setting.config.paths;
  return daemon::Certificates::load(paths.certificate, paths.private_key, tell);
}

void reload(daemon::Certificates& certificates, const log::Log& log) {
  const auto reloaded = certificates.reload();
  if (!reloaded) log.error("certificate.kept", {{"reason", reloaded.error()}});
}

}  // namespace posthaste::session
