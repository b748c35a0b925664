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

constexpr std::uint64_t kSmallOctets = 65'536;  // read at once: a record, several of them, a slice of a larger one
constexpr std::uint64_t kGapMaxOctets = 2'048;  // between two records; as cheap to read as to pass over

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
/// of this blob. Errors: io, when they are not.
std::expected<std::uint32_t, StoreError> promised_crc(const journal::SegmentHeader& segment,
                                                      const BlobLocation& location, std::string_view front) {
  const auto header = journal::decode_header(segment.framing, record_offset(location), front);
  if (!header || header->type != number(RecordType::blob)) return std::unexpected(StoreError::io);
  if (header->body_octets != record_octets(location) - kRecordHeaderOctets) return std::unexpected(StoreError::io);
  OctetReader prefix(front.substr(kRecordHeaderOctets));
  if (prefix.take<BlobId>() != location.blob) return std::unexpected(StoreError::io);
  return header->body_crc;
}

bool is_large(const BlobLocation& location) { return record_octets(location) > kSmallOctets; }

/// The same. Errors: those of reading the segment's header, too.
std::expected<std::uint32_t, StoreError> promised_crc(SegmentFiles& files, const BlobLocation& location,
                                                      std::string_view front) {
  const auto segment = files.header(location.segment);
  if (!segment) return std::unexpected(error_of(segment.error()));
  return promised_crc(*segment, location, front);
}

/// The message in a blob's record, once the checksums were compared. Errors: io, when they differ.
std::expected<std::string_view, StoreError> sound_message(const journal::SegmentHeader& segment,
                                                          const BlobLocation& location, std::string_view record) {
  const auto promised = promised_crc(segment, location, record);
  if (!promised) return std::unexpected(promised.error());
  if (crc32c(record.substr(kRecordHeaderOctets)) != *promised) return std::unexpected(StoreError::io);
  return record.substr(octets_before(location));
}

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
  const auto segment = files_->header(location.segment);
  if (!segment) return std::unexpected(error_of(segment.error()));
  const auto message = sound_message(*segment, location, *record);
  if (!message) return std::unexpected(message.error());
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

std::expected<std::string_view, StoreError> BlobRun::read(const BlobLocation& location) {
  if (location.octets == 0) return std::string_view{};
  if (!is_large(location)) {
    const auto message = read_small(location);
    blobs_->note(location, message ? nullptr : &message.error());
    return message;
  }
  segment_.reset();
  auto octets = blobs_->read_whole(location);
  if (!octets) return std::unexpected(octets.error());
  octets_ = std::move(*octets);
  return octets_;
}

std::expected<std::string_view, StoreError> BlobRun::read_small(const BlobLocation& location) {
  if (!holds(location)) {
    if (const auto filled = fill(location); !filled) return std::unexpected(filled.error());
  }
  if (!segment_) return std::unexpected(StoreError::io);  // it is known once octets_ holds the record
  const auto record = std::string_view(octets_).substr(record_offset(location) - offset_, record_octets(location));
  return sound_message(*segment_, location, record);
}

bool BlobRun::holds(const BlobLocation& location) const {
  if (!segment_ || segment_->segment != location.segment || record_offset(location) < offset_) return false;
  return location.offset + location.octets <= offset_ + octets_.size();
}

std::expected<void, StoreError> BlobRun::fill(const BlobLocation& location) {
  segment_.reset();
  const auto segment = blobs_->files_->header(location.segment);
  if (!segment) return std::unexpected(error_of(segment.error()));
  const std::uint64_t start = record_offset(location);
  auto octets = blobs_->files_->read(location.segment, start, end_of_neighbours(location) - start);
  // What is wrong with a neighbour is not held against this one.
  if (!octets) octets = blobs_->files_->read(location.segment, start, record_octets(location));
  if (!octets) return std::unexpected(error_of(octets.error()));
  octets_ = std::move(*octets);
  segment_ = *segment;
  offset_ = start;
  return {};
}

std::uint64_t BlobRun::end_of_neighbours(const BlobLocation& location) {
  std::uint64_t end = location.offset + location.octets;
  const auto found = std::find(locations_.begin() + static_cast<std::ptrdiff_t>(next_), locations_.end(), location);
  if (found == locations_.end()) return end;
  next_ = static_cast<std::size_t>(found - locations_.begin()) + 1;
  for (; next_ < locations_.size(); ++next_) {
    const BlobLocation& neighbour = locations_[next_];
    const std::uint64_t start = record_offset(neighbour);
    const bool is_close = neighbour.segment == location.segment && start >= end && start - end <= kGapMaxOctets &&
                          neighbour.offset + neighbour.octets - record_offset(location) <= kSmallOctets;
    if (!is_close) break;
    end = neighbour.offset + neighbour.octets;
  }
  return end;
}

}  // namespace posthaste::store
