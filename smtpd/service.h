// smtpd as a daemon: what it opens, and the sessions it serves on each worker.
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
#include "common/session/doors.h"
#include "smtpd/context.h"
#include "smtpd/message.h"
#include "smtpd/outbound.h"
#include "smtpd/spool.h"

namespace posthaste::smtpd {

class Service final : public daemon::Program {
 public:
  static std::vector<daemon::Binding> bindings(const config::Config& config);

  /// Opens directory, certificate, spool and queue. Errors: a sentence for the operator.
  static std::expected<std::unique_ptr<daemon::Program>, std::string> make(const daemon::Setting& setting);

  void prepare(const std::vector<daemon::Worker*>& workers) override;
  net::Task<void> serve(daemon::Worker& worker) override;
  [[nodiscard]] bool reload() override;
  void tell_expiries() override;
  [[nodiscard]] std::vector<daemon::WatchedDisk> disks() const override;

 private:
  Service(const daemon::Setting& setting, auth::Directory directory,
          std::unique_ptr<daemon::Certificates> certificates, Spool spool);
  std::expected<void, std::string> open_queue();

  const daemon::Setting setting_;
  const auth::Directory directory_;
  const std::unique_ptr<daemon::Certificates> certificates_;
  auth::LoginMemory logins_;
  daemon::Clients clients_;
  session::Doors doors_;
  daemon::UserConnections user_connections_;
  const Spool spool_;
  MessageMemory memory_;
  std::unique_ptr<Outbound> outbound_;  // has parts of the budget
};

}  // namespace posthaste::smtpd
