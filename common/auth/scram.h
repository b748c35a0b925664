// The server's side of a SCRAM exchange (RFC 5802, RFC 7677), without channel binding: messages in, messages out.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "common/auth/password.h"

namespace posthaste::auth {

enum class ScramError {
  malformed,                  // a message that RFC 5802 §7 does not allow
  channel_binding_asked_for,  // "p=...": only -PLUS mechanisms bind, and we name none
  extension,                  // "m=...", which a server that does not know it must refuse
  impersonation,              // an authorization identity other than the user's own
  nonce_mismatch,             // the client-final-message belongs to another exchange
  wrong_proof,
};

/// The client-first-message, taken apart.
struct ScramClientFirst {
  std::string gs2_header;  // "n,,", to be found again in the client-final-message
  std::string bare;        // what the signatures cover
  std::string user_name;   // with "=2C" and "=3D" decoded
  std::string nonce;
  bool operator==(const ScramClientFirst&) const = default;
};

/// All of `message`, base64 already undone. Errors: malformed, channel_binding_asked_for, extension, impersonation.
[[nodiscard]] std::expected<ScramClientFirst, ScramError> parse_scram_client_first(std::string_view message);

/// One exchange: made when the client's first message has come, with the keys of the user that it names.
class ScramExchange {
 public:
  /// `server_nonce` is printable, without ',', and fresh.
  ScramExchange(ScramHash hash, ScramClientFirst client_first, ScramKeys keys, std::string_view server_nonce);

  /// The server-first-message, to be sent in base64.
  [[nodiscard]] const std::string& server_first() const noexcept { return server_first_; }

  /// Takes the client-final-message; returns the server-final-message.
  /// Errors: malformed, nonce_mismatch, wrong_proof; a client that binds a channel it did not announce is
  /// malformed.
  [[nodiscard]] std::expected<std::string, ScramError> finish(std::string_view client_final) const;

 private:
  ScramHash hash_;
  ScramClientFirst client_first_;
  ScramKeys keys_;
  std::string nonce_;  // the client's, then the server's
  std::string server_first_;
};

}  // namespace posthaste::auth
