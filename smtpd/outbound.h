// The outbound half of smtpd: the queue, its scheduler, and each worker's way out.
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/auth/directory.h"
#include "common/daemon/program.h"
#include "common/net/task.h"
#include "common/net/thread_pool.h"
#include "smtpd/carrier.h"
#include "smtpd/dispatcher.h"
#include "smtpd/lmtp_pool.h"
#include "smtpd/queue/queue.h"

namespace posthaste::smtpd {

/// One for the daemon.
class Outbound {
 public:
  /// Opens and recovers the queue. What is given outlives it. Errors: a sentence for the operator.
  [[nodiscard]] static std::expected<std::unique_ptr<Outbound>, std::string> open(const daemon::Setting& setting,
                                                                                  const auth::Directory& directory);
  ~Outbound();

  /// Before the first thread: the scheduler takes notice of all that is in the queue.
  void prepare(const std::vector<daemon::Worker*>& workers);

  /// On each worker's thread: carries mail out until nothing is accepted any more and the sessions have drained.
  net::Task<void> serve(daemon::Worker& worker, LmtpPool& mailboxes, net::TaskScope& accepting);

  [[nodiscard]] queue::Queue& queue() noexcept { return *queue_; }
  [[nodiscard]] Dispatcher& dispatcher() noexcept { return *dispatcher_; }

 private:
  Outbound(const daemon::Setting& setting, const auth::Directory& directory);
  std::expected<void, std::string> open_queue();

  const daemon::Setting setting_;
  const auth::Directory& directory_;
  std::unique_ptr<net::ThreadPool> writer_;  // the queue's thread
  std::unique_ptr<queue::Queue> queue_;
  std::vector<Dispatcher::Due> left_;  // from before the start
  std::vector<std::unique_ptr<Carrier>> carriers_;
  std::optional<Dispatcher> dispatcher_;
};

}  // namespace posthaste::smtpd
