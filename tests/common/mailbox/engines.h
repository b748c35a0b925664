// The engines that keep the mailbox's contract, as its tests see them.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "common/mailbox/applier.h"
#include "common/mailbox/reader.h"
#include "common/memory_store/memory_store.h"
#include "common/net/sim_world.h"
#include "common/store/check.h"
#include "common/store/group_commit.h"
#include "common/store/writer.h"

#include "../scratch_directory.h"

namespace posthaste::mailbox {

inline constexpr UserId kAlice{1};
inline constexpr UserId kBob{2};
inline constexpr UserId kNobody{99};  // whom the directory does not know
inline constexpr std::uint32_t kMailboxesAtMost = 40;

inline std::expected<void, StoreError> admit_all_but_nobody(UserId user) {
  if (user == kNobody) return std::unexpected(StoreError::no_such_mailbox);
  return {};
}

/// One engine in a world of its own.
class Engine {
 public:
  Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  virtual ~Engine() = default;

  [[nodiscard]] virtual const Reader& reader() const = 0;
  [[nodiscard]] virtual Deliverer& mail() = 0;
  /// What must hold at the end.
  virtual void expect_sound() const {}

  net::SimWorld sim{1};
  std::vector<Change> told;
  std::chrono::milliseconds next_operation{};  // each comes at a time of its own, the same in every engine
};

class LocalEngine final : public Engine {
 public:
  LocalEngine() {
    store::WriterOptions options;
    options.directory = folder_.path();
    options.map_octets = std::uint64_t{1} << 30;
    options.reserve_octets = 0;
    options.mailboxes_max = kMailboxesAtMost;
    options.admit = admit_all_but_nobody;
    options.on_change = [this](const Change& change) { told.push_back(change); };
    auto writer = store::Writer::open(std::move(options));
    if (!writer) throw std::runtime_error(writer.error().text);
    writer_ = std::move(*writer);
    group_commit_.emplace(*writer_, sim.world().io);
    mail_.emplace(*group_commit_, sim.loop(), sim.loop());
  }

  [[nodiscard]] const Reader& reader() const override { return writer_->store(); }
  [[nodiscard]] Deliverer& mail() override { return *mail_; }
  void expect_sound() const override {
    for (const auto& problem : store::check(writer_->store(), store::CheckDepth::bodies).problems) {
      ADD_FAILURE() << problem;
    }
  }

 private:
  ScratchDirectory folder_;
  std::unique_ptr<store::Writer> writer_;
  std::optional<store::GroupCommit> group_commit_;
  std::optional<store::LocalStore> mail_;
};

class MemoryEngine final : public Engine {
 public:
  [[nodiscard]] const Reader& reader() const override { return store_; }
  [[nodiscard]] Deliverer& mail() override { return mail_; }

 private:
  memory_store::MemoryStore store_{{{kMailboxesAtMost, 1'000}, {{'k', 'e', 'y'}}, admit_all_but_nobody}};
  memory_store::MemoryMail mail_{store_, sim.loop(), sim.loop()};
  const memory_store::MemoryStore::Listener listener_ =
      store_.listen([this](const Change& change) { told.push_back(change); });
};

using ApplyOutcome = std::expected<ApplyResult, StoreError>;
using DeliverOutcome = std::expected<Delivered, StoreError>;

inline net::Task<void> wait_for_turn(Engine& engine) {
  engine.next_operation += std::chrono::seconds{10};
  const auto passed =
      std::chrono::duration_cast<std::chrono::milliseconds>(engine.sim.loop().now().time_since_epoch());
  co_await engine.sim.loop().sleep(engine.next_operation - passed);
}

inline net::Task<void> apply_in(Engine& engine, UserId user, Batch batch, IdempotencyKey key,
                                std::optional<ApplyOutcome>& outcome) {
  co_await wait_for_turn(engine);
  outcome = co_await engine.mail().apply(user, std::move(batch), std::move(key));
}

inline net::Task<void> deliver_in(Engine& engine, Deliver message, std::optional<DeliverOutcome>& outcome) {
  co_await wait_for_turn(engine);
  outcome = co_await engine.mail().deliver(std::move(message));
  const std::chrono::milliseconds until_published{100};
  co_await engine.sim.loop().sleep(until_published);
}

inline ApplyOutcome apply(Engine& engine, UserId user, std::vector<Operation> operations, std::string key = {}) {
  std::optional<ApplyOutcome> outcome;
  EXPECT_TRUE(engine.sim.run(apply_in(engine, user, {std::move(operations)}, {std::move(key)}, outcome)));
  return std::move(*outcome);
}

inline DeliverOutcome deliver(Engine& engine, Deliver message) {
  std::optional<DeliverOutcome> outcome;
  EXPECT_TRUE(engine.sim.run(deliver_in(engine, std::move(message), outcome)));
  return std::move(*outcome);
}

}  // namespace posthaste::mailbox
