// What both ends of a TLS connection know of it, and nobody else does (RFC 5929, RFC 9266).
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "common/base/base64.h"
#include "common/net/scope.h"
#include "common/net/sim_world.h"
#include "common/net/stream.h"

namespace posthaste::net {
namespace {

using std::chrono::seconds;

struct Bindings {
  std::optional<std::string> exporter;
  std::optional<std::string> end_point;
  bool operator==(const Bindings&) const = default;
};

Bindings bindings_of(const Stream& stream) {
  return {stream.tls()->channel_binding(ChannelBinding::tls_exporter),
          stream.tls()->channel_binding(ChannelBinding::tls_server_end_point)};
}

Task<void> serve(Listener& listener, const TlsServer& tls, Bindings& bindings) {
  auto transport = co_await listener.accept();
  Stream stream{std::move(transport), seconds{5}};
  auto secured = co_await stream.accept_tls(tls);
  EXPECT_TRUE(secured);
  bindings = bindings_of(stream);
}

Task<void> meet(SimWorld& sim, const TlsServer& tls, Bindings& at_server, Bindings& at_client) {
  const Endpoint endpoint{"192.0.2.1", 465};
  const auto listener = sim.network().listen(endpoint);
  TaskScope scope;
  scope.spawn(serve(*listener, tls, at_server));
  auto transport = co_await sim.network().connect(endpoint, seconds{5});
  Stream stream{std::move(*transport), seconds{5}};
  const TlsClient client;
  auto secured = co_await stream.connect_tls(client, "mail.example.org");
  EXPECT_TRUE(secured);
  at_client = bindings_of(stream);
  co_await scope.drained();
}

/// The certificate as the PEM file has it, in DER, hashed.
std::string sha256_of_certificate(const std::string& pem) {
  const auto start = pem.find('\n') + 1;
  std::string base64;
  for (const char c : pem.substr(start, pem.find("-----END") - start)) {
    if (c != '\n') base64 += c;
  }
  const auto der = base64_decode(base64);
  std::string hash(32, '\0');
  EVP_Digest(der->data(), der->size(), reinterpret_cast<unsigned char*>(hash.data()), nullptr, EVP_sha256(),
             nullptr);
  return hash;
}

TEST(ChannelBinding, IsTheSameAtBothEnds) {
  std::string pattern = (std::filesystem::temp_directory_path() / "channel_binding_test.XXXXXX").string();
  const std::filesystem::path folder = mkdtemp(pattern.data());
  const auto pair =
      make_self_signed("mail.example.org", WallTime{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}});
  std::ofstream{folder / "cert.pem"} << pair.certificate_pem;
  std::ofstream{folder / "key.pem"} << pair.key_pem;
  const auto tls = TlsServer::load(folder / "cert.pem", folder / "key.pem");
  std::filesystem::remove_all(folder);
  ASSERT_TRUE(tls);

  std::array<Bindings, 2> at_server;
  std::array<Bindings, 2> at_client;
  for (std::size_t i = 0; i < at_server.size(); ++i) {
    SimWorld sim{i + 1};
    ASSERT_TRUE(sim.run(meet(sim, *tls, at_server[i], at_client[i])));
    EXPECT_EQ(at_server[i], at_client[i]);
    ASSERT_TRUE(at_server[i].exporter);
    EXPECT_EQ(at_server[i].exporter->size(), 32U);
    EXPECT_EQ(at_server[i].end_point, sha256_of_certificate(pair.certificate_pem));
  }
  EXPECT_NE(at_server[0].exporter, at_server[1].exporter);
}

}  // namespace
}  // namespace posthaste::net
