// The operator's command on smtpd's control socket: changes of the queue, a line each.
#pragma once

#include <memory>

#include "common/log/log.h"
#include "common/net/scope.h"
#include "common/net/stream.h"
#include "common/net/task.h"
#include "common/net/time_limit.h"
#include "smtpd/dispatcher.h"
#include "smtpd/queue/control.h"

namespace posthaste::smtpd {

/// Lives on the dispatcher's loop. Serves root and smtpd's own user alone.
class ControlSession {
 public:
  /// Everything outlives it. `own_user` is who smtpd runs as.
  ControlSession(std::unique_ptr<net::Transport> transport, Dispatcher& dispatcher, net::Clock& clock,
                 net::TaskScope& scope, const log::Log& log, std::uint32_t own_user);

  net::Task<void> converse();

 private:
  Dispatcher::Changed retry(queue::EntryId entry);
  net::Task<queue::ControlAnswer> carry_out(queue::ControlRequest request);

  net::Stream stream_;
  net::TimeLimit limit_;  // while we wait for a line
  Dispatcher& dispatcher_;
  net::TaskScope& scope_;
  const log::Log& log_;
  const std::uint32_t own_user_;
};

}  // namespace posthaste::smtpd
