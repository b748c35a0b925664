// deliveryd with its store in the simulated world: both outlive a process that dies.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/auth/directory.h"
#include "common/config/config.h"
#include "common/config/layout.h"
#include "common/daemon/memory_budget.h"
#include "common/log/log.h"
#include "common/net/sim_world.h"
#include "common/store/check.h"
#include "common/store/group_commit.h"
#include "common/store/writer.h"
#include "deliveryd/change_feed.h"
#include "deliveryd/lmtp_session.h"
#include "deliveryd/store_session.h"

namespace posthaste {

class SimDeliveryd {
 public:
  /// All outlives it; `folder` is for the store.
  SimDeliveryd(net::SimWorld& sim, const config::Config& config, const auth::Directory& directory,
               const std::filesystem::path& folder, const log::Log& log)
      : sim_(sim),
        config_(config),
        directory_(directory),
        writer_(open_writer(folder)),
        group_commit_(*writer_, sim.world().io),
        local_store_(group_commit_, sim.loop(), sim.loop()),
        inbox_(changes_.open_inbox(sim.loop())),
        resources_{.world = sim.world(),
                   .scope = scope_,
                   .config = config,
                   .log = log,
                   .directory = directory,
                   .store = writer_->store(),
                   .local_store = local_store_,
                   .changes = *inbox_,
                   .memory = memory_,
                   .attached_memory = attached_memory_,
                   .decoded_memory = decoded_memory_,
                   .fair_shares = fair_shares_,
                   .own_user = 0} {}

  /// Listens; after go_away() as another process would.
  void start() {
    process_ = std::make_unique<net::SimProcess>(sim_.network());
    lmtp_ = process_->listen({config::lmtp_socket(config_), 0});
    store_socket_ = process_->listen({config::store_socket(config_), 0});
    accepting_.spawn(accept<deliveryd::LmtpSession>(lmtp_));
    accepting_.spawn(accept<deliveryd::StoreSession>(store_socket_));
  }

  /// Nobody listens any more, and every connection is closed. Its sessions go on to the next octet they want.
  void go_away() { process_->kill(); }

  net::Task<void> ended() {
    go_away();
    scope_.stop();
    co_await accepting_.drained();
    co_await scope_.drained();
  }

  /// The messages in a user's INBOX, in their order.
  [[nodiscard]] std::vector<std::string> messages_of(const std::string& address) const {
    std::vector<std::string> messages;
    const auto user = directory_.find_user(address);
    const auto snapshot = writer_->store().read(user->id);
    EXPECT_TRUE(snapshot);
    const auto inbox = snapshot->mailbox("INBOX");
    if (!inbox) return messages;
    std::vector<BlobId> blobs;
    const auto note = [&](const mailbox::Message& message) { blobs.push_back(message.blob); };
    EXPECT_TRUE(snapshot->scan(inbox->id, mailbox::kAllUids, 1'000'000, note));
    for (const auto blob : blobs) {
      const auto found = snapshot->find_blob(blob);
      EXPECT_TRUE(found);
      auto octets = writer_->store().read_blob(user->id, *found, 0, found->octets());
      EXPECT_TRUE(octets);
      messages.push_back(std::move(*octets));
    }
    return messages;
  }

  void expect_sound() const {
    EXPECT_TRUE(store::check(writer_->store(), store::CheckDepth::bodies).problems.empty());
  }

 private:
  std::unique_ptr<store::Writer> open_writer(const std::filesystem::path& folder) {
    store::WriterOptions options;
    options.directory = folder;
    options.on_change = [this](const mailbox::Change& change) { changes_.publish(change); };
    auto writer = store::Writer::open(std::move(options));
    EXPECT_TRUE(writer) << writer.error().text;
    return std::move(*writer);
  }

  template <typename Session>
  static net::Task<void> serve(std::unique_ptr<net::Transport> transport, deliveryd::Resources& resources) {
    Session session{resources, std::move(transport)};
    co_await session.converse();
  }
  template <typename Session>
  net::Task<void> accept(std::shared_ptr<net::Listener> listener) {
    for (;;) {
      auto transport = co_await listener->accept();
      if (!transport) co_return;
      scope_.spawn(serve<Session>(std::move(transport), resources_));
    }
  }

  net::SimWorld& sim_;
  const config::Config& config_;
  const auth::Directory& directory_;
  net::TaskScope scope_;
  net::TaskScope accepting_;
  deliveryd::ChangeFeed changes_;
  std::unique_ptr<store::Writer> writer_;
  store::GroupCommit group_commit_;
  store::LocalStore local_store_;
  std::shared_ptr<deliveryd::ChangeInbox> inbox_;
  daemon::MemoryBudget memory_{std::size_t{1} << 30};
  daemon::FairShares fair_shares_{2};
  daemon::MemoryBudget attached_memory_{std::size_t{1} << 30};
  daemon::MemoryBudget decoded_memory_{std::size_t{1} << 30};
  deliveryd::Resources resources_;
  std::unique_ptr<net::SimProcess> process_;
  std::shared_ptr<net::Listener> lmtp_;
  std::shared_ptr<net::Listener> store_socket_;
};

}  // namespace posthaste
