// An installation for sessions in the simulated world: directory, certificate, configuration, and a deliveryd that
// does what it is told.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/auth/directory.h"
#include "common/auth/login_memory.h"
#include "common/config/config.h"
#include "common/config/layout.h"
#include "common/daemon/certificates.h"
#include "common/net/sim_world.h"
#include "common/net/stream.h"
#include "common/net/tls.h"
#include "common/smtp/command.h"
#include "common/wire/codec.h"
#include "common/wire/frame_stream.h"
#include "common/wire/store_client.h"
#include "smtpd/context.h"
#include "smtpd/session.h"

#include "outbound.h"

namespace posthaste::smtpd {

/// Of the whole test program; its folder goes when that ends.
class Installation {
 public:
  Installation();
  Installation(const Installation&) = delete;
  Installation& operator=(const Installation&) = delete;
  ~Installation();

  [[nodiscard]] const auth::Directory& directory() const { return *directory_; }
  [[nodiscard]] const daemon::Certificates& certificates() const { return *certificates_; }
  [[nodiscard]] queue::Queue& queue() { return *queue_; }
  [[nodiscard]] std::filesystem::path spool_folder() const { return path_ / "spool"; }

  config::Config config;

 private:
  void fill_directory();

  std::filesystem::path path_;
  std::unique_ptr<daemon::Certificates> certificates_;
  std::optional<auth::Directory> directory_;
  AtOnce at_once_;
  std::unique_ptr<queue::Queue> queue_;  // one for all tests: each has its own entries in it
};

[[nodiscard]] Installation& installation();

/// What deliveryd was given.
struct Delivered {
  std::string from;
  std::vector<std::string> recipients;
  std::string message;
};

/// An LMTP server that stores everything, unless a recipient's replies are scripted.
class FakeDeliveryd {
 public:
  FakeDeliveryd(net::SimWorld& sim, net::Endpoint endpoint);

  std::map<std::string, std::string> rcpt_replies;     // by recipient
  std::map<std::string, std::string> message_replies;  // by recipient
  std::vector<Delivered> delivered;
  std::vector<smtp::MailParameters> parameters;
  std::size_t connections = 0;

  void close() { listener_->close(); }
  net::Task<void> ended();

 private:
  net::Task<void> accept();
  net::Task<void> converse(std::unique_ptr<net::Transport> transport);

  std::unique_ptr<net::Listener> listener_;
  net::TaskScope scope_;
};

/// deliveryd's store socket, as far as it verifies recipients: everybody is ok who is not scripted, and who is
/// scripted with nothing is not answered.
class FakeStore {
 public:
  FakeStore(net::SimWorld& sim, net::Endpoint endpoint);

  std::map<std::string, std::optional<wire::RecipientState>> states;  // by address
  std::vector<wire::VerifyRecipient> questions;

  net::Task<void> ended();

 private:
  net::Task<void> accept();
  net::Task<void> answer(std::unique_ptr<net::Transport> transport);

  net::Clock& clock_;
  std::unique_ptr<net::Listener> listener_;
  net::TaskScope scope_;
};

/// A worker of smtpd in a simulated world, with its deliveryd.
class SimSmtpd {
 public:
  explicit SimSmtpd(net::SimWorld& sim, config::Config configuration = installation().config,
                    std::size_t memory_octets = kMessageMemoryMaxOctets, std::uint64_t spool_reserve_octets = 0);
  SimSmtpd(const SimSmtpd&) = delete;
  SimSmtpd& operator=(const SimSmtpd&) = delete;
  ~SimSmtpd();

  [[nodiscard]] net::Endpoint lmtp() const { return {config::lmtp_socket(config), 0}; }

  /// The client's end of a new session.
  net::Task<std::unique_ptr<net::Transport>> connect(Role role);

  /// Once the sessions have ended: the pool's connections go too.
  net::Task<void> ended();

  /// To the store socket, where somebody should listen.
  void connect_store() { store_scope_.spawn(store.run()); }

  const config::Config config;
  MessageMemory memory;
  daemon::Clients clients;
  daemon::UserConnections user_connections;
  const Spool spool;
  log::MemorySink sink;
  const log::Log log;
  net::TaskScope scope;
  auth::LoginMemory logins;
  auth::Authenticator authenticator;
  std::unique_ptr<LmtpPool> pool;
  wire::StoreClient store;  // finds nobody until connect_store()
  RecipientVerifier verifier;
  SimOutbound outbound;
  Context context;

 private:
  net::Task<void> serve(std::unique_ptr<net::Transport> transport, Role role);

  net::SimWorld& sim_;
  net::TaskScope store_scope_;
};

}  // namespace posthaste::smtpd
