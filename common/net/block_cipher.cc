#include "common/net/block_cipher.h"

#include <openssl/evp.h>

#include <cassert>
#include <new>

namespace posthaste::net {
namespace {

const unsigned char* octets_of(const char* octets) { return reinterpret_cast<const unsigned char*>(octets); }

std::string one_block(evp_cipher_ctx_st* context, std::string_view input) {
  assert(input.size() == BlockCipher::kOctets);
  std::string output(input.size(), '\0');
  int octets = 0;
  EVP_CipherUpdate(context, reinterpret_cast<unsigned char*>(output.data()), &octets, octets_of(input.data()),
                   static_cast<int>(input.size()));
  return output;
}

}  // namespace

void BlockCipher::Free::operator()(evp_cipher_ctx_st* context) const noexcept { EVP_CIPHER_CTX_free(context); }

BlockCipher::Context BlockCipher::make(const std::array<char, kOctets>& key, int encrypts) {
  Context context{EVP_CIPHER_CTX_new()};
  // All that can fail is memory.
  if (!context ||
      EVP_CipherInit_ex(context.get(), EVP_aes_128_ecb(), nullptr, octets_of(key.data()), nullptr, encrypts) != 1) {
    throw std::bad_alloc();
  }
  EVP_CIPHER_CTX_set_padding(context.get(), 0);
  return context;
}

BlockCipher::BlockCipher(const std::array<char, kOctets>& key)
    : encryption_(make(key, 1)), decryption_(make(key, 0)) {}

std::string BlockCipher::encrypt(std::string_view block) const { return one_block(encryption_.get(), block); }
std::string BlockCipher::decrypt(std::string_view block) const { return one_block(decryption_.get(), block); }

}  // namespace posthaste::net
