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

#include "common/base/disk_reserve.h"
#include "common/base/octets.h"

namespace posthaste::journal {
namespace {

constexpr std::string_view kSegmentSuffix = ".seg";
constexpr std::size_t kSegmentDigits = 8;
constexpr mode_t kFileMode = 0640;
constexpr std::size_t kCopyOctets = std::size_t{1} << 20;
constexpr std::uint64_t kPreallocateOctets = std::uint64_t{16} << 20;
constexpr std::uint64_t kPreallocateLeastOctets = std::uint64_t{64} << 10;
constexpr std::uint64_t kPreallocateShare = 128;  // of the file system, at most, at once

LogFailure failure_of(int error) {
  const bool space = error == ENOSPC || error == EDQUOT || error == EFBIG;
  return space ? LogFailure::space : LogFailure::io;
}

/// Up to `length` octets from `offset` on; fewer at the file's end, or when it cannot be read.
std::string read_up_to(int descriptor, std::uint64_t offset, std::uint64_t length) {
  std::string octets;
  octets.resize_and_overwrite(length, [&](char* into, std::size_t) {  // g++ 12 gives the capacity here
    std::size_t done = 0;
    while (done < length) {
      const ssize_t got = ::pread(descriptor, into + done, length - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) break;
      done += static_cast<std::size_t>(got);
    }
    return done;
  });
  return octets;
}

std::optional<SegmentHeader> read_header(const FileDescriptor& file) {
  return decode_segment_header(read_up_to(file.get(), 0, kSegmentHeaderMaxOctets));
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
  const int code = errno;
  const std::string why = code == EWOULDBLOCK ? "another writer has it" : std::system_category().message(code);
  const bool is_denied = code == EACCES || code == EPERM || code == EROFS;
  const auto kind = is_denied ? OpenError::Kind::denied : OpenError::Kind::unavailable;
  return std::unexpected(OpenError{kind, path.string() + ": " + why});
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
  const auto opened = open(segment);
  if (!opened) return std::unexpected(errno == ENOENT ? Failure::gone : Failure::unavailable);
  std::string octets = read_up_to(opened->file.get(), offset, length);
  if (octets.size() != length) return std::unexpected(Failure::damaged);
  return octets;
}

std::expected<SegmentHeader, SegmentFiles::Failure> SegmentFiles::header(std::uint32_t segment) {
  const auto opened = open(segment);
  if (!opened) return std::unexpected(errno == ENOENT ? Failure::gone : Failure::unavailable);
  if (!opened->header || opened->header->segment != segment) return std::unexpected(Failure::damaged);
  return *opened->header;
}

void SegmentFiles::close(std::uint32_t segment) {
  const std::scoped_lock lock(mutex_);
  open_.erase(segment);
}

/// Nothing, with errno, when it cannot be opened.
std::shared_ptr<const SegmentFiles::OpenSegment> SegmentFiles::open(std::uint32_t segment) {
  const std::scoped_lock lock(mutex_);
  if (const auto found = open_.find(segment); found != open_.end()) return found->second;
  FileDescriptor file(::open(segment_path(log_, segment).c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return nullptr;
  const auto header = read_header(file);
  auto opened = std::make_shared<const OpenSegment>(OpenSegment{std::move(file), header});
  if (open_.size() == kDescriptorsMax) open_.erase(open_.begin());  // the oldest mail is read least
  open_.emplace(segment, opened);
  return opened;
}

LogWriter::LogWriter(std::filesystem::path log, const SegmentMagic& magic, std::uint64_t segment_octets,
                     Secrets secrets)
    : log_(std::move(log)), magic_(magic), segment_octets_(segment_octets), secrets_(std::move(secrets)) {}

std::expected<void, LogFailure> LogWriter::open(LogPosition tail) {
  tail_ = tail;
  if (tail.segment == 0) return {};
  file_ = FileDescriptor(::open(segment_path(log_, tail.segment).c_str(), O_RDWR | O_CLOEXEC));
  if (!file_.is_open()) return std::unexpected(LogFailure::io);
  const auto header = read_header(file_);
  if (!header) return std::unexpected(LogFailure::io);
  framing_ = header->framing;
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
  const bool earlier_format = framing_.format != kFormat;
  if (tail_.segment != 0 && tail_.offset < segment_octets_ && !earlier_format) return {};
  const auto begun = begin_segment(next_id);
  // A full segment can take more when there is no room for another.
  if (!begun && begun.error() == LogFailure::space && tail_.segment != 0) return {};
  return begun;
}

std::expected<void, LogFailure> LogWriter::begin_segment(std::uint64_t next_id) {
  const std::uint32_t segment = tail_.segment + 1;
  const auto path = segment_path(log_, segment);
  const Framing framing = framing_of(secrets_());
  std::string header;
  encode_segment_header(magic_, {segment, tail_.sequence, next_id, framing}, header);

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
  framing_ = framing;
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
