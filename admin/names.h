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

/// What becomes of an alias that is there, with other targets.
enum class Present { refused, replaced };

/// Adds an alias; "@example.org" takes what nothing else in the domain takes. Targets of ours that are nobody's are
/// told. Errors: it is there, and leads elsewhere; it would lead back to itself, or too deep.
[[nodiscard]] Outcome<Report> add_alias(auth::Directory& directory, const std::string& address,
                                        const std::vector<std::string>& targets, Present present);
[[nodiscard]] Outcome<Report> list_aliases(const auth::Directory& directory);
/// Says who still leads there, and whether the domain has no postmaster any more.
[[nodiscard]] Outcome<Report> delete_alias(auth::Directory& directory, const std::string& address);

}  // namespace posthaste::admin
