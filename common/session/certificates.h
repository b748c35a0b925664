// The installation's certificates as a server opens them, and what the log says of them.
#pragma once

#include <expected>
#include <memory>
#include <string>

#include "common/daemon/certificates.h"
#include "common/daemon/program.h"
#include "common/log/log.h"

namespace posthaste::session {

/// Of one in a subfolder that is no good the log tells, now and when it is reloaded: certificate.skipped.
/// Errors, for the main one: a sentence for the operator.
[[nodiscard]] std::expected<std::unique_ptr<daemon::Certificates>, std::string> open_certificates(
    const daemon::Setting& setting);

/// Of a changed one that is no good the log tells, once for each reason: certificate.kept. Whether all are good.
[[nodiscard]] bool reload(daemon::Certificates& certificates, const log::Log& log);

/// Of those that end within 14 days the log tells: certificate.expires, or certificate.expired.
void tell_expiries(const daemon::Certificates& certificates, const log::Log& log, WallTime now);

}  // namespace posthaste::session
