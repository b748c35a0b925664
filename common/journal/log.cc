#include "common/journal/log.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <system_error>
#include <utility>

#include "common/base/crc32c.h"
#include "common/base/disk_reserve.h"
#include "common/base/octets.h"

namespace posthaste::journal {
namespace {

constexpr std::string_view kSegmentSuffix = ".seg";
constexpr std::size_t kSegmentDigits = 8;
constexpr mode_t kFileMode = 0640;
constexpr std::string_view kRecordMagicOctets = "PHR1";
constexpr std::size_t kSectorOctets = 512;
constexpr std::size_t kCopyOctets = std::size_t{1} << 20;
constexpr std::uint64_t kPreallocateOctets = std::uint64_t{16} << 20;
constexpr std::uint64_t kPreallocateLeastOctets = std::uint64_t{64} << 10;
constexpr std::uint64_t kPreallocateShare = 128;  // of the file system, at most, at once

LogFailure failure_of(int error) {
  const bool space = error == ENOSPC || error == EDQUOT || error == EFBIG;
  return space ? LogFailure::space : LogFailure::io;
}

/// The record at `offset` when its header is whole and its body lies within the segment, whether or not that is
/// sound.
std::optional<ScannedRecord> record_at(std::string_view segment, std::uint64_t offset) {
  const auto header = decode_header(segment.substr(offset));
  const std::uint64_t body_offset = offset + kRecordHeaderOctets;
  if (!header || segment.size() - body_offset < header->body_octets) return std::nullopt;
  return ScannedRecord{*header, segment.substr(body_offset, header->body_octets), body_offset};
}

bool body_is_sound(const ScannedRecord& record) { return crc32c(record.body) == record.header.body_crc; }

std::uint64_t end_of(const ScannedRecord& record) { return record.body_offset + record.body.size(); }

/// The first sound record from `offset` on whose sequence is `sequence` or above.
std::optional<ScannedRecord> sound_record_behind(std::string_view segment, std::uint64_t offset,
                                                 std::uint64_t sequence) {
  for (std::size_t place = segment.find(kRecordMagicOctets, offset); place != std::string_view::npos;
       place = segment.find(kRecordMagicOctets, place + 1)) {
    const auto record = record_at(segment, place);
    if (record && record->header.sequence >= sequence && body_is_sound(*record)) return record;
  }
  return std::nullopt;
}

/// Whether the header at `offset` may never have been written. The log is only appended to, and what was cut off is
/// given back: what no write reached reads as zeros, to the end of its sector at least.
bool may_be_unwritten(std::string_view segment, std::uint64_t offset) {
  const std::uint64_t first_end = (offset / kSectorOctets + 1) * kSectorOctets;
  for (std::uint64_t start = offset, end = first_end; start < offset + kRecordHeaderOctets;
       start = end, end += kSectorOctets) {
    const std::string_view sector = segment.substr(std::min<std::uint64_t>(start, segment.size()), end - start);
    if (sector.find_first_not_of('\0') == std::string_view::npos) return true;
  }
  return false;
}

/// Whether the unsound record at `offset`, which should have `sequence`, had been on disk as a whole. Groups are
/// synced one after the other: so it was when a sound record stands behind the end of its group. Where its header
/// is wrong we cannot see where that was; then what was written there, and is followed by the sound end of a group,
/// was synced.
bool was_synced(std::string_view segment, std::uint64_t offset, std::uint64_t sequence) {
  auto record = record_at(segment, offset);
  const bool lost = !record || record->header.sequence != sequence;
  if (lost) record = sound_record_behind(segment, offset, sequence + 1);
  bool group_ended = false;
  for (; record; record = record_at(segment, end_of(*record))) {
    if (group_ended && body_is_sound(*record)) return true;
    if (record->header.end == RecordEnd::group) group_ended = true;
  }
  return lost && group_ended && !may_be_unwritten(segment, offset);
}

}  // namespace

FileDescriptor::~FileDescriptor() {
  if (descriptor_ != kNone) ::close(descriptor_);
}

std::filesystem::path segment_path(const std::filesystem::path& log, std::uint32_t segment) {
  std::string name = std::to_string(segment);
  if (name.size() < kSegmentDigits) name.insert(0, kSegmentDigits - name.size(), '0');
  return log / name.append(kSegmentSuffix);
}

std::optional<std::vector<std::uint32_t>> list_segments(const std::filesystem::path& log) {
  std::vector<std::uint32_t> segments;
  std::error_code error;
  for (auto entry = std::filesystem::directory_iterator(log, error);
       !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const auto number = parse_decimal(entry->path().stem().string());
    if (!number || *number == 0 || *number > UINT32_MAX) continue;
    const auto segment = static_cast<std::uint32_t>(*number);
    if (entry->path() == segment_path(log, segment)) segments.push_back(segment);
  }
  if (error) return std::nullopt;
  std::ranges::sort(segments);
  return segments;
}

std::expected<void, LogFailure> write_all(int descriptor, std::string_view octets, std::uint64_t offset) {
  while (!octets.empty()) {
    const ssize_t written = ::pwrite(descriptor, octets.data(), octets.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return std::unexpected(failure_of(errno));
    octets.remove_prefix(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return {};
}

bool sync_directory(const std::filesystem::path& directory) {
  const FileDescriptor descriptor(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return descriptor.is_open() && ::fsync(descriptor.get()) == 0;
}

std::expected<FileDescriptor, OpenError> lock_writer(const std::filesystem::path& path) {
  FileDescriptor lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kFileMode));
  if (lock.is_open() && ::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return lock;
  const std::string why = errno == EWOULDBLOCK ? "another writer has it" : std::system_category().message(errno);
  return std::unexpected(OpenError{OpenError::Kind::unavailable, path.string() + ": " + why});
}

ScanResult scan_records(std::string_view segment, std::uint64_t offset, std::uint64_t sequence,
                        const std::function<bool(std::span<const ScannedRecord>)>& apply) {
  ScanResult result{ScanEnd::clean, offset, sequence};
  if (offset > segment.size()) {
    result.end = ScanEnd::damaged;
    return result;
  }
  std::vector<ScannedRecord> pending;
  while (offset < segment.size()) {
    const auto record = record_at(segment, offset);
    if (!record || record->header.sequence != sequence || !body_is_sound(*record)) {
      result.end = was_synced(segment, offset, sequence) ? ScanEnd::damaged : ScanEnd::torn;
      return result;
    }
    pending.push_back(*record);
    offset = end_of(*record);
    ++sequence;
    if (record->header.end == RecordEnd::none) continue;
    if (!apply(pending)) {
      result.end = ScanEnd::refused;
      return result;
    }
    pending.clear();
    result.offset = offset;
    result.sequence = sequence;
  }
  if (!pending.empty()) result.end = ScanEnd::torn;
  return result;
}

std::optional<MappedFile> MappedFile::open(const std::filesystem::path& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!file.is_open() || ::fstat(file.get(), &status) != 0) return std::nullopt;
  const auto octets = static_cast<std::size_t>(status.st_size);
  if (octets == 0) return MappedFile(std::string_view{});
  void* mapped = ::mmap(nullptr, octets, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (mapped == MAP_FAILED) return std::nullopt;
  return MappedFile({static_cast<const char*>(mapped), octets});
}

MappedFile::~MappedFile() {
  if (!octets_.empty()) ::munmap(const_cast<char*>(octets_.data()), octets_.size());
}

std::expected<std::string, SegmentFiles::Failure> SegmentFiles::read(std::uint32_t segment, std::uint64_t offset,
                                                                     std::uint64_t length) {
  const auto file = descriptor(segment);
  if (!file) return std::unexpected(errno == ENOENT ? Failure::gone : Failure::unavailable);
  std::string octets;
  octets.resize_and_overwrite(length, [&](char* into, std::size_t) {  // g++ 12 gives the capacity here
    std::size_t done = 0;
    while (done < length) {
      const ssize_t got = ::pread(file->get(), into + done, length - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) break;
      done += static_cast<std::size_t>(got);
    }
    return done;
  });
  if (octets.size() != length) return std::unexpected(Failure::damaged);
  return octets;
}

void SegmentFiles::close(std::uint32_t segment) {
  const std::scoped_lock lock(mutex_);
  open_.erase(segment);
}

/// Nothing, with errno, when it cannot be opened.
std::shared_ptr<FileDescriptor> SegmentFiles::descriptor(std::uint32_t segment) {
  const std::scoped_lock lock(mutex_);
  if (const auto found = open_.find(segment); found != open_.end()) return found->second;
  auto file = std::make_shared<FileDescriptor>(::open(segment_path(log_, segment).c_str(), O_RDONLY | O_CLOEXEC));
  if (!file->is_open()) return nullptr;
  if (open_.size() == kDescriptorsMax) open_.erase(open_.begin());  // the oldest mail is read least
  open_.emplace(segment, file);
  return file;
}

LogWriter::LogWriter(std::filesystem::path log, const SegmentMagic& magic, std::uint64_t segment_octets)
    : log_(std::move(log)), magic_(magic), segment_octets_(segment_octets) {}

std::expected<void, LogFailure> LogWriter::open(LogPosition tail) {
  tail_ = tail;
  if (tail.segment == 0) return {};
  file_ = FileDescriptor(::open(segment_path(log_, tail.segment).c_str(), O_RDWR | O_CLOEXEC));
  if (!file_.is_open()) return std::unexpected(LogFailure::io);
  if (const auto kept = keep_torn_end(); !kept) return kept;
  if (!cut(tail.offset)) return std::unexpected(LogFailure::io);
  return {};
}

/// Copies what lies behind the tail to a file of its own, durably, before it is cut off.
std::expected<void, LogFailure> LogWriter::keep_torn_end() {
  const auto segment = segment_path(log_, tail_.segment);
  FileDescriptor copy;
  std::string octets;
  for (std::uint64_t offset = tail_.offset;; offset += octets.size()) {
    octets.resize(kCopyOctets);
    const ssize_t got = ::pread(file_.get(), octets.data(), octets.size(), static_cast<off_t>(offset));
    if (got < 0) return std::unexpected(LogFailure::io);
    if (got == 0) break;
    octets.resize(static_cast<std::size_t>(got));
    if (!copy.is_open()) {
      const auto path = segment.parent_path() / (segment.stem().string() + ".torn-" + std::to_string(offset));
      copy = FileDescriptor(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kFileMode));
      if (!copy.is_open()) return std::unexpected(failure_of(errno));
    }
    if (const auto written = write_all(copy.get(), octets, offset - tail_.offset); !written) return written;
  }
  if (!copy.is_open()) return {};
  if (::fsync(copy.get()) != 0 || !sync_directory(log_)) return std::unexpected(LogFailure::io);
  return {};
}

std::expected<void, LogFailure> LogWriter::begin_segment_when_due(std::uint64_t next_id) {
  if (tail_.segment != 0 && tail_.offset < segment_octets_) return {};
  const auto begun = begin_segment(next_id);
  // A full segment can take more when there is no room for another.
  if (!begun && begun.error() == LogFailure::space && tail_.segment != 0) return {};
  return begun;
}

std::expected<void, LogFailure> LogWriter::begin_segment(std::uint64_t next_id) {
  const std::uint32_t segment = tail_.segment + 1;
  const auto path = segment_path(log_, segment);
  std::string header;
  encode_segment_header(magic_, {segment, tail_.sequence, next_id}, header);

  FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, kFileMode));
  if (!file.is_open()) return std::unexpected(failure_of(errno));
  const auto written = write_all(file.get(), header, 0);
  if (!written) {
    ::unlink(path.c_str());
    return written;
  }
  if (::fdatasync(file.get()) != 0 || !sync_directory(log_)) return std::unexpected(LogFailure::io);
  // The old segment gives back the blocks that it did not need; it is sound with them, too.
  if (file_.is_open()) static_cast<void>(::ftruncate(file_.get(), static_cast<off_t>(tail_.offset)));
  file_ = std::move(file);
  tail_ = {segment, header.size(), tail_.sequence};
  allocated_ = 0;
  return {};
}

std::expected<void, LogFailure> LogWriter::append(std::string_view octets, std::uint64_t next_sequence) {
  preallocate(tail_.offset + octets.size());
  const auto written = write_all(file_.get(), octets, tail_.offset);
  if (!written) {
    if (!cut(tail_.offset)) return std::unexpected(LogFailure::io);
    return written;
  }
  tail_.offset += octets.size();
  tail_.sequence = next_sequence;
  return {};
}

std::expected<void, LogFailure> LogWriter::sync() {
  if (::fdatasync(file_.get()) != 0) return std::unexpected(LogFailure::io);
  return {};
}

bool LogWriter::go_back(const LogPosition& position) {
  if (position.segment != tail_.segment || !cut(position.offset)) return false;
  tail_ = position;
  return true;
}

/// Makes the file `octets` long, durably: what was cut off must not come back behind what is written next.
bool LogWriter::cut(std::uint64_t octets) {
  allocated_ = 0;
  return ::ftruncate(file_.get(), static_cast<off_t>(octets)) == 0 && ::fsync(file_.get()) == 0;
}

/// Asks for blocks ahead of the tail, so that most syncs find them allocated. Only a wish: a small file system
/// gives less, or none.
void LogWriter::preallocate(std::uint64_t end) {
  if (end <= allocated_) return;
  const auto there = space();
  std::uint64_t step = there ? std::min(kPreallocateOctets, there->total / kPreallocateShare) : 0;
  if (end < segment_octets_) step = std::min(step, segment_octets_ - end);
  const std::uint64_t start = std::max(allocated_, tail_.offset);
  allocated_ = end;
  for (; step >= kPreallocateLeastOctets; step /= 2) {
    const auto length = static_cast<off_t>(end + step - start);
    if (::fallocate(file_.get(), FALLOC_FL_KEEP_SIZE, static_cast<off_t>(start), length) != 0) continue;
    allocated_ = end + step;
    return;
  }
}

std::uint64_t LogWriter::room(std::optional<std::uint64_t> reserve) const {
  const auto there = space();
  if (!there) return 0;
  const std::uint64_t kept = reserve.value_or(usual_disk_reserve(there->total));
  return there->free > kept ? there->free - kept : 0;
}

std::optional<LogWriter::Space> LogWriter::space() const {
  struct statvfs status {};
  if (::statvfs(log_.c_str(), &status) != 0) return std::nullopt;
  return Space{status.f_bavail * status.f_frsize, status.f_blocks * status.f_frsize};
}

}  // namespace posthaste::journal
