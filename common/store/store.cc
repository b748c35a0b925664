#include "common/store/store.h"

#include <algorithm>
#include <utility>

#include "common/base/crc32c.h"
#include "common/journal/log.h"
#include "common/store/index.h"
#include "common/store/rows.h"

namespace posthaste::store {
namespace {

using journal::SegmentFiles;

StoreError error_of(SegmentFiles::Failure failure) {
  switch (failure) {
    case SegmentFiles::Failure::gone: return StoreError::no_such_message;
    case SegmentFiles::Failure::unavailable: return StoreError::unavailable;
    case SegmentFiles::Failure::damaged: return StoreError::io;
  }
  std::unreachable();
}

}  // namespace

Store::Store(std::shared_ptr<Environment> environment, std::shared_ptr<SegmentFiles> files)
    : environment_(std::move(environment)), files_(std::move(files)) {}

Store::~Store() = default;

std::expected<std::unique_ptr<Store>, OpenError> Store::open(const std::filesystem::path& directory,
                                                             std::uint64_t map_octets) {
  auto environment = open_index(directory / "index", Environment::Access::read, map_octets);
  if (!environment) return std::unexpected(environment.error());
  auto files = std::make_shared<SegmentFiles>(directory / "log");
  return std::unique_ptr<Store>(new Store(std::move(*environment), std::move(files)));
}

std::expected<Snapshot, StoreError> Store::read(UserId user) const {
  const auto txn = environment_->begin_read();
  if (!txn) {
    const bool no_slot = txn.error() == lmdb::BeginError::unavailable;
    return std::unexpected(no_slot ? StoreError::unavailable : StoreError::io);
  }
  return Snapshot(environment_, files_, *txn, user);
}

std::expected<std::string, StoreError> Store::read_blob(const BlobLocation& location, std::uint64_t offset,
                                                        std::uint64_t length) const {
  if (offset >= location.octets) return std::string();
  length = std::min(length, location.octets - offset);
  auto octets = files_->read(location.segment, location.offset + offset, length);
  if (octets) return std::move(*octets);
  return std::unexpected(error_of(octets.error()));
}

std::expected<void, StoreError> Store::verify_blob(const BlobLocation& location) const {
  const std::uint64_t before = record_octets(location) - location.octets;
  const auto record = files_->read(location.segment, location.offset - before, record_octets(location));
  if (!record) return std::unexpected(error_of(record.error()));
  const auto header = journal::decode_header(*record);
  const std::string_view body = std::string_view(*record).substr(journal::kRecordHeaderOctets);
  if (!header || header->type != number(RecordType::blob) || header->body_octets != body.size() ||
      header->body_crc != crc32c(body)) {
    return std::unexpected(StoreError::io);
  }
  const auto blob = decode_body(RecordType::blob, body);
  if (!blob || std::get<BlobRecord>(*blob).blob != location.blob) return std::unexpected(StoreError::io);
  return {};
}

int Store::clear_dead_readers() const { return environment_->clear_dead_readers(); }

}  // namespace posthaste::store
