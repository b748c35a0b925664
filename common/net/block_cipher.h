// AES-128 on single blocks (FIPS 197): for numbers that shall look like any others.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

struct evp_cipher_ctx_st;

namespace posthaste::net {

/// No mode, no padding: equal blocks look equal. Used by one thread at a time.
class BlockCipher {
 public:
  static constexpr std::size_t kOctets = 16;  // of a key and of a block

  explicit BlockCipher(const std::array<char, kOctets>& key);

  /// `block` has kOctets, and so has what comes back.
  [[nodiscard]] std::string encrypt(std::string_view block) const;
  [[nodiscard]] std::string decrypt(std::string_view block) const;

 private:
  struct Free {
    void operator()(evp_cipher_ctx_st* context) const noexcept;
  };
  using Context = std::unique_ptr<evp_cipher_ctx_st, Free>;
  [[nodiscard]] static Context make(const std::array<char, kOctets>& key, int encrypts);

  Context encryption_;
  Context decryption_;
};

}  // namespace posthaste::net
