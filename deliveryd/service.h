// deliveryd as a program: the store's one writer, and sessions for LMTP and for the store socket.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/auth/directory.h"
#include "common/daemon/memory_budget.h"
#include "common/daemon/program.h"
#include "common/net/thread_pool.h"
#include "common/session/doors.h"
#include "common/store/group_commit.h"
#include "common/store/writer.h"
#include "deliveryd/change_feed.h"
#include "deliveryd/resources.h"

namespace posthaste::deliveryd {

/// LMTP on its Unix socket and, if configured, on the loopback addresses; the store socket.
[[nodiscard]] std::vector<daemon::Binding> bindings(const config::Config& config);

class Service final : public daemon::Program {
 public:
  /// Opens the directory, and recovers the store. Errors: a sentence for the operator.
  [[nodiscard]] static std::expected<std::unique_ptr<daemon::Program>, std::string> open(
      const daemon::Setting& setting);
  ~Service() override;

  net::Task<void> serve(daemon::Worker& worker) override;
  [[nodiscard]] std::vector<daemon::WatchedDisk> disks() const override;

 private:
  Service(const daemon::Setting& setting, auth::Directory directory);
  [[nodiscard]] std::expected<void, std::string> open_store();
  /// Logs users of the store whose numbers the directory never gave.
  void tell_of_unknown_users() const;
  net::Task<void> accept_store(net::Listener& listener, Resources& resources);
  net::Task<void> serve_store(std::unique_ptr<net::Transport> transport, Resources& resources);

  const config::Config& config_;
  const log::Log& log_;
  const auth::Directory directory_;
  ChangeFeed changes_;
  daemon::MemoryBudget memory_;
  daemon::FairShares fair_shares_;
  net::ThreadPool patient_io_;  // for those who have had their share; ends before that goes
  daemon::MemoryBudget attached_memory_;
  daemon::MemoryBudget decoded_memory_;
  std::atomic<std::size_t> store_connections_ = 0;
  daemon::Clients clients_;
  session::Doors doors_;
  std::unique_ptr<store::Writer> writer_;
  std::unique_ptr<net::ThreadPool> writer_thread_;  // ends before what it works on
  std::optional<store::GroupCommit> group_commit_;
};

}  // namespace posthaste::deliveryd
