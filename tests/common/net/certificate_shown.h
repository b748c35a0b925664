// A client of OpenSSL's own that looks at which certificate a server shows it.
#pragma once

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <chrono>
#include <memory>
#include <string>

#include "common/net/scope.h"
#include "common/net/sim_world.h"
#include "common/net/stream.h"
#include "common/net/tls.h"

namespace posthaste::net {

inline std::string pem_of(X509* certificate) {
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(bio, certificate);
  char* octets = nullptr;
  const long count = BIO_get_mem_data(bio, &octets);
  std::string pem(octets, static_cast<std::size_t>(count));
  BIO_free(bio);
  return pem;
}

inline Task<void> accept_one(Listener& listener, const TlsServer& server) {
  auto transport = co_await listener.accept();
  Stream stream{std::move(transport), std::chrono::seconds{5}};
  co_await stream.accept_tls(server);
  co_await stream.read_some(1);
}

inline Task<void> look(SimWorld& sim, const TlsServer& server, std::string name, std::string& pem) {
  const Endpoint endpoint{"192.0.2.1", 465};
  const auto listener = sim.network().listen(endpoint);
  TaskScope scope;
  scope.spawn(accept_one(*listener, server));
  auto transport = co_await sim.network().connect(endpoint, std::chrono::seconds{5});
  const std::unique_ptr<SSL_CTX, SslContextDeleter> context{SSL_CTX_new(TLS_client_method())};
  const std::unique_ptr<SSL, SslDeleter> ssl{SSL_new(context.get())};
  BIO* arriving = BIO_new(BIO_s_mem());
  BIO* departing = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl.get(), arriving, departing);
  if (!name.empty()) SSL_set_tlsext_host_name(ssl.get(), name.c_str());
  SSL_set_connect_state(ssl.get());
  while (SSL_do_handshake(ssl.get()) != 1) {
    char* octets = nullptr;
    const long count = BIO_get_mem_data(departing, &octets);
    const std::string records(octets, static_cast<std::size_t>(count));
    BIO_reset(departing);
    auto sent = co_await (*transport)->send(records, std::chrono::seconds{5});
    if (!sent) break;
    auto ready = co_await (*transport)->wait(std::chrono::seconds{5});
    if (!ready) break;
    std::string input;
    const auto received = (*transport)->receive(input);
    if (!received) break;
    BIO_write(arriving, input.data(), static_cast<int>(input.size()));
  }
  if (X509* certificate = SSL_get0_peer_certificate(ssl.get())) pem = pem_of(certificate);
  (*transport)->close();
  co_await scope.drained();
}

/// In PEM: what `server` shows to a client that asks for `name`, or for none when that is empty.
inline std::string certificate_shown(const TlsServer& server, const std::string& name) {
  SimWorld sim{1};
  std::string pem;
  EXPECT_TRUE(sim.run(look(sim, server, name, pem)));
  return pem;
}

}  // namespace posthaste::net
