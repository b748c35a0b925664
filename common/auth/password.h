// Passwords at rest: libcrypt's hashes, SCRAM's keys (RFC 5802, RFC 7677), and what other systems export.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace posthaste::auth {

enum class PasswordError {
  unsupported_scheme,  // a hash that libcrypt can't check, or one too weak to keep (DES, MD5)
  malformed,           // a known scheme, but not one of its hashes
  too_long,            // libcrypt takes 511 octets, SASL no more than we say
  invalid,             // empty, or with a NUL, which libcrypt takes for the end
  failed,              // libcrypt or OpenSSL refused
};

inline constexpr std::size_t kPasswordMaxOctets = 511;  // libcrypt's CRYPT_MAX_PASSPHRASE_SIZE, without its NUL
inline constexpr std::size_t kHashSaltOctets = 16;      // random octets that a yescrypt salt is made from
inline constexpr std::size_t kScramSaltOctets = 16;
inline constexpr std::uint32_t kScramIterations =
    15'000;  // RFC 7677 §4: 4,096 at least, 15,000 by its rule of thumb

/// Compares in time that depends on the lengths alone.
[[nodiscard]] bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept;

/// A yescrypt hash ("$y$...") of `password`, prepared by SASLprep (RFC 4013) if it can be; `random` is
/// kHashSaltOctets octets from the system's generator. Takes some ten milliseconds and megabytes: never on a loop.
/// Errors: too_long, invalid, failed.
[[nodiscard]] std::expected<std::string, PasswordError> hash_password(const std::string& password,
                                                                      std::string_view random);

/// Whether `password` is the one that `hash` was made from: as it is, for hashes from elsewhere, or prepared by
/// SASLprep (RFC 4616 §4). Slow by design: never on a loop.
/// A hash or password that libcrypt refuses fits nothing.
[[nodiscard]] bool verify_password(const std::string& password, const std::string& hash);

/// A complete hash that libcrypt can check: yescrypt $y$, scrypt $7$, bcrypt $2a$ $2b$ $2y$, SHA-512 $6$, SHA-256
/// $5$. Errors: unsupported_scheme, malformed.
[[nodiscard]] std::expected<void, PasswordError> check_hash(const std::string& hash);

struct PlainPassword {
  std::string text;
  bool operator==(const PlainPassword&) const = default;
};
struct HashedPassword {
  std::string hash;
  bool operator==(const HashedPassword&) const = default;
};
using ImportedPassword = std::variant<PlainPassword, HashedPassword>;

/// A password as another system exports it: "{SCHEME}..." with SCHEME one of PLAIN, CLEARTEXT, CRYPT, BLF-CRYPT,
/// SHA256-CRYPT, SHA512-CRYPT; without a scheme, a bare hash that starts with '$', or else the plain password.
/// Errors: unsupported_scheme ({ARGON2ID}, {SSHA}, {MD5} and the like), malformed, too_long, invalid.
[[nodiscard]] std::expected<ImportedPassword, PasswordError> parse_password(std::string_view text);

/// One line of `user import`, "address:password". Any octet but the first ':' may follow in the password.
struct ImportLine {
  std::string address;  // checked by parse_address() and folded
  ImportedPassword password;
  bool operator==(const ImportLine&) const = default;
};
enum class ImportError { no_colon, bad_address, unsupported_scheme, malformed, too_long, invalid };

/// All of `line`, without its line ending. A Unix or Dovecot passwd-file line serves too: what follows the hash
/// after another ':' is left out, since no hash holds one.
[[nodiscard]] std::expected<ImportLine, ImportError> parse_import_line(std::string_view line);

enum class ScramHash { sha1, sha256 };

/// What a server keeps to run SCRAM (RFC 5802 §3), octets as they are.
struct ScramKeys {
  std::string salt;
  std::uint32_t iterations = 0;
  std::string stored_key;
  std::string server_key;
  bool operator==(const ScramKeys&) const = default;
};

/// The keys of `password`, prepared by SASLprep as a stored string (RFC 5802 §2.2). Nothing for a password that
/// can't be: its owner logs in by PLAIN. Slow by design: never on a loop.
[[nodiscard]] std::optional<ScramKeys> scram_keys(ScramHash hash, std::string_view password, std::string salt,
                                                  std::uint32_t iterations);

[[nodiscard]] std::string hmac(ScramHash hash, std::string_view key, std::string_view octets);
[[nodiscard]] std::string digest(ScramHash hash, std::string_view octets);

}  // namespace posthaste::auth
