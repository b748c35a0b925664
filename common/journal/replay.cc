#include "common/journal/replay.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

namespace posthaste::journal {
namespace {

constexpr std::size_t kWriteAgainOctets = std::size_t{1} << 20;

using Kind = OpenError::Kind;

std::unexpected<OpenError> error(Kind kind, const std::filesystem::path& path, std::string text) {
  return std::unexpected(OpenError{kind, path.string() + ": " + std::move(text)});
}

/// Of a file that does not open, by errno.
std::unexpected<OpenError> unopened(const std::filesystem::path& path) {
  const int code = errno;
  return error(code == EACCES || code == EPERM ? Kind::denied : Kind::io, path,
               std::system_category().message(code));
}

/// One segment's share of a replay.
struct Replayed {
  LogPosition tail;
  enum class End { segment_ended, torn, enough } end = End::segment_ended;
};

/// Replays what is left of `share`, which it uses up, of the segment in which `position` lies; offset 0 is its
/// beginning.
std::expected<Replayed, OpenError> replay_segment(ReplayTarget& target, const std::filesystem::path& path,
                                                  LogPosition position, ReplayShare& share,
                                                  std::uint64_t octets_max) {
  const auto file = MappedFile::open(path);
  if (!file) return unopened(path);
  const std::string_view octets = file->octets().substr(0, octets_max);
  if (octets.size() < position.offset) {
    return error(
        Kind::log_damaged, path,
        "has " + std::to_string(octets.size()) + " octets, the index knows " + std::to_string(position.offset));
  }
  const auto header = decode_segment_header(octets);
  if (!header || header->segment != position.segment) return error(Kind::log_damaged, path, "has no sound header");
  position.offset = std::max(position.offset, header->octets());
  const auto used_up = [&share] { return share.applies == 0 || share.octets == 0; };
  auto apply = [&](std::span<const ScannedRecord> records) {
    if (used_up()) return false;
    for (const ScannedRecord& scanned : records) {
      if (!target.apply(scanned, position.segment)) return false;
    }
    const ScannedRecord& last = records.back();
    const std::uint64_t end = last.body_offset + last.body.size();
    target.reached({position.segment, end, last.header.sequence + 1});
    --share.applies;
    share.octets -= std::min(share.octets, end - (records.front().body_offset - kRecordHeaderOctets));
    return true;
  };
  const auto can_spare = [&target](const RecordHeader& record) { return target.can_spare(record); };
  const ScanResult scan =
      scan_records(octets, header->framing, position.offset, position.sequence, apply, can_spare);
  Replayed replayed{{position.segment, scan.offset, scan.sequence}, Replayed::End::segment_ended};
  if (scan.end == ScanEnd::refused && used_up()) {
    replayed.end = Replayed::End::enough;
    return replayed;
  }
  if (scan.end == ScanEnd::refused || scan.end == ScanEnd::damaged) {
    return error(Kind::log_damaged, path,
                 std::string(scan.end == ScanEnd::damaged ? "damaged" : "does not fit the index") + " at octet " +
                     std::to_string(scan.offset) + ", where record " + std::to_string(scan.sequence) +
                     " should begin, and is not the log's torn end");
  }
  if (scan.end == ScanEnd::torn) replayed.end = Replayed::End::torn;
  return replayed;
}

/// A segment whose creation did not get as far as its header. Nothing was ever written behind one.
bool is_stillborn(const std::filesystem::path& path, const SegmentMagic& magic) {
  std::error_code ignored;
  const auto octets = std::filesystem::file_size(path, ignored);
  if (ignored || octets > kSegmentHeaderMaxOctets) return false;
  const auto file = MappedFile::open(path);
  return file && !decode_segment_header(magic, file->octets());
}

/// Writes the octets of a file from `offset` on over themselves, and syncs them. After a failed sync the kernel may
/// hold them in memory, marked as written: then a second sync says success, and the disk does not have them.
bool write_again(const std::filesystem::path& path, std::uint64_t offset) {
  const FileDescriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!file.is_open()) return false;
  std::string octets;
  while (true) {
    octets.resize(kWriteAgainOctets);
    const ssize_t got = ::pread(file.get(), octets.data(), octets.size(), static_cast<off_t>(offset));
    if (got < 0) return false;
    if (got == 0) return ::fdatasync(file.get()) == 0;
    octets.resize(static_cast<std::size_t>(got));
    if (!write_all(file.get(), octets, offset)) return false;
    offset += octets.size();
  }
}

}  // namespace

std::expected<std::vector<std::uint32_t>, OpenError> segments_to_replay(const std::filesystem::path& log,
                                                                        const SegmentMagic& magic,
                                                                        std::optional<std::uint32_t> first,
                                                                        std::span<const KnownSegment> known) {
  auto segments = list_segments(log);
  if (!segments) return error(Kind::io, log, "cannot be listed");
  if (!segments->empty() && is_stillborn(segment_path(log, segments->back()), magic)) segments->pop_back();
  for (std::size_t i = 0; i < segments->size(); ++i) {
    const auto expected = static_cast<std::uint32_t>(first.value_or(segments->front()) + i);
    if ((*segments)[i] != expected) return error(Kind::log_damaged, segment_path(log, expected), "is missing");
  }
  for (const auto& [segment, known_octets] : known) {
    const auto path = segment_path(log, segment);
    std::error_code missing;
    const auto octets = std::filesystem::file_size(path, missing);
    if (missing) return error(Kind::log_damaged, path, "is missing");
    if (octets < known_octets) {
      return error(Kind::log_damaged, path,
                   "has " + std::to_string(octets) + " octets, the index knows " + std::to_string(known_octets));
    }
  }
  return std::move(*segments);
}

std::expected<SegmentHeader, OpenError> read_segment_header(const std::filesystem::path& log,
                                                            const SegmentMagic& magic, std::uint32_t segment) {
  const auto path = segment_path(log, segment);
  const auto file = MappedFile::open(path);
  if (!file) return unopened(path);
  const auto header = decode_segment_header(magic, file->octets());
  if (!header || header->segment != segment) return error(Kind::log_damaged, path, "has no sound header");
  return *header;
}

std::expected<void, OpenError> write_tail_again(const std::filesystem::path& log,
                                                std::span<const std::uint32_t> segments, const LogPosition& tail) {
  if (segments.empty()) return {};
  const auto path = segment_path(log, segments.back());
  if (::access(path.c_str(), R_OK | W_OK) != 0) return unopened(path);
  if (write_again(path, segments.back() == tail.segment ? tail.offset : 0)) return {};
  return error(Kind::io, path, "cannot be written again");
}

std::expected<bool, OpenError> replay(ReplayTarget& target, const std::filesystem::path& log,
                                      const SegmentMagic& magic, std::span<const std::uint32_t> segments,
                                      LogPosition& tail, ReplayShare share) {
  for (const std::uint32_t segment : segments) {
    if (segment < tail.segment) continue;
    const auto path = segment_path(log, segment);
    if (segment > tail.segment) {
      const auto header = read_segment_header(log, magic, segment);
      if (!header) return std::unexpected(header.error());
      if (header->first_sequence != tail.sequence) return error(Kind::log_damaged, path, "has no sound header");
      target.enter_segment(*header);
      tail = {segment, header->octets(), tail.sequence};
    }
    const auto replayed = replay_segment(target, path, tail, share, UINT64_MAX);
    if (!replayed) return std::unexpected(replayed.error());
    tail = replayed->tail;
    if (replayed->end == Replayed::End::enough) return false;
    if (replayed->end == Replayed::End::torn && segment != segments.back()) {
      return error(Kind::log_damaged, path, "ends within a record, and is not the last");
    }
  }
  return true;
}

std::expected<void, OpenError> replay_until(ReplayTarget& target, const std::filesystem::path& log,
                                            LogPosition from, LogPosition until) {
  ReplayShare all{SIZE_MAX, UINT64_MAX};
  while (from != until) {
    const bool last = from.segment == until.segment;
    const auto path = segment_path(log, from.segment);
    if (from.segment != 0) {
      const auto replayed = replay_segment(target, path, from, all, last ? until.offset : UINT64_MAX);
      if (!replayed) return std::unexpected(replayed.error());
      from = replayed->tail;
      if (last && from != until) return error(Kind::log_damaged, path, "ends too soon");
    }
    if (!last) from = {from.segment + 1, 0, from.sequence};
  }
  return {};
}

}  // namespace posthaste::journal
