// TLS 1.2 and 1.3 over any transport, by OpenSSL.
#pragma once

#include <chrono>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "common/net/clock.h"
#include "common/net/network.h"
#include "common/net/task.h"

extern "C" {
struct ssl_ctx_st;
struct ssl_st;
}

namespace posthaste::net {

struct SslContextDeleter {
  void operator()(ssl_ctx_st* context) const noexcept;
};
struct SslDeleter {
  void operator()(ssl_st* ssl) const noexcept;
};

/// What ties a login to the TLS connection that it is made over (RFC 5056).
enum class ChannelBinding {
  tls_exporter,          // RFC 9266; of TLS 1.3 alone, where every connection has its own
  tls_server_end_point,  // RFC 5929 §4: the server's certificate
};

/// A transport that encrypts what another one carries. Close-notify is sent on close() as far as that goes
/// without waiting.
class TlsSession final : public Transport {
 public:
  TlsSession(std::unique_ptr<ssl_st, SslDeleter> ssl, std::unique_ptr<Transport> carrier);
  ~TlsSession() override;

  /// Errors: tls_failed, closed, timed_out, interrupted.
  Task<std::expected<void, StreamError>> shake_hands(std::chrono::milliseconds timeout);

  /// Why shake_hands() said tls_failed, with OpenSSL's reason: "the certificate does not fit: self-signed
  /// certificate", "the TLS handshake failed: wrong version number".
  [[nodiscard]] std::string failure() const;

  /// "TLSv1.3"
  [[nodiscard]] std::string_view version() const noexcept;
  /// "TLS_AES_256_GCM_SHA384"
  [[nodiscard]] std::string_view cipher() const noexcept;
  /// The same octets on both sides, after the handshake. Nothing where the kind is not defined: tls-exporter before
  /// TLS 1.3, tls-server-end-point for a certificate whose signature has no one hash (Ed25519).
  [[nodiscard]] std::optional<std::string> channel_binding(ChannelBinding kind) const;

  std::expected<bool, StreamError> receive(std::string& input) override;
  Task<std::expected<Readiness, StreamError>> wait(std::chrono::milliseconds timeout) override;
  ValueOrTask<std::expected<void, StreamError>> send(std::string_view octets,
                                                     std::chrono::milliseconds timeout) override;
  [[nodiscard]] bool is_broken() const override { return carrier_->is_broken(); }
  void wake() override { carrier_->wake(); }
  void interrupt() override { carrier_->interrupt(); }
  void close(std::string_view last_words = {}) override;
  [[nodiscard]] const Endpoint& peer() const override { return carrier_->peer(); }
  [[nodiscard]] const Endpoint& local() const override { return carrier_->local(); }
  [[nodiscard]] std::optional<std::uint32_t> peer_user() const override { return carrier_->peer_user(); }

 private:
  [[nodiscard]] bool encrypt(std::string_view octets);
  Task<std::expected<void, StreamError>> send_records(std::chrono::milliseconds timeout);
  Task<std::expected<void, StreamError>> send_in_parts(std::string_view octets, std::chrono::milliseconds timeout);

  std::unique_ptr<Transport> carrier_;
  std::string arrived_;                      // records from the peer that OpenSSL has not read
  std::size_t arrived_start_ = 0;            // what lies before it was read
  std::string departing_;                    // records for the peer
  std::unique_ptr<ssl_st, SslDeleter> ssl_;  // reads arrived_ and writes departing_, through a BIO
  bool open_ = false;                        // the handshake is done
  unsigned long failure_ = 0;                // OpenSSL's code, of the handshake
  std::optional<StreamError> end_;           // close-notify or a broken record came, perhaps behind data

  friend struct MemoryBio;
};

/// A server's certificate, key and parameters; shared by all its sessions.
class TlsServer {
 public:
  /// From files in PEM form. Errors: a sentence for the operator.
  static std::expected<TlsServer, std::string> load(const std::string& certificate_path,
                                                    const std::string& key_path);

  /// Serves those who ask for one of `further`'s names (SNI, RFC 6066 §3) with its certificate. Names are the DNS
  /// subject alternative names: one that is the same goes before one with a wildcard for the first label, and a
  /// name that is there already stays whose it is. Who asks for another name, or for none, gets this server's own.
  /// Before the first accept().
  void serve_also(const TlsServer& further);

  /// It outlives the session's handshake.
  [[nodiscard]] std::unique_ptr<TlsSession> accept(std::unique_ptr<Transport> carrier) const;

 private:
  using Context = std::shared_ptr<ssl_ctx_st>;
  using Names = std::unordered_map<std::string, Context>;  // in lower case

  explicit TlsServer(Context context);
  static int choose_certificate(ssl_st* ssl, int* alert, void* names);

  Context context_;
  std::unique_ptr<Names> names_;  // of all certificates; OpenSSL has its address
};

class TlsClient {
 public:
  /// Encrypts with whoever answers, without checking names (RFC 7435, opportunistic security).
  TlsClient();
  /// Encrypts with those alone whose certificate fits the name or IP address that connect() is given and leads to
  /// one in the file `trusted_path`; when that is empty, to one that the system trusts (RFC 9525). Errors: a
  /// sentence for the operator.
  static std::expected<TlsClient, std::string> verifying(const std::string& trusted_path);

  /// `server_name` is sent as SNI, unless it is an IP address (RFC 6066 §3).
  [[nodiscard]] std::unique_ptr<TlsSession> connect(std::unique_ptr<Transport> carrier,
                                                    const std::string& server_name) const;

 private:
  std::unique_ptr<ssl_ctx_st, SslContextDeleter> context_;
  bool verifies_ = false;
};

struct CertificateAndKey {
  std::string certificate_pem;
  std::string key_pem;
};

/// A self-signed ECDSA P-256 certificate for `hostname`, valid for ten years from `now`.
[[nodiscard]] CertificateAndKey make_self_signed(const std::string& hostname, WallTime now);

}  // namespace posthaste::net
