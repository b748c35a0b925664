// The client's side of SCRAM (RFC 5802 §3), as tests need it.
#pragma once

#include <string>
#include <string_view>

#include "common/auth/password.h"
#include "common/base/base64.h"
#include "common/base/octets.h"

namespace posthaste::auth {

/// One exchange of a client that knows `password`.
class ScramClient {
 public:
  /// `gs2_header` is "n,,", "p=tls-exporter,," and the like; `channel` what is bound to.
  ScramClient(ScramHash hash, std::string user, std::string password, std::string gs2_header = "n,,",
              std::string channel = {})
      : hash_(hash),
        password_(std::move(password)),
        gs2_header_(std::move(gs2_header)),
        channel_(std::move(channel)),
        bare_("n=" + user + ",r=clientnonce") {}

  [[nodiscard]] std::string first() const { return gs2_header_ + bare_; }

  /// The answer to the server-first-message.
  [[nodiscard]] std::string final(std::string_view server_first) {
    const std::string nonce = attribute(server_first, "r=");
    const std::string without_proof = "c=" + base64_encode(gs2_header_ + channel_) + ",r=" + nonce;
    auth_message_ = bare_ + "," + std::string{server_first} + "," + without_proof;
    salted_ = salted_password(*base64_decode(attribute(server_first, "s=")),
                              static_cast<std::uint32_t>(*parse_decimal(attribute(server_first, "i="))));
    const auto client_key = hmac(hash_, salted_, "Client Key");
    const auto signature = hmac(hash_, digest(hash_, client_key), auth_message_);
    return without_proof + ",p=" + base64_encode(exclusive_or(client_key, signature));
  }

  /// What the server must answer to final().
  [[nodiscard]] std::string server_final() const {
    return "v=" + base64_encode(hmac(hash_, hmac(hash_, salted_, "Server Key"), auth_message_));
  }

 private:
  /// "x=" of a message; no attribute's value in these begins with another's name.
  static std::string attribute(std::string_view message, std::string_view name) {
    const auto start = message.starts_with(name) ? 0 : message.find("," + std::string{name}) + 1;
    const auto value = message.substr(start + name.size());
    return std::string{value.substr(0, value.find(','))};
  }

  static std::string exclusive_or(std::string a, std::string_view b) {
    for (std::size_t i = 0; i < a.size(); ++i) a[i] = static_cast<char>(a[i] ^ b[i]);
    return a;
  }

  /// Hi() of RFC 5802 §2.2, by its definition.
  [[nodiscard]] std::string salted_password(const std::string& salt, std::uint32_t iterations) const {
    std::string u = hmac(hash_, password_, salt + std::string{"\0\0\0\1", 4});
    std::string result = u;
    for (std::uint32_t i = 1; i < iterations; ++i) {
      u = hmac(hash_, password_, u);
      result = exclusive_or(std::move(result), u);
    }
    return result;
  }

  ScramHash hash_;
  std::string password_;
  std::string gs2_header_;
  std::string channel_;
  std::string bare_;
  std::string salted_;
  std::string auth_message_;
};

}  // namespace posthaste::auth
