#include "admin/credentials.h"

#include <optional>
#include <span>
#include <utility>
#include <variant>

#include "common/net/system_random.h"

namespace posthaste::admin {
namespace {

/// The keys that the user's passwords have for one hash, if any has.
std::optional<auth::ScramKeys> first_keys(const auth::Credential& credential,
                                          const std::vector<auth::AppPassword>& app_passwords,
                                          std::optional<auth::ScramKeys> auth::Credential::*own,
                                          std::optional<auth::ScramKeys> auth::AppPassword::*of_app) {
  if (credential.*own) return credential.*own;
  for (const auto& app_password : app_passwords) {
    if (app_password.*of_app) return app_password.*of_app;
  }
  return std::nullopt;
}

ScramSalt fresh_salt() { return {random_octets(auth::kScramSaltOctets), auth::kScramIterations}; }

ScramSalt salt_of(const std::optional<auth::ScramKeys>& keys) {
  return keys ? ScramSalt{keys->salt, keys->iterations} : fresh_salt();
}

}  // namespace

std::string random_octets(std::size_t count) {
  std::string octets(count, '\0');
  net::SystemRandom random;
  random.fill(std::as_writable_bytes(std::span{octets}));
  return octets;
}

ScramSalts fresh_salts() { return {fresh_salt(), fresh_salt()}; }

ScramSalts salts_of(const auth::Credential& credential, const std::vector<auth::AppPassword>& app_passwords) {
  return {
      salt_of(first_keys(credential, app_passwords, &auth::Credential::scram_sha1, &auth::AppPassword::scram_sha1)),
      salt_of(first_keys(credential, app_passwords, &auth::Credential::scram_sha256,
                         &auth::AppPassword::scram_sha256))};
}

Outcome<auth::Credential> credential_for(const auth::ImportedPassword& password, const ScramSalts& salts) {
  auth::Credential credential;
  if (const auto* hashed = std::get_if<auth::HashedPassword>(&password)) {
    if (auto usable = auth::check_hash(hashed->hash); !usable) return Failure(what_is_wrong(usable.error()));
    credential.hash = hashed->hash;
    return credential;
  }
  const std::string& text = std::get<auth::PlainPassword>(password).text;
  auto hash = auth::hash_password(text, random_octets(auth::kHashSaltOctets));
  if (!hash) return Failure(what_is_wrong(hash.error()));
  credential.hash = std::move(*hash);
  credential.scram_sha1 = auth::scram_keys(auth::ScramHash::sha1, text, salts.sha1.salt, salts.sha1.iterations);
  credential.scram_sha256 =
      auth::scram_keys(auth::ScramHash::sha256, text, salts.sha256.salt, salts.sha256.iterations);
  return credential;
}

std::string what_is_wrong(auth::PasswordError error) {
  using enum auth::PasswordError;
  switch (error) {
    case unsupported_scheme: return "its hash is of a scheme that can't be checked here; ask for a new password";
    case malformed: return "its hash is damaged";
    case too_long: return "the password is longer than 511 octets";
    case invalid: return "the password is empty or holds a NUL";
    case failed: return "the password could not be hashed";
  }
  std::unreachable();
}

}  // namespace posthaste::admin
