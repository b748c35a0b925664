// smtpd's outbound half in a simulated world: a real queue, with DNS and other hosts that are simulated.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "common/auth/directory.h"
#include "common/config/config.h"
#include "common/dns/sim_resolver.h"
#include "common/log/log.h"
#include "common/net/executor.h"
#include "common/net/world.h"
#include "smtpd/carrier.h"
#include "smtpd/dispatcher.h"
#include "smtpd/lmtp_pool.h"
#include "smtpd/queue/queue.h"
#include "smtpd/relay/relay.h"

namespace posthaste::smtpd {

/// The queue's writer when there is no thread for it.
class AtOnce final : public net::Executor {
 public:
  void post(std::move_only_function<void()> work) override { work(); }
  [[nodiscard]] bool has_room() const override { return true; }
};

inline std::unique_ptr<queue::Queue> open_queue(const std::filesystem::path& folder, net::Executor& writer) {
  std::filesystem::create_directories(folder);
  queue::Options options;
  options.directory = folder;
  auto opened = queue::Queue::open(std::move(options), writer);
  EXPECT_TRUE(opened) << opened.error().text;
  return std::move(*opened);
}

inline relay::Options relay_options(const config::Config& config) {
  relay::Options options;
  options.hostname = config.hostname;
  return options;
}

/// What Outbound is to a daemon with one worker.
class SimOutbound {
 public:
  SimOutbound(net::World& world, const config::Config& config, const auth::Directory& directory,
              queue::Queue& queue, LmtpPool& pool, const log::Log& log,
              Dispatcher::Limits limits = Dispatcher::Limits())
      : resolver(world),
        relay_(world, resolver, relay_options(config), log),
        carrier_(config.hostname),
        dispatcher({{&world, &carrier_}}, config, directory, queue, log, limits) {
    carrier_.open(pool, relay_);
  }

  /// Not before the world can run.
  void start(const std::vector<Dispatcher::Due>& left = {}) {
    dispatcher.load(left);
    running_.spawn(relay_.run());
    running_.spawn(dispatcher.run());
  }

  /// Ends what is under way as a daemon does that stops. After the last take().
  net::Task<void> ended() {
    dispatcher.stop();
    relay_.stop();
    co_await dispatcher.release(0);
    co_await running_.drained();
  }

  dns::SimResolver resolver;

 private:
  relay::Relay relay_;
  Carrier carrier_;

 public:
  Dispatcher dispatcher;

 private:
  net::TaskScope running_;
};

}  // namespace posthaste::smtpd
