// imapd as a program: what all its sessions share, and the ports at which clients come in.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "common/auth/directory.h"
#include "common/auth/login_memory.h"
#include "common/daemon/certificates.h"
#include "common/daemon/program.h"
#include "common/daemon/user_connections.h"
#include "common/daemon/user_memory.h"
#include "common/net/thread_pool.h"
#include "common/session/doors.h"
#include "common/store/store.h"
#include "imapd/session.h"

namespace posthaste::imapd {

/// Ports imap (STARTTLS) and imaps.
[[nodiscard]] std::vector<daemon::Binding> bindings(const config::Config& config);

class Service final : public daemon::Program {
 public:
  /// Errors: a sentence for the operator.
  static std::expected<std::unique_ptr<daemon::Program>, std::string> make(const daemon::Setting& setting);

  net::Task<void> serve(daemon::Worker& worker) override;
  [[nodiscard]] bool reload() override;
  void tell_expiries() override;

 private:
  Service(const daemon::Setting& setting, auth::Directory directory, std::unique_ptr<store::Store> store,
          std::unique_ptr<daemon::Certificates> certificates);

  const config::Config& config_;
  const log::Log& log_;
  const auth::Directory directory_;
  const std::unique_ptr<store::Store> store_;
  const std::unique_ptr<daemon::Certificates> certificates_;
  auth::LoginMemory login_memory_;
  daemon::Clients clients_;
  session::Doors doors_;
  daemon::UserConnections user_connections_;
  RecentMessages recent_messages_;
  daemon::UserMemory append_memory_;
  daemon::FairShares fair_shares_;
  net::ThreadPool patient_io_;  // for those who have had their share; ends before that goes
};

}  // namespace posthaste::imapd
