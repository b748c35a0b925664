// `posthaste user`: adding, importing, listing, deleting, and passwords.
#pragma once

#include <istream>
#include <string>

#include "admin/installation.h"
#include "admin/report.h"

namespace posthaste::admin {

/// Whether an address is a user's, or could be a new one's, so far: asked before a password is. Errors: why not.
[[nodiscard]] Outcome<void> expect_user(const auth::Directory& directory, const std::string& address);
[[nodiscard]] Outcome<void> expect_free(const auth::Directory& directory, const std::string& address);

/// Adds a user. The first of a domain gets its postmaster mail (RFC 5321 §4.5.1).
[[nodiscard]] Outcome<Report> add_user(auth::Directory& directory, const std::string& address,
                                       const std::string& display_name, const std::string& password);

/// Adds a user for each line "address:password" or "address:{SCHEME}hash" of `lines`; empty lines and those that
/// begin with '#' are passed over. Lines that can't be taken are told, each with its number; the others are added.
/// Plain passwords are hashed on every core.
[[nodiscard]] Outcome<Report> import_users(auth::Directory& directory, std::istream& lines);

[[nodiscard]] Outcome<Report> list_users(const auth::Directory& directory);
[[nodiscard]] Outcome<Report> delete_user(auth::Directory& directory, const std::string& address);
[[nodiscard]] Outcome<Report> set_password(auth::Directory& directory, const std::string& address,
                                           const std::string& password);

/// Asks for a password twice, without showing it, or reads one line when standard input is no terminal or
/// `from_stdin` says so.
[[nodiscard]] Outcome<std::string> read_password(bool from_stdin);

}  // namespace posthaste::admin
