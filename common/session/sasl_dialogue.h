// The client's side of a SASL exchange in a protocol of lines: SMTP, IMAP, POP3 (RFC 4422 §4).
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/auth/sasl.h"
#include "common/base/sasl_mechanism.h"
#include "common/net/stream.h"
#include "common/net/task.h"

namespace posthaste::session {

/// The mechanism of that name, if it is among those offered.
[[nodiscard]] std::optional<SaslMechanism> choose_mechanism(std::span<const SaslMechanism> offered,
                                                            std::string_view name);

/// An initial response as it stands behind the mechanism's name; "=" is an empty one (RFC 4954 §4, RFC 5034 §4).
/// Errors: bad_base64.
[[nodiscard]] std::expected<std::string, auth::SaslError> read_initial_response(std::string_view text);

/// Challenges in base64 behind what the protocol begins them with, responses as lines.
class SaslDialogue final : public auth::SaslPeer {
 public:
  /// `begin` is "334 " (RFC 4954 §4) or "+ " (RFC 9051 §6.2.2, RFC 5034 §4); a response has at most
  /// `line_max_octets` with CRLF. Both, and `stream`, outlive the dialogue.
  SaslDialogue(net::Stream& stream, std::string_view begin, std::size_t line_max_octets)
      : stream_(stream), begin_(begin), line_max_octets_(line_max_octets) {}

  net::Task<std::expected<std::string, auth::SaslError>> ask(std::string challenge) override;

  /// Why the client is gone, if it is.
  [[nodiscard]] const std::optional<net::StreamError>& end() const noexcept { return end_; }

 private:
  net::Stream& stream_;
  const std::string_view begin_;
  const std::size_t line_max_octets_;
  std::optional<net::StreamError> end_;
};

}  // namespace posthaste::session
