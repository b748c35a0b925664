// The server's side of a SCRAM exchange (RFC 5802, RFC 7677), with or without channel binding: messages in,
// messages out.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "common/auth/password.h"

namespace posthaste::auth {

enum class ScramError {
  malformed,       // a message that RFC 5802 §7 does not allow
  extension,       // "m=...", which a server that does not know it must refuse
  impersonation,   // an authorization identity other than the user's own
  nonce_mismatch,  // the client-final-message belongs to another exchange
  other_channel,   // the client is bound to another channel than ours: somebody stands between
  wrong_proof,
};

/// What the client says of channel binding (gs2-cbind-flag, RFC 5801 §4).
enum class ClientBinds {
  no,               // "n": it can't
  server_does_not,  // "y": it could, and saw no -PLUS mechanism
  yes,              // "p=..."
};

/// The client-first-message, taken apart.
struct ScramClientFirst {
  std::string gs2_header;  // "n,,", to be found again in the client-final-message
  ClientBinds binds = ClientBinds::no;
  std::string binding_name;  // "tls-exporter"; empty unless it binds
  std::string bare;          // what the signatures cover
  std::string user_name;     // with "=2C" and "=3D" decoded
  std::string nonce;
  bool operator==(const ScramClientFirst&) const = default;
};

/// All of `message`, base64 already undone. Errors: malformed, extension, impersonation.
[[nodiscard]] std::expected<ScramClientFirst, ScramError> parse_scram_client_first(std::string_view message);

/// One exchange: made when the client's first message has come, with the keys of the user that it names.
class ScramExchange {
 public:
  /// `keys` are those of each password that the user may have, at least one, all with one salt and iteration count:
  /// the client is told these before it is known which password it has. `server_nonce` is printable, without ',',
  /// and fresh. `channel` is the channel binding's data, empty unless the client binds.
  ScramExchange(ScramHash hash, ScramClientFirst client_first, std::vector<ScramKeys> keys,
                std::string_view server_nonce, std::string channel = {});

  /// The server-first-message, to be sent in base64.
  [[nodiscard]] const std::string& server_first() const noexcept { return server_first_; }

  struct Proof {
    std::size_t key = 0;       // whose password was proved, an index into `keys`
    std::string server_final;  // the server-final-message
    bool operator==(const Proof&) const = default;
  };
  /// Takes the client-final-message.
  /// Errors: malformed, also when it does not repeat the gs2-header; nonce_mismatch, other_channel, wrong_proof.
  [[nodiscard]] std::expected<Proof, ScramError> finish(std::string_view client_final) const;

 private:
  ScramHash hash_;
  ScramClientFirst client_first_;
  std::vector<ScramKeys> keys_;
  std::string channel_;
  std::string nonce_;  // the client's, then the server's
  std::string server_first_;
};

}  // namespace posthaste::auth
