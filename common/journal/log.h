// The log's segment files: appended by one writer, mapped at recovery, read by position.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/open_error.h"
#include "common/journal/record.h"

namespace posthaste::journal {

/// Where the next record goes. Segments count from 1, sequences from 1.
struct LogPosition {
  std::uint32_t segment = 0;
  std::uint64_t offset = 0;
  std::uint64_t sequence = 1;
  bool operator==(const LogPosition&) const = default;
};

/// Why the log could not be written.
enum class LogFailure {
  space,  // no room on the device, in the quota or within the file size limit: less may still fit
  io,
};

/// A descriptor that closes itself.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int descriptor) : descriptor_(descriptor) {}
  FileDescriptor(FileDescriptor&& other) noexcept : descriptor_(std::exchange(other.descriptor_, kNone)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~FileDescriptor();
  [[nodiscard]] int get() const { return descriptor_; }
  [[nodiscard]] bool is_open() const { return descriptor_ != kNone; }

 private:
  static constexpr int kNone = -1;  // as open(2) says it
  int descriptor_ = kNone;
};

[[nodiscard]] std::filesystem::path segment_path(const std::filesystem::path& log, std::uint32_t segment);

/// Numbers of the segments in `log`, ascending. Files of other names are not ours. Nothing when it cannot be read.
[[nodiscard]] std::optional<std::vector<std::uint32_t>> list_segments(const std::filesystem::path& log);

/// Writes all of `octets` at `offset` of an open file.
[[nodiscard]] std::expected<void, LogFailure> write_all(int descriptor, std::string_view octets,
                                                        std::uint64_t offset);

/// Writes a directory's entries to disk.
[[nodiscard]] bool sync_directory(const std::filesystem::path& directory);

/// Takes the lock of a log's only writer, a file which stays; it ends with the descriptor, or with the process.
/// Errors: unavailable, when another writer has it or the file cannot be opened; denied, when it is not ours.
[[nodiscard]] std::expected<FileDescriptor, OpenError> lock_writer(const std::filesystem::path& path);

/// A file's octets, mapped. Empty for an empty file.
class MappedFile {
 public:
  [[nodiscard]] static std::optional<MappedFile> open(const std::filesystem::path& path);
  MappedFile(MappedFile&& other) noexcept : octets_(std::exchange(other.octets_, {})) {}
  MappedFile& operator=(MappedFile&&) = delete;
  ~MappedFile();
  [[nodiscard]] std::string_view octets() const { return octets_; }

 private:
  explicit MappedFile(std::string_view octets) : octets_(octets) {}
  std::string_view octets_;
};

/// Open segments of a log, for reading at any place from any thread.
class SegmentFiles {
 public:
  explicit SegmentFiles(std::filesystem::path log) : log_(std::move(log)) {}

  enum class Failure {
    gone,         // no such segment
    unavailable,  // it cannot be opened now: no descriptor or no memory is left, or it is not ours to read
    damaged,      // shorter than it should be, or unreadable
  };
  /// Exactly `length` octets.
  [[nodiscard]] std::expected<std::string, Failure> read(std::uint32_t segment, std::uint64_t offset,
                                                         std::uint64_t length);

  /// What a segment says of itself.
  [[nodiscard]] std::expected<SegmentHeader, Failure> header(std::uint32_t segment);

  /// Lets go of a segment that was unlinked.
  void close(std::uint32_t segment);

  [[nodiscard]] const std::filesystem::path& log() const { return log_; }

 private:
  struct OpenSegment {
    FileDescriptor file;
    std::optional<SegmentHeader> header;  // nothing when it cannot be read
  };
  [[nodiscard]] std::shared_ptr<const OpenSegment> open(std::uint32_t segment);

  static constexpr std::size_t kDescriptorsMax = 256;
  const std::filesystem::path log_;
  std::mutex mutex_;
  std::map<std::uint32_t, std::shared_ptr<const OpenSegment>> open_;  // guarded by mutex_
};

/// The end of the log, for the one writer.
class LogWriter {
 public:
  /// Gives 64 bits that nobody can guess.
  using Secrets = std::function<std::uint64_t()>;

  LogWriter(std::filesystem::path log, const SegmentMagic& magic, std::uint64_t segment_octets, Secrets secrets);

  /// Goes on at `tail`. What lies behind it is cut off, after it was copied to NNNNNNNN.torn-OFFSET beside the
  /// segment. With segment 0 there is no segment yet.
  [[nodiscard]] std::expected<void, LogFailure> open(LogPosition tail);

  /// Begins a new segment, durably, when there is none, or the last is full or of an earlier format.
  [[nodiscard]] std::expected<void, LogFailure> begin_segment_when_due(std::uint64_t next_id);

  /// Writes `octets`, whole records up to `next_sequence`, at the tail. After an error the tail is where it was,
  /// and nothing half-written lies behind it.
  [[nodiscard]] std::expected<void, LogFailure> append(std::string_view octets, std::uint64_t next_sequence);

  /// After an error the log is not to be used any more: what the kernel dropped it does not bring back.
  [[nodiscard]] std::expected<void, LogFailure> sync();

  /// Cuts off, durably, what lies behind `position`. False when it lies in an earlier segment, or on an error.
  [[nodiscard]] bool go_back(const LogPosition& position);

  [[nodiscard]] const LogPosition& tail() const { return tail_; }
  /// Of the segment in which the tail lies.
  [[nodiscard]] const Framing& framing() const { return framing_; }

  /// Octets that may be added before no more than `reserve` are free on the log's file system; without one, 64 MB,
  /// or an eighth of a smaller file system. None when it does not say what it has.
  [[nodiscard]] std::uint64_t room(std::optional<std::uint64_t> reserve) const;

 private:
  [[nodiscard]] std::expected<void, LogFailure> begin_segment(std::uint64_t next_id);
  [[nodiscard]] std::expected<void, LogFailure> keep_torn_end();
  [[nodiscard]] bool cut(std::uint64_t octets);
  void preallocate(std::uint64_t end);

  /// Octets free for us on the log's file system, and all that it has. Nothing when it does not say.
  struct Space {
    std::uint64_t free = 0;
    std::uint64_t total = 0;
  };
  [[nodiscard]] std::optional<Space> space() const;

  const std::filesystem::path log_;
  const SegmentMagic magic_;
  const std::uint64_t segment_octets_;
  const Secrets secrets_;
  FileDescriptor file_;
  LogPosition tail_;
  Framing framing_;
  std::uint64_t allocated_ = 0;  // up to this offset fallocate gave blocks, or refused to
};

}  // namespace posthaste::journal
