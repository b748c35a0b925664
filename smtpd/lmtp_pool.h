// A worker's connections to deliveryd, lent for one message each.
#pragma once

#include <cstddef>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "common/net/event.h"
#include "common/net/network.h"
#include "common/net/task.h"
#include "common/net/world.h"
#include "smtpd/lmtp_client.h"

namespace posthaste::smtpd {

inline constexpr std::size_t kLmtpConnectionsMax = 64;  // of one worker

/// Lives on one loop. Connections are made when they are needed and kept; deliveryd may go and come back.
class LmtpPool {
 public:
  /// `world` outlives the pool; `own_name` is what LHLO says.
  LmtpPool(net::World& world, net::Endpoint endpoint, std::string own_name,
           std::size_t connections_max = kLmtpConnectionsMax);

  /// Delivers on a connection of its own, waiting for one if all are lent. When that connection closes before all
  /// is answered, tries once more on a fresh one: the delivery id makes sure that nobody gets the message twice.
  /// Errors: all of LmtpClient's; timed_out also when no connection came free in time.
  net::Task<std::expected<DeliveryReplies, LmtpError>> deliver(const Delivery& delivery);

 private:
  net::Task<bool> wait_for_place();
  net::Task<std::expected<DeliveryReplies, LmtpError>> try_twice(const Delivery& delivery);
  net::Task<std::expected<DeliveryReplies, LmtpError>> try_once(const Delivery& delivery);
  net::Task<std::expected<std::unique_ptr<LmtpClient>, LmtpError>> take_or_connect();

  net::World& world_;
  const net::Endpoint endpoint_;
  const std::string own_name_;
  const std::size_t connections_max_;
  std::vector<std::unique_ptr<LmtpClient>> idle_;  // the last one was used last
  std::size_t lent_ = 0;
  net::Event returned_;
};

}  // namespace posthaste::smtpd
