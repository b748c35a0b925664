// `posthaste domain` and `posthaste alias`: the names that mail can come to.
#pragma once

#include <string>
#include <vector>

#include "admin/installation.h"
#include "admin/report.h"

namespace posthaste::admin {

[[nodiscard]] Outcome<Report> add_domain(auth::Directory& directory, const std::string& domain);
[[nodiscard]] Outcome<Report> list_domains(const auth::Directory& directory);
[[nodiscard]] Outcome<Report> delete_domain(auth::Directory& directory, const std::string& domain);

/// Adds an alias or gives it new targets; "@example.org" takes what nothing else in the domain takes.
[[nodiscard]] Outcome<Report> add_alias(auth::Directory& directory, const std::string& address,
                                        const std::vector<std::string>& targets);
[[nodiscard]] Outcome<Report> list_aliases(const auth::Directory& directory);
[[nodiscard]] Outcome<Report> delete_alias(auth::Directory& directory, const std::string& address);

}  // namespace posthaste::admin
