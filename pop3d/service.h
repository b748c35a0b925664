// pop3d as a daemon: what it opens, and the sessions it serves on each worker.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "common/auth/directory.h"
#include "common/auth/login_memory.h"
#include "common/daemon/certificates.h"
#include "common/daemon/memory_budget.h"
#include "common/daemon/program.h"
#include "common/session/doors.h"
#include "common/store/store.h"
#include "pop3d/last_logins.h"
#include "pop3d/maildrop_lock.h"

namespace posthaste::pop3d {

class Service final : public daemon::Program {
 public:
  static std::vector<daemon::Binding> bindings(const config::Config& config);

  /// Opens directory, store and certificate. Errors: a sentence for the operator.
  static std::expected<std::unique_ptr<daemon::Program>, std::string> make(const daemon::Setting& setting);

  net::Task<void> serve(daemon::Worker& worker) override;
  [[nodiscard]] bool reload() override;
  void tell_expiries() override;

 private:
  Service(const daemon::Setting& setting, auth::Directory directory, std::unique_ptr<store::Store> store,
          std::unique_ptr<daemon::Certificates> certificates);

  const daemon::Setting setting_;
  const auth::Directory directory_;
  const std::unique_ptr<store::Store> store_;
  const std::unique_ptr<daemon::Certificates> certificates_;
  auth::LoginMemory logins_;
  daemon::Clients clients_;
  session::Doors doors_;
  MaildropLocks locks_;
  LastLogins last_logins_;
  daemon::MemoryBudget output_memory_;
};

}  // namespace posthaste::pop3d
