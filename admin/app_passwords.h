// `posthaste user app-password`: passwords for single clients.
#pragma once

#include <string>
#include <vector>

#include "admin/installation.h"
#include "admin/report.h"

namespace posthaste::admin {

/// Makes one and tells it, once. `scope` are services, "imap", "pop3", "smtp".
[[nodiscard]] Outcome<Report> add_app_password(auth::Directory& directory, const std::string& address,
                                               const std::string& name, const std::vector<std::string>& scope);

[[nodiscard]] Outcome<Report> list_app_passwords(const auth::Directory& directory, const std::string& address);

/// It is worth nothing any more; sessions that it opened end within seconds.
[[nodiscard]] Outcome<Report> delete_app_password(auth::Directory& directory, const std::string& address,
                                                  const std::string& name);

}  // namespace posthaste::admin
