// Hashes and passwords as other systems write them down.
#include <crypt.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <utility>

#include "common/auth/address.h"
#include "common/auth/password.h"
#include "common/base/octets.h"

namespace posthaste::auth {
namespace {

/// A family of crypt(5) hashes that we keep: its prefix and the length of the digest at the end.
struct Scheme {
  std::string_view prefix;
  std::size_t tail_octets;  // behind the last '$'
};

constexpr std::array kSchemes{
    Scheme{"$y$", 43},   // yescrypt
    Scheme{"$7$", 43},   // scrypt
    Scheme{"$2a$", 53},  // bcrypt: salt and digest are not parted
    Scheme{"$2b$", 53},  //
    Scheme{"$2y$", 53},  //
    Scheme{"$6$", 86},   // sha512crypt
    Scheme{"$5$", 43},   // sha256crypt
};

const Scheme* scheme_of(std::string_view hash) {
  const auto found =
      std::ranges::find_if(kSchemes, [hash](const Scheme& scheme) { return hash.starts_with(scheme.prefix); });
  return found == kSchemes.end() ? nullptr : &*found;
}

/// "$2b$NN$", with the cost between 4 and 31 that bcrypt knows; libcrypt checks it only when it hashes.
bool has_bcrypt_cost(std::string_view hash) {
  constexpr std::size_t kCostStart = 4;
  if (hash.size() < kCostStart + 3 || hash[kCostStart + 2] != '$') return false;
  const auto cost = parse_decimal(hash.substr(kCostStart, 2));
  return cost && *cost >= 4 && *cost <= 31;
}

bool is_crypt_base64(char c) { return is_alnum(c) || c == '.' || c == '/'; }

/// A name in braces at the start of `text`, as Dovecot marks its schemes; empty when there is none.
std::string_view scheme_name(std::string_view text) {
  if (!text.starts_with('{')) return {};
  const auto name = text.substr(1, text.find('}') - 1);
  const bool closed = name.size() + 1 < text.size();
  const bool is_name = std::ranges::all_of(name, [](char c) { return is_alnum(c) || c == '-' || c == '.'; });
  return closed && is_name ? name : std::string_view{};
}

std::expected<ImportedPassword, PasswordError> plain(std::string_view text) {
  if (text.empty() || text.find('\0') != std::string_view::npos) return std::unexpected(PasswordError::invalid);
  if (text.size() > kPasswordMaxOctets) return std::unexpected(PasswordError::too_long);
  return PlainPassword{std::string{text}};
}

/// A hash, with further fields of a passwd line behind it cut off; `prefix` is what its scheme demands.
std::expected<ImportedPassword, PasswordError> hashed(std::string_view text, std::string_view prefix) {
  std::string hash{text.substr(0, text.find(':'))};
  if (!hash.starts_with(prefix)) return std::unexpected(PasswordError::malformed);
  const auto checked = check_hash(hash);
  if (!checked) return std::unexpected(checked.error());
  return HashedPassword{std::move(hash)};
}

/// "$id$...", as every modern crypt(5) hash begins. A password may begin with '$' too, but hardly so.
bool looks_hashed(std::string_view text) {
  if (!text.starts_with('$')) return false;
  const auto id = text.substr(1, text.substr(1).find('$'));
  constexpr std::array<std::string_view, 7> kOthers{"1", "3", "md5", "gy", "argon2i", "argon2d", "argon2id"};
  return id.size() + 1 < text.size() &&
         (scheme_of(text) != nullptr || std::ranges::find(kOthers, id) != kOthers.end());
}

}  // namespace

std::expected<void, PasswordError> check_hash(const std::string& hash) {
  const auto* scheme = scheme_of(hash);
  if (scheme == nullptr) return std::unexpected(PasswordError::unsupported_scheme);
  if (hash.size() >= CRYPT_OUTPUT_SIZE) return std::unexpected(PasswordError::malformed);
  const auto last_dollar = hash.rfind('$');
  const auto tail = std::string_view{hash}.substr(last_dollar + 1);
  const bool whole = last_dollar >= scheme->prefix.size() && tail.size() == scheme->tail_octets &&
                     std::ranges::all_of(tail, is_crypt_base64) &&
                     std::ranges::all_of(hash, [](char c) { return is_printable(c); });
  if (hash.starts_with("$2") && !has_bcrypt_cost(hash)) return std::unexpected(PasswordError::malformed);
  if (!whole || crypt_checksalt(hash.c_str()) == CRYPT_SALT_INVALID) {
    return std::unexpected(PasswordError::malformed);
  }
  return {};
}

std::expected<ImportedPassword, PasswordError> parse_password(std::string_view text) {
  const auto name = scheme_name(text);
  if (name.empty()) return looks_hashed(text) ? hashed(text, "") : plain(text);
  const auto rest = text.substr(name.size() + 2);
  if (iequals(name, "PLAIN") || iequals(name, "CLEARTEXT")) return plain(rest);
  if (iequals(name, "CRYPT")) return hashed(rest, "");
  if (iequals(name, "BLF-CRYPT")) return hashed(rest, "$2");
  if (iequals(name, "SHA256-CRYPT")) return hashed(rest, "$5$");
  if (iequals(name, "SHA512-CRYPT")) return hashed(rest, "$6$");
  return std::unexpected(PasswordError::unsupported_scheme);
}

std::expected<ImportLine, ImportError> parse_import_line(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return std::unexpected(ImportError::no_colon);
  const auto address = parse_address(line.substr(0, colon));
  if (!address) return std::unexpected(ImportError::bad_address);
  auto password = parse_password(line.substr(colon + 1));
  if (password) return ImportLine{to_string(*address), std::move(*password)};
  switch (password.error()) {
    case PasswordError::unsupported_scheme: return std::unexpected(ImportError::unsupported_scheme);
    case PasswordError::malformed: return std::unexpected(ImportError::malformed);
    case PasswordError::too_long: return std::unexpected(ImportError::too_long);
    case PasswordError::invalid:
    case PasswordError::failed: return std::unexpected(ImportError::invalid);
  }
  std::unreachable();
}

}  // namespace posthaste::auth
