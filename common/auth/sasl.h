// SASL logins (RFC 4422), the same in SMTP, IMAP and POP3: from a mechanism's name to an identity.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "common/auth/authenticator.h"
#include "common/base/sasl_mechanism.h"
#include "common/net/task.h"
#include "common/net/tls.h"

namespace posthaste::auth {

/// An exchange that came to no verdict.
enum class SaslError {
  gone,           // the stream failed, or the daemon stops: nobody hears an answer
  cancelled,      // "*"
  bad_base64,     // a response that is none
  bad_message,    // a response that the mechanism does not allow
  impersonation,  // an authorization identity other than the user's own
  other_channel,  // the client's channel is not ours, or it was told of no -PLUS mechanism: somebody stands between
};

/// A line that the client sent as its response. Errors: cancelled, bad_base64.
[[nodiscard]] std::expected<std::string, SaslError> read_sasl_response(std::string_view line);

/// The protocol's side: how challenges are sent and responses read.
class SaslPeer {
 public:
  SaslPeer() = default;
  SaslPeer(const SaslPeer&) = delete;
  SaslPeer& operator=(const SaslPeer&) = delete;

  /// Sends the challenge, in base64 as the protocol frames it, and gives the decoded response.
  /// Errors: gone, cancelled, bad_base64.
  virtual net::Task<std::expected<std::string, SaslError>> ask(std::string challenge) = 0;

 protected:
  ~SaslPeer() = default;
};

struct SaslOutcome {
  using Failure = std::variant<SaslError, AuthError>;

  std::string login;  // as the client wrote it, for the log; empty when it did not come to that
  std::expected<Identity, Failure> identity;
};

/// One exchange. `mechanism` is one of those that `authenticator` offers for `tls`, which is null without TLS.
/// `initial_response` is decoded; `address` is the client's. All that is referred to outlives the task.
net::Task<SaslOutcome> authenticate(Authenticator& authenticator, SaslMechanism mechanism,
                                    const net::TlsSession* tls, std::optional<std::string> initial_response,
                                    std::string address, SaslPeer& peer);

}  // namespace posthaste::auth
