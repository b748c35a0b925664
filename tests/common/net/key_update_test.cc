// A peer that wants new keys (RFC 8446 §4.6.3), now and then or for ever.
#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/ssl.h>

#include <fstream>

#include "../scratch_directory.h"
#include "common/net/scope.h"
#include "common/net/sim_world.h"
#include "common/net/stream.h"

namespace posthaste::net {
namespace {

using std::chrono::seconds;

const Endpoint kEndpoint{"192.0.2.1", 465};

struct Heard {
  std::string octets;
  std::optional<StreamError> end;
};

Task<void> listen(Listener& listener, const TlsServer& tls, Heard& heard) {
  auto transport = co_await listener.accept();
  Stream stream{std::move(transport), seconds{5}};
  auto secured = co_await stream.accept_tls(tls);
  EXPECT_TRUE(secured);
  while (!heard.end) {
    auto octets = co_await stream.read_some(1'024);
    if (octets) {
      heard.octets += *octets;
    } else {
      heard.end = octets.error();
    }
  }
}

std::string taken_from(BIO* bio) {
  char* octets = nullptr;
  const long count = BIO_get_mem_data(bio, &octets);
  std::string all(octets, static_cast<std::size_t>(count));
  BIO_reset(bio);
  return all;
}

/// "x", so many changes of the key, and "y", in one piece.
Task<void> change_keys(SimWorld& sim, const TlsServer& tls, int changes, Heard& heard) {
  const auto listener = sim.network().listen(kEndpoint);
  TaskScope scope;
  scope.spawn(listen(*listener, tls, heard));
  auto transport = co_await sim.network().connect(kEndpoint, seconds{5});
  const std::unique_ptr<SSL_CTX, SslContextDeleter> context{SSL_CTX_new(TLS_client_method())};
  const std::unique_ptr<SSL, SslDeleter> ssl{SSL_new(context.get())};
  BIO* arriving = BIO_new(BIO_s_mem());
  BIO* departing = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl.get(), arriving, departing);
  SSL_set_connect_state(ssl.get());
  for (int done = 0; done != 1;) {
    done = SSL_do_handshake(ssl.get());
    const std::string records = taken_from(departing);
    auto sent = co_await (*transport)->send(records, seconds{5});
    if (!sent || done == 1) break;
    auto ready = co_await (*transport)->wait(seconds{5});
    if (!ready) break;
    std::string input;
    const auto received = (*transport)->receive(input);
    if (!received) break;
    BIO_write(arriving, input.data(), static_cast<int>(input.size()));
  }
  SSL_write(ssl.get(), "x", 1);
  for (int i = 0; i < changes; ++i) {
    SSL_key_update(ssl.get(), SSL_KEY_UPDATE_NOT_REQUESTED);
    SSL_do_handshake(ssl.get());
  }
  SSL_write(ssl.get(), "y", 1);
  const std::string records = taken_from(departing);
  co_await (*transport)->send(records, seconds{5});
  co_await scope.drained();
}

TEST(KeyUpdate, IsTakenNowAndThenAndNotForEver) {
  const ScratchDirectory scratch;
  const auto pair =
      make_self_signed("mail.example.org", WallTime{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}});
  std::ofstream{scratch.path() / "cert.pem"} << pair.certificate_pem;
  std::ofstream{scratch.path() / "key.pem"} << pair.key_pem;
  const auto tls = TlsServer::load(scratch.path() / "cert.pem", scratch.path() / "key.pem");
  ASSERT_TRUE(tls);
  const struct {
    int changes;
    std::string heard;
    StreamError end;
  } kCases[] = {
      {1, "xy", StreamError::timed_out}, {50, "xy", StreamError::timed_out}, {5'000, "x", StreamError::tls_failed}};
  for (const auto& test : kCases) {
    SimWorld sim{1};
    Heard heard;
    ASSERT_TRUE(sim.run(change_keys(sim, *tls, test.changes, heard)));
    EXPECT_EQ(heard.octets, test.heard) << test.changes;
    EXPECT_EQ(heard.end, test.end) << test.changes;
  }
}

}  // namespace
}  // namespace posthaste::net
