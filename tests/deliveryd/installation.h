// deliveryd in the simulated world, with a real directory and a real store in a folder that goes away.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "../relaying_transport.h"
#include "common/auth/directory.h"
#include "common/log/sink.h"
#include "common/net/scope.h"
#include "common/net/sim_world.h"
#include "common/net/stream.h"
#include "common/store/group_commit.h"
#include "common/store/writer.h"
#include "common/wire/store_client.h"
#include "deliveryd/departed_users.h"
#include "deliveryd/lmtp_session.h"
#include "deliveryd/store_session.h"

namespace posthaste::deliveryd {

inline const net::Endpoint kLmtpPort{"127.0.0.1", 24};
inline const net::Endpoint kLmtpSocket{"/run/lmtp.sock", 0};
inline const net::Endpoint kStoreSocket{"/run/store.sock", 0};

class Folder {
 public:
  Folder() {
    auto pattern = (std::filesystem::temp_directory_path() / "posthaste-deliveryd-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::filesystem::path operator/(const char* name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// Users alice and bob at example.org. staff@ is both of them, outside@ leads elsewhere, postmaster@ is alice, and
/// listed@ is alice+lIsTs@.
inline auth::Directory make_directory(const std::filesystem::path& path) {
  auto directory = auth::Directory::open(path, auth::Role::writer);
  auto change = directory->change();
  EXPECT_TRUE(change->add_domain("example.org"));
  EXPECT_EQ(change->add_user({"alice@example.org", "Alice", {}, true, {}}), UserId{1});
  EXPECT_EQ(change->add_user({"bob@example.org", "Bob", {}, true, {}}), UserId{2});
  EXPECT_TRUE(change->set_alias({"staff@example.org", {"alice@example.org", "bob@example.org"}}));
  EXPECT_TRUE(change->set_alias({"outside@example.org", {"someone@example.com"}}));
  EXPECT_TRUE(change->set_alias({"listed@example.org", {"alice+lIsTs@example.org"}}));
  EXPECT_TRUE(change->set_alias({"postmaster@example.org", {"alice@example.org"}}));
  EXPECT_TRUE(change->commit());
  return std::move(*directory);
}

inline constexpr UserId kAlice{1};
inline constexpr UserId kBob{2};

class Installation {
 public:
  explicit Installation(std::uint64_t seed, net::SimConditions conditions = {},
                        std::size_t memory_octets = 1'000'000)
      : sim(seed, conditions), memory_(memory_octets) {
    config.hostname = "mail.example.org";
    config.smtp.message_max_octets = 100'000;
    store::WriterOptions options;
    options.directory = folder_ / "store";
    options.map_octets = std::uint64_t{1} << 30;
    options.reserve_octets = 0;
    options.on_change = [this](const mailbox::Change& change) { feed_.publish(change); };
    options.admit = [this](UserId user) { return admit(directory_, user); };
    writer = std::move(*store::Writer::open(std::move(options)));
    group_commit_.emplace(*writer, sim.world().io);
    local_store.emplace(*group_commit_, sim.loop(), sim.loop());
    inbox_ = feed_.open_inbox(sim.loop());
  }

  /// Serves all three sockets while `client` runs, then stops.
  bool run(net::Task<void> client) { return sim.run(serve_during(std::move(client))); }

  /// As `posthaste user delete` does.
  void remove(UserId user) {
    auto change = directory_.change();
    EXPECT_TRUE(change->delete_user(user));
    EXPECT_TRUE(change->commit());
  }

  /// As `posthaste user add` does.
  UserId add(const std::string& address) {
    auto change = directory_.change();
    const auto user = change->add_user({address, "", {}, true, {}});
    EXPECT_TRUE(user);
    EXPECT_TRUE(change->commit());
    return user.value_or(UserId{});
  }

  /// The octets of a mailbox's messages, in the order of their UIDs.
  [[nodiscard]] std::vector<std::string> messages(UserId user, const std::string& mailbox = "INBOX") const {
    std::vector<std::string> octets;
    const auto& opened = writer->store();
    const auto snapshot = opened.read(user);
    const auto info = snapshot->mailbox(mailbox);
    if (!info) return octets;
    const auto read = [&](const mailbox::Message& message) {
      octets.push_back(
          opened.read_blob(user, *snapshot->find_blob(message), 0, message.octets).value_or("unreadable"));
    };
    EXPECT_TRUE(snapshot->scan(info->id, mailbox::kAllUids, 1'000, read));
    return octets;
  }

  net::SimWorld sim;
  config::Config config;
  log::MemorySink sink;
  log::Log log{sink, "deliveryd", log::Format::text, log::Level::debug, [] { return WallTime{}; }};
  std::unique_ptr<store::Writer> writer;
  std::optional<store::LocalStore> local_store;
  daemon::MemoryBudget attached_memory{1'000'000};
  daemon::MemoryBudget decoded_memory{1'000'000};

 private:
  net::Task<void> accept_lmtp(net::Listener& listener, Resources& resources) {
    for (;;) {
      auto transport = co_await listener.accept();
      if (!transport) co_return;
      resources.scope.spawn(serve_lmtp(std::move(transport), resources));
    }
  }
  static net::Task<void> serve_lmtp(std::unique_ptr<net::Transport> transport, Resources& resources) {
    LmtpSession session{resources, throwing(std::move(transport))};
    co_await session.converse();
  }
  net::Task<void> accept_store(net::Listener& listener, Resources& resources) {
    for (;;) {
      auto transport = co_await listener.accept();
      if (!transport) co_return;
      resources.scope.spawn(serve_store(std::move(transport), resources));
    }
  }
  static net::Task<void> serve_store(std::unique_ptr<net::Transport> transport, Resources& resources) {
    StoreSession session{resources, throwing(std::move(transport))};
    co_await session.converse();
  }
  net::Task<void> serve_during(net::Task<void> client) {
    net::TaskScope scope;
    Resources resources{.world = sim.world(),
                        .scope = scope,
                        .config = config,
                        .log = log,
                        .directory = directory_,
                        .store = writer->store(),
                        .local_store = *local_store,
                        .changes = *inbox_,
                        .memory = memory_,
                        .attached_memory = attached_memory,
                        .decoded_memory = decoded_memory,
                        .fair_shares = fair_shares_,
                        .own_user = 0};
    const auto lmtp_port = sim.network().listen(kLmtpPort);
    const auto lmtp_socket = sim.network().listen(kLmtpSocket);
    const auto store_socket = sim.network().listen(kStoreSocket);
    DepartedUsers departed{directory_, writer->store(), *local_store, sim.world(), log};
    net::TaskScope clearing;
    clearing.spawn(departed.run());
    scope.spawn(accept_lmtp(*lmtp_port, resources));
    scope.spawn(accept_lmtp(*lmtp_socket, resources));
    scope.spawn(accept_store(*store_socket, resources));
    co_await client;
    for (const auto& listener : {lmtp_port.get(), lmtp_socket.get(), store_socket.get()}) listener->close();
    scope.stop();
    co_await scope.drained();
    departed.stop();
    co_await clearing.drained();
  }

  Folder folder_;
  auth::Directory directory_ = make_directory(folder_ / "directory");
  ChangeFeed feed_;
  daemon::MemoryBudget memory_;
  daemon::FairShares fair_shares_{daemon::threads_per_user(config.workers.io_threads)};
  std::optional<store::GroupCommit> group_commit_;
  std::shared_ptr<ChangeInbox> inbox_;
};

}  // namespace posthaste::deliveryd
