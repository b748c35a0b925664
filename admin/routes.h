// `posthaste route`: next hops that do not follow MX records.
#pragma once

#include <string>

#include "admin/installation.h"
#include "admin/report.h"

namespace posthaste::admin {

/// The route to the next hop at `url`, for `target`: user@domain, a domain, or "*". Without the password.
[[nodiscard]] Outcome<auth::Route> read_route(const std::string& target, const std::string& url);

/// Adds the route or replaces the one of its target.
[[nodiscard]] Outcome<Report> add_route(auth::Directory& directory, const auth::Route& route);
/// All routes; of a password only whether there is one.
[[nodiscard]] Outcome<Report> list_routes(const auth::Directory& directory);
[[nodiscard]] Outcome<Report> delete_route(auth::Directory& directory, const std::string& target);

}  // namespace posthaste::admin
