#include "smtpd/lmtp_pool.h"

#include <utility>

namespace posthaste::smtpd {
namespace {

constexpr std::chrono::milliseconds kConnectTimeout = std::chrono::seconds{5};

using Result = std::expected<DeliveryReplies, LmtpError>;

}  // namespace

LmtpPool::LmtpPool(net::World& world, net::Endpoint endpoint, std::string own_name, std::size_t connections_max)
    : world_(world),
      endpoint_(std::move(endpoint)),
      own_name_(std::move(own_name)),
      connections_max_(connections_max) {}

net::Task<Result> LmtpPool::deliver(const Delivery& delivery) {
  const bool admitted = co_await wait_for_place();
  if (!admitted) co_return std::unexpected(LmtpError::timed_out);
  ++lent_;
  auto replies = co_await try_twice(delivery);
  --lent_;
  returned_.notify_one();
  co_return replies;
}

net::Task<bool> LmtpPool::wait_for_place() {
  const auto since = world_.clock.now();
  while (lent_ == connections_max_) {
    co_await returned_.wait();
    if (world_.clock.now() - since > kLmtpTimeout) {
      returned_.notify_one();  // the place goes to the next
      co_return false;
    }
  }
  co_return true;
}

net::Task<Result> LmtpPool::try_twice(const Delivery& delivery) {
  auto replies = co_await try_once(delivery);
  if (replies || replies.error() != LmtpError::closed) co_return replies;
  idle_.clear();  // deliveryd has ended, and they with it
  co_return co_await try_once(delivery);
}

net::Task<Result> LmtpPool::try_once(const Delivery& delivery) {
  auto client = co_await take_or_connect();
  if (!client) co_return std::unexpected(client.error());
  auto replies = co_await (*client)->deliver(delivery);
  if ((*client)->reusable()) idle_.push_back(std::move(*client));
  co_return replies;
}

net::Task<std::expected<std::unique_ptr<LmtpClient>, LmtpError>> LmtpPool::take_or_connect() {
  if (!idle_.empty()) {
    auto idle = std::move(idle_.back());
    idle_.pop_back();
    co_return idle;
  }
  auto transport = co_await world_.network.connect(endpoint_, kConnectTimeout);
  if (!transport) co_return std::unexpected(LmtpError::unreachable);
  auto client = std::make_unique<LmtpClient>(std::move(*transport), world_.clock);
  auto greeted = co_await client->greet(own_name_);
  if (!greeted) co_return std::unexpected(greeted.error());
  co_return client;
}

}  // namespace posthaste::smtpd
