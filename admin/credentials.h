// Credentials as the directory keeps them, made from passwords.
#pragma once

#include <cstdint>
#include <string>

#include "admin/installation.h"
#include "common/auth/directory.h"

namespace posthaste::admin {

[[nodiscard]] std::string random_octets(std::size_t count);

/// What SCRAM tells a client before it proves a password: one for all passwords of a user.
struct ScramSalt {
  std::string salt;
  std::uint32_t iterations = 0;
};
struct ScramSalts {
  ScramSalt sha1;
  ScramSalt sha256;
};

/// Those of a user without passwords.
[[nodiscard]] ScramSalts fresh_salts();
/// Those that the user's passwords have; fresh ones where none has any.
[[nodiscard]] ScramSalts salts_of(const auth::Credential& credential,
                                  const std::vector<auth::AppPassword>& app_passwords);

/// With a plain password come the keys for SCRAM; from a hash alone they can't be made.
[[nodiscard]] Outcome<auth::Credential> credential_for(const auth::ImportedPassword& password,
                                                       const ScramSalts& salts);

[[nodiscard]] std::string what_is_wrong(auth::PasswordError error);

}  // namespace posthaste::admin
