#include "common/auth/password.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <memory>

#include "common/auth/saslprep.h"

namespace posthaste::auth {
namespace {

/// libcrypt's work area, wiped before it is given back.
struct WipeWorkArea {
  void operator()(crypt_data* data) const noexcept {
    OPENSSL_cleanse(data, sizeof *data);
    delete data;  // NOLINT(cppcoreguidelines-owning-memory): this is the owner's deleter
  }
};

/// What libcrypt makes of `password` under `setting`, a salt or a whole hash. Nothing when it refuses either.
std::optional<std::string> crypt_password(const std::string& password, const std::string& setting) {
  const std::unique_ptr<crypt_data, WipeWorkArea> data{new crypt_data{}};
  const char* hash = crypt_rn(password.c_str(), setting.c_str(), data.get(), static_cast<int>(sizeof(crypt_data)));
  if (hash == nullptr) return std::nullopt;
  return hash;
}

std::expected<void, PasswordError> check_password(std::string_view password) {
  if (password.empty() || password.find('\0') != std::string_view::npos) {
    return std::unexpected(PasswordError::invalid);
  }
  if (password.size() > kPasswordMaxOctets) return std::unexpected(PasswordError::too_long);
  return {};
}

const EVP_MD* algorithm(ScramHash hash) { return hash == ScramHash::sha1 ? EVP_sha1() : EVP_sha256(); }

unsigned char* octets_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
const unsigned char* octets_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::expected<std::string, PasswordError> hash_password(const std::string& password, std::string_view random) {
  const auto checked = check_password(password);
  if (!checked) return std::unexpected(checked.error());
  const auto prepared = saslprep(password, StringKind::stored);
  if (random.size() != kHashSaltOctets) return std::unexpected(PasswordError::failed);
  std::array<char, CRYPT_GENSALT_OUTPUT_SIZE> setting{};
  const char* made = crypt_gensalt_rn("$y$", 0, random.data(), static_cast<int>(random.size()), setting.data(),
                                      static_cast<int>(setting.size()));
  if (made == nullptr) return std::unexpected(PasswordError::failed);
  auto hash = crypt_password(prepared.value_or(password), made);
  if (!hash) return std::unexpected(PasswordError::failed);
  return std::move(*hash);
}

bool verify_password(const std::string& password, const std::string& hash) {
  const auto fits = [&hash](const std::string& spelling) {
    if (!check_password(spelling)) return false;
    const auto computed = crypt_password(spelling, hash);
    return computed && equal_in_constant_time(*computed, hash);
  };
  if (fits(password)) return true;
  const auto prepared = saslprep(password, StringKind::query);
  return prepared && *prepared != password && fits(*prepared);
}

std::string hmac(ScramHash hash, std::string_view key, std::string_view octets) {
  std::string result(EVP_MAX_MD_SIZE, '\0');
  unsigned int size = 0;
  HMAC(algorithm(hash), key.data(), static_cast<int>(key.size()), octets_of(octets), octets.size(),
       octets_of(result), &size);
  result.resize(size);
  return result;
}

std::string digest(ScramHash hash, std::string_view octets) {
  std::string result(EVP_MAX_MD_SIZE, '\0');
  unsigned int size = 0;
  EVP_Digest(octets.data(), octets.size(), octets_of(result), &size, algorithm(hash), nullptr);
  result.resize(size);
  return result;
}

std::optional<ScramKeys> scram_keys(ScramHash hash, std::string_view password, std::string salt,
                                    std::uint32_t iterations) {
  const auto prepared = saslprep(password, StringKind::stored);
  if (!prepared || !check_password(*prepared)) return std::nullopt;
  std::string salted_password(static_cast<std::size_t>(EVP_MD_get_size(algorithm(hash))), '\0');
  const int made =
      PKCS5_PBKDF2_HMAC(prepared->data(), static_cast<int>(prepared->size()), octets_of(std::string_view{salt}),
                        static_cast<int>(salt.size()), static_cast<int>(iterations), algorithm(hash),
                        static_cast<int>(salted_password.size()), octets_of(salted_password));
  if (made != 1) return std::nullopt;
  ScramKeys keys{std::move(salt), iterations, digest(hash, hmac(hash, salted_password, "Client Key")),
                 hmac(hash, salted_password, "Server Key")};
  OPENSSL_cleanse(salted_password.data(), salted_password.size());
  return keys;
}

}  // namespace posthaste::auth
