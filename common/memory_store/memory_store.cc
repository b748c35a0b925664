#include "common/memory_store/memory_store.h"

#include <algorithm>
#include <chrono>
#include <string_view>

#include "common/memory_store/view.h"

namespace posthaste::memory_store {
namespace {

using mailbox::StoreError;

std::string cut(std::string_view octets, std::uint64_t offset, std::uint64_t length) {
  if (offset >= octets.size()) return {};
  return std::string(octets.substr(static_cast<std::size_t>(offset), static_cast<std::size_t>(length)));
}

/// As it is stored: the header cache, the envelope, the body structure.
std::string whole(const mailbox::Summary& summary) {
  return summary.header_cache + summary.envelope + summary.body_structure;
}

}  // namespace

// --- Reading

std::shared_ptr<const User> MemoryStore::user(UserId id) const {
  const std::scoped_lock lock(mutex_);
  const auto found = users_.find(id);
  return found == users_.end() ? nullptr : found->second;
}

std::expected<mailbox::Snapshot, StoreError> MemoryStore::read(UserId id) const {
  return mailbox::Snapshot(std::make_unique<MemoryView>(id, user(id), options_.object_key));
}

MemoryStore::Found MemoryStore::find(UserId id, BlobId blob) const {
  const auto owner = user(id);
  if (!owner) return std::unexpected(StoreError::no_such_message);
  const auto held = owner->blobs.find(blob);
  if (held == owner->blobs.end()) return std::unexpected(StoreError::no_such_message);
  return held->second.blob;
}

std::expected<std::string, StoreError> MemoryStore::read_blob(UserId user, const mailbox::Blob& blob,
                                                              std::uint64_t offset, std::uint64_t length) const {
  if (blob.octets() == 0) return std::string();
  const auto found = find(user, blob.id());
  if (!found) return std::unexpected(found.error());
  return cut((*found)->octets, offset, length);
}

class MemoryStore::Run final : public mailbox::BlobRun {
 public:
  Run(const MemoryStore& store, UserId user) : store_(store), user_(user) {}

  [[nodiscard]] std::expected<std::string_view, StoreError> read(const mailbox::Blob& blob) override {
    if (blob.octets() == 0) return std::string_view{};
    auto found = store_.find(user_, blob.id());
    if (!found) return std::unexpected(found.error());
    read_last_ = std::move(*found);
    return read_last_->octets;
  }

 private:
  const MemoryStore& store_;
  const UserId user_;
  std::shared_ptr<const StoredBlob> read_last_;
};

std::unique_ptr<mailbox::BlobRun> MemoryStore::read_in_order(UserId user, std::vector<mailbox::Blob>) const {
  return std::make_unique<Run>(*this, user);
}

std::expected<mailbox::PlacedSummary, StoreError> MemoryStore::read_summary(UserId user,
                                                                            const mailbox::Blob& blob) const {
  const auto found = find(user, blob.id());
  if (!found) return std::unexpected(found.error());
  const mailbox::Summary& summary = (*found)->summary;
  const std::uint64_t envelope_offset = summary.header_cache.size();
  return mailbox::PlacedSummary{summary, envelope_offset, envelope_offset + summary.envelope.size()};
}

std::expected<std::string, StoreError> MemoryStore::read_summary(UserId user, const mailbox::Blob& blob,
                                                                 std::uint64_t offset, std::uint64_t length) const {
  const auto found = find(user, blob.id());
  if (!found) return std::unexpected(found.error());
  return cut(whole((*found)->summary), offset, length);
}

std::expected<void, StoreError> MemoryStore::make_sure(UserId user, const mailbox::Blob& blob) const {
  const auto found = find(user, blob.id());
  if (!found) return std::unexpected(found.error());
  return {};
}

// --- Changing

Edit MemoryStore::edit(UserId user, mailbox::Time now) const {
  const auto before = users_.find(user);
  return {user, before == users_.end() ? nullptr : before->second.get(), now, options_.limits, keep_};
}

std::shared_ptr<const StoredBlob> MemoryStore::keep(const mailbox::BlobHandle& handle) {
  if (const auto& written = handle->written_as()) {
    const auto known = blobs_.find(*written);
    auto blob = known == blobs_.end() ? nullptr : known->second.lock();
    if (blob) return blob;
  }
  auto blob = std::make_shared<const StoredBlob>(next_blob_, handle->octets(), handle->summary());
  next_blob_ = next(next_blob_);
  blobs_[blob->id] = blob;
  handle->note_written_as(blob->id);
  fresh_.push_back(handle);
  return blob;
}

void MemoryStore::take_back_blobs() {
  if (!fresh_.empty()) next_blob_ = fresh_.front()->written_as().value_or(next_blob_);
  for (const mailbox::BlobHandle& handle : fresh_) handle->note_written_as(std::nullopt);
  fresh_.clear();
}

void MemoryStore::publish(UserId user, const Edit& edit) {
  fresh_.clear();
  if (edit.user()) {
    users_[user] = edit.user();
  } else {
    users_.erase(user);
  }
  std::erase_if(blobs_, [](const auto& each) { return each.second.expired(); });
  std::erase_if(listeners_, [](const auto& each) { return each.expired(); });
  for (const auto& each : listeners_) {
    const auto listener = each.lock();
    if (!listener) continue;
    for (const mailbox::Change& change : edit.changes()) (*listener)(change);
  }
}

void MemoryStore::forget_until(mailbox::Time now) {
  const auto is_over = [now](const auto& each) { return each.second.until < now; };
  std::erase_if(applied_, is_over);
  std::erase_if(delivered_, is_over);
}

std::expected<mailbox::ApplyResult, StoreError> MemoryStore::apply(UserId user, const mailbox::Batch& batch,
                                                                   const mailbox::IdempotencyKey& key,
                                                                   mailbox::Time now) {
  const std::scoped_lock lock(mutex_);
  forget_until(now);
  if (key.octets.size() > mailbox::kIdempotencyKeyMaxOctets) return std::unexpected(StoreError::invalid_name);
  const auto known = applied_.find({user, key.octets});
  if (!key.octets.empty() && known != applied_.end()) return known->second.result;
  Edit changed = edit(user, now);
  mailbox::ApplyResult answer;
  for (const mailbox::Operation& operation : batch.operations) {
    const bool makes_user = !changed.user() && !std::holds_alternative<mailbox::DeleteUser>(operation);
    const auto admitted = makes_user ? options_.admit(user) : std::expected<void, StoreError>{};
    auto result = admitted ? changed.run(operation) : std::unexpected(admitted.error());
    if (!result) {
      take_back_blobs();
      return std::unexpected(result.error());
    }
    answer.results.push_back(std::move(*result));
  }
  answer.modseq = changed.modseq();
  publish(user, changed);
  if (!changed.user()) {
    std::erase_if(applied_, [user](const auto& each) { return each.first.first == user; });
  }
  if (!key.octets.empty()) {
    applied_.insert_or_assign({user, key.octets},
                              Remembered<mailbox::ApplyResult>{now + mailbox::kIdempotencyKeysKept, answer});
  }
  return answer;
}

std::expected<mailbox::Delivered, StoreError> MemoryStore::deliver(const mailbox::Deliver& message,
                                                                   mailbox::Time now) {
  const std::scoped_lock lock(mutex_);
  forget_until(now);
  std::pair<std::string, std::string> name;
  if (const auto& delivery = message.delivery) {
    const bool names_fit = !delivery->id.empty() && delivery->id.size() <= mailbox::kDeliveryIdMaxOctets &&
                           delivery->recipient.size() <= mailbox::kRecipientMaxOctets;
    if (!names_fit) return std::unexpected(StoreError::invalid_name);
    name = {delivery->id, delivery->recipient};
    if (const auto known = delivered_.find(name); known != delivered_.end()) {
      mailbox::Delivered repeated = known->second.result;
      repeated.delivery = mailbox::Delivery::repeated;
      return repeated;
    }
  }
  Edit changed = edit(message.user, now);
  const auto admitted = changed.user() ? std::expected<void, StoreError>{} : options_.admit(message.user);
  if (!admitted) return std::unexpected(admitted.error());
  const auto appended = changed.deliver(message);
  if (!appended) {
    take_back_blobs();
    return std::unexpected(appended.error());
  }
  publish(message.user, changed);
  const mailbox::Delivered delivered{*appended, changed.modseq(), mailbox::Delivery::first};
  if (message.delivery) {
    delivered_.insert_or_assign(name, Remembered<mailbox::Delivered>{now + mailbox::kDeliveriesKept, delivered});
  }
  return delivered;
}

MemoryStore::Listener MemoryStore::listen(std::function<void(const mailbox::Change&)> tell) {
  auto listener = std::make_shared<const std::function<void(const mailbox::Change&)>>(std::move(tell));
  const std::scoped_lock lock(mutex_);
  listeners_.push_back(listener);
  return listener;
}

// --- As a loop sees it

MemoryMail::MemoryMail(MemoryStore& store, net::Loop& loop, const net::Clock& clock)
    : store_(store), clock_(clock), listener_(store.listen([&loop, subscribers = subscribers_](const auto& change) {
        loop.post([subscribers, change] {
          const Subscribers told = *subscribers;  // one may end its own subscription, and others
          for (const auto& each : told) {
            const bool is_there = std::ranges::find(*subscribers, each) != subscribers->end();
            if (is_there && each->user == change.user) each->on_change(change);
          }
        });
      })) {}

net::Task<std::expected<mailbox::ApplyResult, StoreError>> MemoryMail::apply(UserId user, mailbox::Batch batch,
                                                                             mailbox::IdempotencyKey key) {
  co_return store_.apply(user, batch, key, clock_.wall());
}

net::Task<std::expected<mailbox::Delivered, StoreError>> MemoryMail::deliver(mailbox::Deliver message) {
  co_return store_.deliver(message, clock_.wall());
}

class MemoryMail::Held final : public mailbox::Subscription {
 public:
  Held(std::shared_ptr<Subscribers> subscribers, std::shared_ptr<const Subscriber> subscriber)
      : subscribers_(std::move(subscribers)), subscriber_(std::move(subscriber)) {}
  ~Held() override { subscribers_->remove(subscriber_); }

 private:
  const std::shared_ptr<Subscribers> subscribers_;
  const std::shared_ptr<const Subscriber> subscriber_;
};

std::unique_ptr<mailbox::Subscription> MemoryMail::subscribe(UserId user, mailbox::OnChange on_change) {
  auto subscriber = std::make_shared<const Subscriber>(user, std::move(on_change));
  subscribers_->push_back(subscriber);
  return std::make_unique<Held>(subscribers_, std::move(subscriber));
}

}  // namespace posthaste::memory_store
