#include "common/store/store.h"

#include <utility>

#include "common/journal/log.h"
#include "common/store/blobs.h"
#include "common/store/index.h"
#include "common/store/rows.h"
#include "common/store/snapshot.h"

namespace posthaste::store {
namespace {

using journal::SegmentFiles;

std::vector<UserId> users_of(Environment& environment, BlobId blob) {
  std::vector<UserId> users;
  const auto txn = ReadTxn::begin(environment);
  if (!txn) return users;
  const View view = txn->view();
  Cursor cursor(view, Table::users);
  for (bool there = cursor.seek(std::string(1, '\0')); there && users.size() < kDamageUsersMax;
       there = cursor.next()) {
    std::string_view key = cursor.key();
    const auto user = take_key_part<UserId>(key);
    if (view.get(Table::cold_rows, user_blob_key(user, blob))) users.push_back(user);
  }
  return users;
}

}  // namespace

Store::Store(std::shared_ptr<Environment> environment, std::shared_ptr<SegmentFiles> files)
    : environment_(std::move(environment)), blobs_(std::make_shared<Blobs>(std::move(files))) {}

Store::~Store() = default;

std::expected<std::unique_ptr<Store>, OpenError> Store::open(const std::filesystem::path& directory,
                                                             std::uint64_t map_octets) {
  auto environment = open_index(directory / "index", Environment::Access::read, map_octets);
  if (!environment) return std::unexpected(environment.error());
  auto files = std::make_shared<SegmentFiles>(directory / "log");
  return std::unique_ptr<Store>(new Store(std::move(*environment), std::move(files)));
}

std::expected<mailbox::Snapshot, StoreError> Store::read(UserId user) const {
  const auto txn = environment_->begin_read();
  if (!txn) {
    const bool no_slot = txn.error() == lmdb::BeginError::unavailable;
    return std::unexpected(no_slot ? StoreError::unavailable : StoreError::io);
  }
  return mailbox::Snapshot(std::make_unique<SnapshotView>(environment_, blobs_, *txn, user));
}

std::expected<BlobLocation, StoreError> Store::locate(UserId user, BlobId blob) const {
  const auto snapshot = read(user);
  if (!snapshot) return std::unexpected(snapshot.error());
  const auto found = snapshot->find_blob(blob);
  if (!found) return std::unexpected(found.error());
  return location_of(*found);
}

/// Calls `read`; when the segment has gone since the blob was found, once more where the blob is now.
template <typename Read>
std::invoke_result_t<Read&, const BlobLocation&> Store::find_and(UserId user, const mailbox::Blob& blob,
                                                                 Read read) const {
  auto octets = read(location_of(blob));
  if (octets || octets.error() != StoreError::no_such_message) return octets;
  const auto moved = locate(user, blob.id());
  if (!moved) return std::unexpected(moved.error());
  return read(*moved);
}

/// A run, in which what was moved is looked up again.
class Store::Run final : public mailbox::BlobRun {
 public:
  Run(const Store& store, UserId user, std::vector<BlobLocation> locations)
      : store_(store), user_(user), run_(store.blobs_, std::move(locations)) {}

  [[nodiscard]] std::expected<std::string_view, StoreError> read(const mailbox::Blob& blob) override {
    return store_.find_and(user_, blob, [this](const BlobLocation& location) { return run_.read(location); });
  }

 private:
  const Store& store_;
  const UserId user_;
  store::BlobRun run_;
};

std::unique_ptr<mailbox::BlobRun> Store::read_in_order(UserId user, std::vector<mailbox::Blob> blobs) const {
  std::vector<BlobLocation> locations;
  locations.reserve(blobs.size());
  for (const mailbox::Blob& blob : blobs) locations.push_back(location_of(blob));
  return std::make_unique<Run>(*this, user, std::move(locations));
}

std::expected<std::string, StoreError> Store::read_blob(UserId user, const mailbox::Blob& blob,
                                                        std::uint64_t offset, std::uint64_t length) const {
  return find_and(user, blob, [&](const BlobLocation& location) { return blobs_->read(location, offset, length); });
}

std::expected<PlacedSummary, StoreError> Store::read_summary(UserId user, const mailbox::Blob& blob) const {
  const auto octets = read_summary(user, blob, 0, blob.summary_octets());
  if (!octets) return std::unexpected(octets.error());
  const auto view = decode_summary(*octets);
  if (!view) return std::unexpected(StoreError::io);
  const auto offset_of = [&octets](std::string_view text) {
    return static_cast<std::uint64_t>(text.data() - octets->data());
  };
  return PlacedSummary{view->copy(), offset_of(view->envelope), offset_of(view->body_structure)};
}

std::expected<std::string, StoreError> Store::read_summary(UserId user, const mailbox::Blob& blob,
                                                           std::uint64_t offset, std::uint64_t length) const {
  return find_and(user, blob,
                  [&](const BlobLocation& location) { return blobs_->read_summary(location, offset, length); });
}

std::expected<void, StoreError> Store::make_sure(UserId user, const mailbox::Blob& blob) const {
  return find_and(user, blob, [this](const BlobLocation& location) { return blobs_->make_sure(location); });
}

std::expected<void, StoreError> Store::verify_blob(const BlobLocation& location) const {
  return blobs_->verify(location);
}

void Store::on_damage(std::function<void(const Damage&)> tell) {
  blobs_->on_damage([environment = environment_, tell = std::move(tell)](const BlobLocation& location) {
    tell({location, users_of(*environment, location.blob)});
  });
}

int Store::clear_dead_readers() const { return environment_->clear_dead_readers(); }

}  // namespace posthaste::store
