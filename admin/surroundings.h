// What around the daemons keeps mail or clients away: no room on the disk, certificates that end.
#pragma once

#include <string>
#include <vector>

#include "admin/report.h"
#include "common/base/clock.h"
#include "common/config/config.h"
#include "common/daemon/certificates.h"

namespace posthaste::admin {

/// A line for each file system on which mail finds no room. No success if there is one.
[[nodiscard]] Report look_at_disks(const config::Config& config);

/// A line for each certificate that cannot be used, has ended, or ends soon. No success with the first two. As the
/// daemons' user.
[[nodiscard]] Report look_at_certificates(const config::Config& config);

/// One line about a certificate that has ended or ends soon; empty for any other.
[[nodiscard]] std::string expiry_words(const daemon::Certificates::Expiry& expiry, WallTime now);

}  // namespace posthaste::admin
