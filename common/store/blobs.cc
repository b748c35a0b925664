#include "common/store/blobs.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "common/base/crc32c.h"
#include "common/base/octet_codec.h"
#include "common/store/record.h"
#include "common/store/rows.h"

namespace posthaste::store {
namespace {

using journal::kRecordHeaderOctets;
using journal::SegmentFiles;

constexpr std::uint64_t kSmallOctets = 65'536;  // a record that is read at once, and a slice of a larger one

StoreError error_of(SegmentFiles::Failure failure) {
  switch (failure) {
    case SegmentFiles::Failure::gone: return StoreError::no_such_message;
    case SegmentFiles::Failure::unavailable: return StoreError::unavailable;
    case SegmentFiles::Failure::damaged: return StoreError::io;
  }
  std::unreachable();
}

std::uint64_t octets_before(const BlobLocation& location) { return record_octets(location) - location.octets; }
std::uint64_t record_offset(const BlobLocation& location) { return location.offset - octets_before(location); }

/// The checksum that the body of a blob's record is to have, when `front`, the octets before the message, are those
/// of this blob. Errors: io, when they are not; those of reading the segment's header.
std::expected<std::uint32_t, StoreError> promised_crc(SegmentFiles& files, const BlobLocation& location,
                                                      std::string_view front) {
  const auto segment = files.header(location.segment);
  if (!segment) return std::unexpected(error_of(segment.error()));
  const auto header = journal::decode_header(segment->framing, record_offset(location), front);
  if (!header || header->type != number(RecordType::blob)) return std::unexpected(StoreError::io);
  if (header->body_octets != record_octets(location) - kRecordHeaderOctets) return std::unexpected(StoreError::io);
  OctetReader prefix(front.substr(kRecordHeaderOctets));
  if (prefix.take<BlobId>() != location.blob) return std::unexpected(StoreError::io);
  return header->body_crc;
}

bool is_large(const BlobLocation& location) { return record_octets(location) > kSmallOctets; }

std::uint64_t mixed(std::uint64_t value) {  // splitmix64's finish
  value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9U;
  value = (value ^ (value >> 27U)) * 0x94d049bb133111ebU;
  return value ^ (value >> 31U);
}

/// Of a blob at its place; never 0.
std::uint64_t fingerprint(const BlobLocation& location) {
  const std::uint64_t place = mixed(location.offset ^ (std::uint64_t{location.segment} << 40U));
  return mixed(number(location.blob) + place) | 1U;
}

}  // namespace

std::expected<std::string, StoreError> Blobs::read(const BlobLocation& location, std::uint64_t offset,
                                                   std::uint64_t length) {
  if (offset >= location.octets) return std::string();
  length = std::min(length, location.octets - offset);
  if (length == location.octets) return read_whole(location);
  if (const auto sure = make_sure(location); !sure) return std::unexpected(sure.error());
  auto octets = files_->read(location.segment, location.offset + offset, length);
  if (octets) return std::move(*octets);
  return std::unexpected(error_of(octets.error()));
}

std::expected<std::string, StoreError> Blobs::read_summary(const BlobLocation& location, std::uint64_t offset,
                                                           std::uint64_t length) {
  if (offset >= location.summary_octets) return std::string();
  length = std::min(length, location.summary_octets - offset);
  if (record_octets(location) <= kComparedForSummaryMax) {
    if (const auto sure = make_sure(location); !sure) return std::unexpected(sure.error());
  }
  auto octets = files_->read(location.segment, location.offset - location.summary_octets + offset, length);
  if (octets) return std::move(*octets);
  return std::unexpected(error_of(octets.error()));
}

std::expected<std::string, StoreError> Blobs::read_whole(const BlobLocation& location) {
  auto octets = is_large(location) ? read_large(location) : read_small(location);
  note(location, octets ? nullptr : &octets.error());
  return octets;
}

std::expected<std::string, StoreError> Blobs::read_small(const BlobLocation& location) const {
  auto record = files_->read(location.segment, record_offset(location), record_octets(location));
  if (!record) return std::unexpected(error_of(record.error()));
  const auto promised = promised_crc(*files_, location, *record);
  if (!promised) return std::unexpected(promised.error());
  if (crc32c(std::string_view(*record).substr(kRecordHeaderOctets)) != *promised) {
    return std::unexpected(StoreError::io);
  }
  record->erase(0, octets_before(location));
  return std::move(*record);
}

std::expected<std::string, StoreError> Blobs::read_large(const BlobLocation& location) const {
  const auto front = files_->read(location.segment, record_offset(location), octets_before(location));
  if (!front) return std::unexpected(error_of(front.error()));
  const auto promised = promised_crc(*files_, location, *front);
  if (!promised) return std::unexpected(promised.error());
  auto octets = files_->read(location.segment, location.offset, location.octets);
  if (!octets) return std::unexpected(error_of(octets.error()));
  const std::uint32_t crc = crc32c(std::string_view(*front).substr(kRecordHeaderOctets));
  if (crc32c(*octets, crc) != *promised) return std::unexpected(StoreError::io);
  return std::move(*octets);
}

std::expected<void, StoreError> Blobs::make_sure(const BlobLocation& location) {
  if (is_known_sound(location)) return {};
  auto verified = verify(location);
  note(location, verified ? nullptr : &verified.error());
  return verified;
}

std::expected<void, StoreError> Blobs::verify(const BlobLocation& location) const {
  const std::uint64_t end = location.offset + location.octets;
  std::optional<std::uint32_t> promised;
  std::uint32_t crc = 0;
  std::uint64_t at = record_offset(location);
  while (at < end) {
    const auto octets = files_->read(location.segment, at, std::min(kSmallOctets, end - at));
    if (!octets) return std::unexpected(error_of(octets.error()));
    std::string_view counted = *octets;
    if (!promised) {
      const auto found = promised_crc(*files_, location, counted);
      if (!found) return std::unexpected(found.error());
      promised = *found;
      counted.remove_prefix(kRecordHeaderOctets);
    }
    crc = crc32c(counted, crc);
    at += octets->size();
  }
  if (crc != promised) return std::unexpected(StoreError::io);
  return {};
}

void Blobs::note(const BlobLocation& location, const StoreError* error) {
  if (error == nullptr) return remember(location);
  if (*error == StoreError::io) tell_once(location);
}

void Blobs::remember(const BlobLocation& location) {
  const std::uint64_t sound = fingerprint(location);
  if (!is_large(location)) {
    small_sound_[number(location.blob) % kSmallRemembered].store(sound, std::memory_order_relaxed);
    return;
  }
  const std::scoped_lock lock(large_mutex_);
  if (!large_sound_.insert(sound).second) return;
  large_in_order_.push_back(sound);
  if (large_in_order_.size() <= kLargeRemembered) return;
  large_sound_.erase(large_in_order_.front());
  large_in_order_.pop_front();
}

bool Blobs::is_known_sound(const BlobLocation& location) const {
  const std::uint64_t sound = fingerprint(location);
  if (!is_large(location)) {
    return small_sound_[number(location.blob) % kSmallRemembered].load(std::memory_order_relaxed) == sound;
  }
  const std::scoped_lock lock(large_mutex_);
  return large_sound_.contains(sound);
}

void Blobs::tell_once(const BlobLocation& location) {
  {
    const std::scoped_lock lock(told_mutex_);
    if (!told_.insert(location.blob).second) return;
    if (told_.size() > kToldMax) told_ = {location.blob};
  }
  tell_(location);
}

}  // namespace posthaste::store
