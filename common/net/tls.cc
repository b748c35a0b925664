#include "common/net/tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>
#include <vector>

#include "common/base/octets.h"

namespace posthaste::net {
namespace {

template <auto Free>
struct Deleter {
  void operator()(auto* p) const noexcept { Free(p); }
};
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;
using AlternativeNames = std::unique_ptr<GENERAL_NAMES, Deleter<GENERAL_NAMES_free>>;
using MemBio = std::unique_ptr<BIO, Deleter<BIO_free_all>>;

constexpr std::size_t kKeptBufferOctets = 4096;  // an idle session keeps no larger one
constexpr std::size_t kEncryptedAtOnceOctets = 65'536;
/// Of OpenSSL's handshakes in one connection. The first takes some twenty; after it each new key that the peer
/// wants (RFC 8446 §4.6.3) is one or two, and costs much more than its 27 octets.
constexpr int kHandshakeStepsMax = 300;

}  // namespace

void SslContextDeleter::operator()(ssl_ctx_st* context) const noexcept { SSL_CTX_free(context); }
void SslDeleter::operator()(ssl_st* ssl) const noexcept { SSL_free(ssl); }

/// The BIO between OpenSSL and a session's two buffers. OpenSSL's own memory BIOs keep their largest size. It reads
/// no more for a peer that shakes hands again and again.
struct MemoryBio {
  TlsSession& session;
  int handshake_steps = 0;

  static MemoryBio& of(BIO* bio) { return *static_cast<MemoryBio*>(BIO_get_data(bio)); }

  static void count_step(const SSL* ssl, int where, int /*result*/) {
    if ((where & SSL_CB_LOOP) != 0) ++of(SSL_get_rbio(ssl)).handshake_steps;
  }

  static int write(BIO* bio, const char* octets, std::size_t count, std::size_t* written) {
    of(bio).session.departing_.append(octets, count);
    *written = count;
    return 1;
  }

  static int read(BIO* bio, char* into, std::size_t count, std::size_t* taken) {
    auto& [session, handshake_steps] = of(bio);
    BIO_clear_retry_flags(bio);
    if (handshake_steps > kHandshakeStepsMax) return 0;
    *taken = std::min(count, session.arrived_.size() - session.arrived_start_);
    if (*taken == 0) {
      BIO_set_retry_read(bio);
      return 0;
    }
    std::memcpy(into, session.arrived_.data() + session.arrived_start_, *taken);
    session.arrived_start_ += *taken;
    return 1;
  }

  static int destroy(BIO* bio) {
    delete &of(bio);
    return 1;
  }

  static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

  static BIO* make(TlsSession* session) {
    static BIO_METHOD* const method = [] {
      BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "posthaste stream");
      BIO_meth_set_write_ex(made, write);
      BIO_meth_set_read_ex(made, read);
      BIO_meth_set_ctrl(made, control);
      BIO_meth_set_destroy(made, destroy);
      return made;
    }();
    BIO* bio = BIO_new(method);
    BIO_set_data(bio, new MemoryBio{*session});
    BIO_set_init(bio, 1);
    return bio;
  }
};

TlsSession::TlsSession(std::unique_ptr<ssl_st, SslDeleter> ssl, std::unique_ptr<Transport> carrier)
    : carrier_(std::move(carrier)), ssl_(std::move(ssl)) {
  BIO* bio = MemoryBio::make(this);
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_info_callback(ssl_.get(), MemoryBio::count_step);
}

TlsSession::~TlsSession() { TlsSession::close({}); }

std::string TlsSession::failure() const {
  const bool is_certificate =
      ERR_GET_LIB(failure_) == ERR_LIB_SSL && ERR_GET_REASON(failure_) == SSL_R_CERTIFICATE_VERIFY_FAILED;
  if (is_certificate) {
    return std::string{"the certificate does not fit: "} +
           X509_verify_cert_error_string(SSL_get_verify_result(ssl_.get()));
  }
  const char* reason = failure_ != 0 ? ERR_reason_error_string(failure_) : nullptr;
  return reason == nullptr ? "the TLS handshake failed" : std::string{"the TLS handshake failed: "} + reason;
}

std::string_view TlsSession::version() const noexcept { return SSL_get_version(ssl_.get()); }
std::string_view TlsSession::cipher() const noexcept { return SSL_get_cipher_name(ssl_.get()); }

namespace {

std::optional<std::string> tls_exporter(SSL* ssl) {
  constexpr std::string_view kLabel = "EXPORTER-Channel-Binding";  // RFC 9266 §2
  constexpr std::size_t kOctets = 32;
  if (SSL_version(ssl) != TLS1_3_VERSION) return std::nullopt;
  std::string exported(kOctets, '\0');
  const int made = SSL_export_keying_material(ssl, reinterpret_cast<unsigned char*>(exported.data()), kOctets,
                                              kLabel.data(), kLabel.size(), nullptr, 0, 1);
  if (made != 1) return std::nullopt;
  return exported;
}

/// The hash of the certificate by its signature's own hash, or by SHA-256 where that is MD5 or SHA-1.
std::optional<std::string> hash_of(const X509* certificate) {
  int hash = NID_undef;
  if (certificate == nullptr ||
      X509_get_signature_info(const_cast<X509*>(certificate), &hash, nullptr, nullptr, nullptr) != 1) {
    return std::nullopt;
  }
  if (hash == NID_md5 || hash == NID_sha1) hash = NID_sha256;
  const EVP_MD* algorithm = EVP_get_digestbynid(hash);
  if (algorithm == nullptr) return std::nullopt;
  std::string digest(EVP_MAX_MD_SIZE, '\0');
  unsigned int size = 0;
  if (X509_digest(certificate, algorithm, reinterpret_cast<unsigned char*>(digest.data()), &size) != 1) {
    return std::nullopt;
  }
  digest.resize(size);
  return digest;
}

}  // namespace

std::optional<std::string> TlsSession::channel_binding(ChannelBinding kind) const {
  if (!open_) return std::nullopt;
  if (kind == ChannelBinding::tls_exporter) return tls_exporter(ssl_.get());
  const bool is_server = SSL_is_server(ssl_.get()) == 1;
  return hash_of(is_server ? SSL_get_certificate(ssl_.get()) : SSL_get0_peer_certificate(ssl_.get()));
}

Task<std::expected<void, StreamError>> TlsSession::shake_hands(std::chrono::milliseconds timeout) {
  for (;;) {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    const int reason = SSL_get_error(ssl_.get(), result);
    if (result != 1) failure_ = ERR_peek_error();  // before others on this thread make theirs
    auto sent = co_await send_records(timeout);    // an alert too
    if (result == 1) {
      open_ = true;
      co_return sent;
    }
    if (reason != SSL_ERROR_WANT_READ) co_return std::unexpected(StreamError::tls_failed);
    if (!sent) co_return sent;
    auto ready = co_await carrier_->wait(timeout);
    if (!ready) co_return std::unexpected(ready.error());
    auto received = carrier_->receive(arrived_);
    if (!received) co_return std::unexpected(received.error());
  }
}

std::expected<bool, StreamError> TlsSession::receive(std::string& input) {
  auto received = carrier_->receive(arrived_);
  const std::size_t before = input.size();
  while (!end_) {
    constexpr std::size_t kRecordMaxOctets = 16384;
    const std::size_t filled = input.size();
    if (arrived_.size() == arrived_start_ && SSL_pending(ssl_.get()) == 0) break;
    input.resize(filled + kRecordMaxOctets);
    ERR_clear_error();
    std::size_t count = 0;
    const int result = SSL_read_ex(ssl_.get(), input.data() + filled, kRecordMaxOctets, &count);
    input.resize(filled + count);
    if (result == 1) continue;
    const int reason = SSL_get_error(ssl_.get(), result);
    if (reason == SSL_ERROR_WANT_READ) break;
    end_ = reason == SSL_ERROR_ZERO_RETURN ? StreamError::closed : StreamError::tls_failed;
  }
  if (arrived_start_ == arrived_.size()) {
    arrived_start_ = 0;
    arrived_.clear();
    if (arrived_.capacity() > kKeptBufferOctets) arrived_.shrink_to_fit();
  }
  if (input.size() > before) return true;
  if (end_) return std::unexpected(*end_);
  if (!received) return received;
  return false;
}

Task<std::expected<Readiness, StreamError>> TlsSession::wait(std::chrono::milliseconds timeout) {
  if (!departing_.empty()) {  // an answer to a key update
    auto sent = co_await send_records(timeout);
    if (!sent) co_return std::unexpected(sent.error());
  }
  co_return co_await carrier_->wait(timeout);
}

Task<std::expected<void, StreamError>> TlsSession::send_records(std::chrono::milliseconds timeout) {
  const std::string records = std::exchange(departing_, {});
  if (records.empty()) co_return std::expected<void, StreamError>{};
  co_return co_await carrier_->send(records, timeout);
}

bool TlsSession::encrypt(std::string_view octets) {
  ERR_clear_error();
  std::size_t written = 0;
  return octets.empty() || SSL_write_ex(ssl_.get(), octets.data(), octets.size(), &written) == 1;
}

ValueOrTask<std::expected<void, StreamError>> TlsSession::send(std::string_view octets,
                                                               std::chrono::milliseconds timeout) {
  if (octets.size() > kEncryptedAtOnceOctets) return send_in_parts(octets, timeout);
  if (!encrypt(octets)) return std::expected<void, StreamError>{std::unexpected(StreamError::tls_failed)};
  return send_records(timeout);
}

/// A peer that stops reading then holds a second copy of one part, not of all.
Task<std::expected<void, StreamError>> TlsSession::send_in_parts(std::string_view octets,
                                                                 std::chrono::milliseconds timeout) {
  while (!octets.empty()) {
    const std::string_view part = octets.substr(0, kEncryptedAtOnceOctets);
    if (!encrypt(part)) co_return std::unexpected(StreamError::tls_failed);
    auto sent = co_await send_records(timeout);
    if (!sent) co_return std::unexpected(sent.error());
    octets.remove_prefix(part.size());
  }
  co_return std::expected<void, StreamError>{};
}

void TlsSession::close(std::string_view last_words) {
  if (std::exchange(open_, false)) {
    static_cast<void>(encrypt(last_words));
    SSL_shutdown(ssl_.get());
  }
  carrier_->close(departing_);
}

namespace {

/// What OpenSSL last said, without its codes.
std::string last_error() {
  const unsigned long code = ERR_get_error();
  if (ERR_SYSTEM_ERROR(code)) return std::strerror(ERR_GET_REASON(code));
  const bool has_no_pem = (ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE) ||
                          ERR_GET_LIB(code) == ERR_LIB_OSSL_DECODER;
  if (has_no_pem) return "it holds no PEM block (-----BEGIN ...)";
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : "it does not read";
}

/// Of a file that a daemon reads as its own user.
std::string unreadable(const char* what, const std::string& path) {
  return std::string{"cannot read the "} + what + " " + path + ": " + last_error() +
         "; it must be PEM, and the daemons' user must be able to read it";
}

void set_common_options(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
}

/// The DNS names of the certificate that `context` serves (RFC 5280 §4.2.1.6), in lower case.
std::vector<std::string> dns_names(SSL_CTX* context) {
  std::vector<std::string> names;
  const AlternativeNames all{static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(SSL_CTX_get0_certificate(context), NID_subject_alt_name, nullptr, nullptr))};
  for (int i = 0; all && i < sk_GENERAL_NAME_num(all.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(all.get(), i);
    if (name->type != GEN_DNS) continue;
    const auto* octets = reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName));
    names.push_back(lower({octets, static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName))}));
  }
  return names;
}

}  // namespace

TlsServer::TlsServer(Context context) : context_(std::move(context)), names_(std::make_unique<Names>()) {
  for (auto& name : dns_names(context_.get())) names_->emplace(std::move(name), context_);
  SSL_CTX_set_tlsext_servername_callback(context_.get(), choose_certificate);
  SSL_CTX_set_tlsext_servername_arg(context_.get(), names_.get());
}

void TlsServer::serve_also(const TlsServer& further) {
  for (auto& name : dns_names(further.context_.get())) names_->emplace(std::move(name), further.context_);
}

int TlsServer::choose_certificate(SSL* ssl, int* /*alert*/, void* names) {
  const char* asked = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (asked == nullptr) return SSL_TLSEXT_ERR_NOACK;
  const auto& contexts = *static_cast<const Names*>(names);
  const std::string name = lower(asked);
  auto found = contexts.find(name);
  if (found == contexts.end()) {
    const std::size_t dot = name.find('.');
    if (dot != std::string::npos) found = contexts.find("*" + name.substr(dot));
  }
  if (found == contexts.end()) return SSL_TLSEXT_ERR_NOACK;
  SSL_set_SSL_CTX(ssl, found->second.get());
  return SSL_TLSEXT_ERR_OK;
}

std::expected<TlsServer, std::string> TlsServer::load(const std::string& certificate_path,
                                                      const std::string& key_path) {
  Context context{SSL_CTX_new(TLS_server_method()), SslContextDeleter{}};
  set_common_options(context.get());
  SSL_CTX_set_options(context.get(), SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  // Some senders, outlook.com among them, stumble over several tickets of one handshake.
  SSL_CTX_set_num_tickets(context.get(), 1);
  constexpr unsigned char kSessionContext[] = "posthaste";
  SSL_CTX_set_session_id_context(context.get(), kSessionContext, sizeof kSessionContext - 1);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);  // tickets serve, and take no memory
  ERR_clear_error();
  if (SSL_CTX_use_certificate_chain_file(context.get(), certificate_path.c_str()) != 1) {
    return std::unexpected(unreadable("certificate", certificate_path));
  }
  if (SSL_CTX_use_PrivateKey_file(context.get(), key_path.c_str(), SSL_FILETYPE_PEM) != 1) {
    return std::unexpected(unreadable("key", key_path));
  }
  if (SSL_CTX_check_private_key(context.get()) != 1) {
    return std::unexpected("the key " + key_path + " does not belong to the certificate " + certificate_path);
  }
  return TlsServer{std::move(context)};
}

std::unique_ptr<TlsSession> TlsServer::accept(std::unique_ptr<Transport> carrier) const {
  std::unique_ptr<ssl_st, SslDeleter> ssl{SSL_new(context_.get())};
  SSL_set_accept_state(ssl.get());
  return std::make_unique<TlsSession>(std::move(ssl), std::move(carrier));
}

TlsClient::TlsClient() : context_(SSL_CTX_new(TLS_client_method())) {
  set_common_options(context_.get());
  SSL_CTX_set_verify(context_.get(), SSL_VERIFY_NONE, nullptr);
}

std::expected<TlsClient, std::string> TlsClient::verifying(const std::string& trusted_path) {
  TlsClient client;
  SSL_CTX* context = client.context_.get();
  ERR_clear_error();
  const int loaded = trusted_path.empty() ? SSL_CTX_set_default_verify_paths(context)
                                          : SSL_CTX_load_verify_file(context, trusted_path.c_str());
  if (loaded != 1) return std::unexpected("cannot read the certificates in " + trusted_path + ": " + last_error());
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  client.verifies_ = true;
  return client;
}

std::unique_ptr<TlsSession> TlsClient::connect(std::unique_ptr<Transport> carrier,
                                               const std::string& server_name) const {
  std::unique_ptr<ssl_st, SslDeleter> ssl{SSL_new(context_.get())};
  SSL_set_connect_state(ssl.get());
  assert(!verifies_ || !server_name.empty());  // any certificate fits no name
  const bool is_ip = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl.get()), server_name.c_str()) == 1;
  if (!is_ip && !server_name.empty()) SSL_set_tlsext_host_name(ssl.get(), server_name.c_str());
  if (!is_ip && verifies_) SSL_set1_host(ssl.get(), server_name.c_str());
  return std::make_unique<TlsSession>(std::move(ssl), std::move(carrier));
}

namespace {

std::string contents(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

void add_extension(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  if (extension == nullptr) return;
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

}  // namespace

CertificateAndKey make_self_signed(const std::string& hostname, WallTime now) {
  const Key key{EVP_EC_gen("P-256")};
  const Certificate certificate{X509_new()};
  constexpr long kTenYears = 10L * 365 * 24 * 3600;
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set_int64(X509_get_serialNumber(certificate.get()), seconds);
  ASN1_TIME_set(X509_getm_notBefore(certificate.get()), seconds - 3600);
  ASN1_TIME_set(X509_getm_notAfter(certificate.get()), seconds + kTenYears);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME* name = X509_get_subject_name(certificate.get());
  const std::string common_name = hostname.substr(0, 64);  // X.520's limit; the full name is the alternative name
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(common_name.c_str()),
                             -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  add_extension(certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
  add_extension(certificate.get(), NID_subject_alt_name, "DNS:" + hostname + ",DNS:localhost,IP:127.0.0.1,IP:::1");
  X509_sign(certificate.get(), key.get(), EVP_sha256());

  const MemBio certificate_pem{BIO_new(BIO_s_mem())};
  const MemBio key_pem{BIO_new(BIO_s_mem())};
  PEM_write_bio_X509(certificate_pem.get(), certificate.get());
  PEM_write_bio_PrivateKey(key_pem.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return {contents(certificate_pem.get()), contents(key_pem.get())};
}

}  // namespace posthaste::net
