// Everybody's mail in memory: the second engine behind the mailbox's interfaces, for tests and the simulated world.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "common/base/ids.h"
#include "common/mailbox/applier.h"
#include "common/mailbox/changes.h"
#include "common/mailbox/email_ids.h"
#include "common/mailbox/reader.h"
#include "common/memory_store/edit.h"
#include "common/memory_store/user.h"
#include "common/net/clock.h"
#include "common/net/loop.h"

namespace posthaste::memory_store {

/// Used by any number of threads. It goes with the process, and knows no full disk; all else that the interfaces
/// promise it keeps. A batch is a copy of all that its user has: whole and small, not quick.
class MemoryStore final : public mailbox::Reader {
 public:
  struct Options {
    Limits limits;
    mailbox::ObjectKey object_key;
    /// Asked before a user is made whom the store has not met. Errors: no_such_mailbox, unavailable.
    std::function<std::expected<void, mailbox::StoreError>(UserId)> admit = [](UserId) {
      return std::expected<void, mailbox::StoreError>{};
    };
  };

  explicit MemoryStore(Options options) : options_(std::move(options)) {}

  [[nodiscard]] std::expected<mailbox::Snapshot, mailbox::StoreError> read(UserId user) const override;
  using Reader::read_blob;
  [[nodiscard]] std::expected<std::string, mailbox::StoreError> read_blob(UserId user, const mailbox::Blob& blob,
                                                                          std::uint64_t offset,
                                                                          std::uint64_t length) const override;
  [[nodiscard]] std::unique_ptr<mailbox::BlobRun> read_in_order(UserId user,
                                                                std::vector<mailbox::Blob> blobs) const override;
  [[nodiscard]] std::expected<mailbox::PlacedSummary, mailbox::StoreError> read_summary(
      UserId user, const mailbox::Blob& blob) const override;
  [[nodiscard]] std::expected<std::string, mailbox::StoreError> read_summary(UserId user, const mailbox::Blob& blob,
                                                                             std::uint64_t offset,
                                                                             std::uint64_t length) const override;
  [[nodiscard]] std::expected<void, mailbox::StoreError> make_sure(UserId user,
                                                                   const mailbox::Blob& blob) const override;

  /// At `now`, at once, as mailbox::Applier and Deliverer say.
  std::expected<mailbox::ApplyResult, mailbox::StoreError> apply(UserId user, const mailbox::Batch& batch,
                                                                 const mailbox::IdempotencyKey& key,
                                                                 mailbox::Time now);
  std::expected<mailbox::Delivered, mailbox::StoreError> deliver(const mailbox::Deliver& message,
                                                                 mailbox::Time now);

  /// Calls `tell` with each change, in order, on the thread that made it, until the listener goes; it must not come
  /// back here.
  using Listener = std::shared_ptr<const std::function<void(const mailbox::Change&)>>;
  [[nodiscard]] Listener listen(std::function<void(const mailbox::Change&)> tell);

 private:
  class Run;
  using Found = std::expected<std::shared_ptr<const StoredBlob>, mailbox::StoreError>;
  template <typename Result>
  struct Remembered {
    mailbox::Time until;
    Result result;
  };

  [[nodiscard]] bool answers_at_once() const override { return true; }
  [[nodiscard]] std::shared_ptr<const User> user(UserId id) const;
  [[nodiscard]] Found find(UserId user, BlobId blob) const;
  // With mutex_ held.
  [[nodiscard]] Edit edit(UserId user, mailbox::Time now) const;
  void publish(UserId user, const Edit& edit);
  void forget_until(mailbox::Time now);
  /// Blobs that were first written for a batch which failed are as if nobody had named them.
  [[nodiscard]] std::shared_ptr<const StoredBlob> keep(const mailbox::BlobHandle& handle);
  void take_back_blobs();

  const Options options_;
  mutable std::mutex mutex_;  // guards all below
  std::map<UserId, std::shared_ptr<const User>> users_;
  std::map<BlobId, std::weak_ptr<const StoredBlob>> blobs_;
  BlobId next_blob_{1};
  std::vector<mailbox::BlobHandle> fresh_;  // of the batch under way
  std::map<std::pair<UserId, std::string>, Remembered<mailbox::ApplyResult>> applied_;
  std::map<std::pair<std::string, std::string>, Remembered<mailbox::Delivered>> delivered_;
  std::vector<std::weak_ptr<const std::function<void(const mailbox::Change&)>>> listeners_;
  const KeepBlob keep_ = [this](const mailbox::BlobHandle& handle) { return keep(handle); };
};

/// The store as the sessions of one loop see it.
class MemoryMail final : public mailbox::Deliverer, public mailbox::Changes {
 public:
  /// All three outlive it, and it outlives the tasks and the subscriptions it gave.
  MemoryMail(MemoryStore& store, net::Loop& loop, const net::Clock& clock);

  net::Task<std::expected<mailbox::ApplyResult, mailbox::StoreError>> apply(UserId user, mailbox::Batch batch,
                                                                            mailbox::IdempotencyKey key) override;
  net::Task<std::expected<mailbox::Delivered, mailbox::StoreError>> deliver(mailbox::Deliver message) override;
  [[nodiscard]] std::unique_ptr<mailbox::Subscription> subscribe(UserId user, mailbox::OnChange on_change) override;

 private:
  struct Subscriber {
    UserId user{};
    mailbox::OnChange on_change;
  };
  class Held;
  /// The loop's own; what was posted to the loop may outlive the rest.
  using Subscribers = std::list<std::shared_ptr<const Subscriber>>;

  MemoryStore& store_;
  const net::Clock& clock_;
  const std::shared_ptr<Subscribers> subscribers_ = std::make_shared<Subscribers>();
  const MemoryStore::Listener listener_;
};

}  // namespace posthaste::memory_store
