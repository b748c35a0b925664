#include "common/store/recovery.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace posthaste::store {
namespace {

constexpr std::size_t kWriteAgainOctets = std::size_t{1} << 20;

using Kind = OpenError::Kind;

std::unexpected<OpenError> error(Kind kind, const std::filesystem::path& path, std::string text) {
  return std::unexpected(OpenError{kind, path.string() + ": " + std::move(text)});
}

std::unexpected<OpenError> index_error(int code) {
  const bool space = code == MDB_MAP_FULL || code == ENOSPC || code == EDQUOT || code == EFBIG;
  return std::unexpected(OpenError{space ? Kind::full : Kind::io, std::string("index: ") + mdb_strerror(code)});
}

/// Where the first record of `segment` stands, when its header is as it must be.
std::optional<LogPosition> enter(Redo& redo, std::uint32_t segment, std::uint64_t sequence,
                                 std::string_view octets) {
  const auto header = decode_segment_header(octets);
  if (!header || header->segment != segment || header->first_sequence != sequence) return std::nullopt;
  redo.enter_segment(*header);
  return LogPosition{segment, kSegmentHeaderOctets, sequence};
}

/// One segment's share of a replay.
struct Replayed {
  LogPosition tail;
  enum class End { segment_ended, torn, enough } end = End::segment_ended;
};

/// Redoes what is left of `share`, which it uses up, of the segment in which `position` lies.
std::expected<Replayed, OpenError> replay_segment(Redo& redo, const std::filesystem::path& path,
                                                  const LogPosition& position, RedoShare& share,
                                                  std::uint64_t octets_max) {
  const auto file = MappedFile::open(path);
  if (!file) return error(Kind::io, path, std::system_category().message(errno));
  const std::string_view octets = file->octets().substr(0, octets_max);
  if (octets.size() < position.offset) {
    return error(
        Kind::damaged, path,
        "has " + std::to_string(octets.size()) + " octets, the index knows " + std::to_string(position.offset));
  }
  const auto used_up = [&share] { return share.applies == 0 || share.octets == 0; };
  auto apply = [&](std::span<const ScannedRecord> records) {
    if (used_up()) return false;
    for (const ScannedRecord& scanned : records) {
      const auto record = decode_body(scanned.header.type, scanned.body);
      if (!record || !redo.apply(*record, position.segment, scanned.body_offset)) return false;
    }
    const ScannedRecord& last = records.back();
    const std::uint64_t end = last.body_offset + last.body.size();
    redo.reached({position.segment, end, last.header.sequence + 1});
    --share.applies;
    share.octets -= std::min(share.octets, end - (records.front().body_offset - kRecordHeaderOctets));
    return true;
  };
  const ScanResult scan = scan_records(octets, position.offset, position.sequence, apply);
  Replayed replayed{{position.segment, scan.offset, scan.sequence}, Replayed::End::segment_ended};
  if (scan.end == ScanEnd::refused && used_up()) {
    replayed.end = Replayed::End::enough;
    return replayed;
  }
  if (scan.end == ScanEnd::refused || scan.end == ScanEnd::damaged) {
    return error(Kind::damaged, path,
                 std::string(scan.end == ScanEnd::damaged ? "damaged" : "does not fit the index") + " at octet " +
                     std::to_string(scan.offset) + ", where record " + std::to_string(scan.sequence) +
                     " should begin, and is not the log's torn end; restore the file, or rebuild from a backup");
  }
  if (scan.end == ScanEnd::torn) replayed.end = Replayed::End::torn;
  return replayed;
}

/// A segment whose creation did not get as far as its header. Nothing was ever written behind one.
bool is_stillborn(const std::filesystem::path& path) {
  std::error_code ignored;
  const auto octets = std::filesystem::file_size(path, ignored);
  if (ignored || octets > kSegmentHeaderOctets) return false;
  const auto file = MappedFile::open(path);
  return file && !decode_segment_header(file->octets());
}

/// The log's segments, which must be there without a gap from the first that the index needs.
std::expected<std::vector<std::uint32_t>, OpenError> segments_of(const View& view, const std::filesystem::path& log,
                                                                 const LogPosition& tail) {
  auto segments = list_segments(log);
  if (!segments) return error(Kind::io, log, "cannot be listed");
  if (!segments->empty() && is_stillborn(segment_path(log, segments->back()))) segments->pop_back();
  const std::uint32_t first = tail.segment == 0 ? 1 : segments->empty() ? tail.segment : segments->front();
  for (std::size_t i = 0; i < segments->size(); ++i) {
    if ((*segments)[i] != first + i) {
      return error(Kind::damaged, segment_path(log, static_cast<std::uint32_t>(first + i)), "is missing");
    }
  }
  Cursor cursor(view, Table::segments);
  for (bool there = cursor.seek(segment_key(0)); there; there = cursor.next()) {
    std::string_view key = cursor.key();
    const auto segment = take_key_part<std::uint32_t>(key);
    const auto path = segment_path(log, segment);
    const auto row = decode_segment(cursor.value());
    std::error_code missing;
    const auto octets = std::filesystem::file_size(path, missing);
    if (missing) return error(Kind::damaged, path, "is missing");
    if (!row || octets < row->total) {
      return error(
          Kind::damaged, path,
          "has " + std::to_string(octets) + " octets, the index knows " + std::to_string(row ? row->total : 0));
    }
  }
  if (view.failure() != 0) return index_error(view.failure());
  return std::move(*segments);
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

/// Replays from `tail`, which moves, until `share` is used up or the end of the log. True at the end.
std::expected<bool, OpenError> replay(Redo& redo, const std::filesystem::path& log,
                                      const std::vector<std::uint32_t>& segments, LogPosition& tail,
                                      RedoShare share) {
  for (const std::uint32_t segment : segments) {
    if (segment < tail.segment) continue;
    const auto path = segment_path(log, segment);
    if (segment > tail.segment) {
      const auto file = MappedFile::open(path);
      const auto entered = file ? enter(redo, segment, tail.sequence, file->octets()) : std::nullopt;
      if (!entered) return error(Kind::damaged, path, "has no sound header");
      tail = *entered;
    }
    const auto replayed = replay_segment(redo, path, tail, share, UINT64_MAX);
    if (!replayed) return std::unexpected(replayed.error());
    tail = replayed->tail;
    if (replayed->end == Replayed::End::enough) return false;
    if (replayed->end == Replayed::End::torn && segment != segments.back()) {
      return error(Kind::damaged, path, "ends within a record, and is not the last");
    }
  }
  return true;
}

}  // namespace

std::expected<LogPosition, OpenError> recover(Environment& environment, SegmentFiles& files, RedoShare share) {
  std::optional<std::vector<std::uint32_t>> segments;
  LogPosition tail;
  while (true) {
    auto txn = WriteTxn::begin(environment);
    if (!txn) return index_error(txn.error());
    if (!segments) {
      const auto meta = find_meta(**txn);
      if ((*txn)->failure() != 0) return index_error((*txn)->failure());
      if (meta) tail = meta->tail;
      auto found = segments_of(**txn, files.log(), tail);
      if (!found) return std::unexpected(found.error());
      segments = std::move(*found);
      // The index must not know what the disk does not have. Segments before the last were synced before it began.
      if (!segments->empty()) {
        const std::uint32_t last = segments->back();
        const auto path = segment_path(files.log(), last);
        if (!write_again(path, last == tail.segment ? tail.offset : 0)) {
          return error(Kind::io, path, "cannot be written again");
        }
      }
    }
    const LogPosition before = tail;
    Redo redo(**txn, files);
    const auto ended = replay(redo, files.log(), *segments, tail, share);
    if ((*txn)->failure() != 0) return index_error((*txn)->failure());
    if (!ended) return std::unexpected(ended.error());
    if (tail == before) return tail;
    redo.finish();
    if (const int code = (*txn)->commit(); code != 0) return index_error(code);
    if (*ended) return tail;
  }
}

std::expected<void, OpenError> redo_until(Redo& redo, const std::filesystem::path& log, LogPosition from,
                                          LogPosition until) {
  RedoShare all{SIZE_MAX, UINT64_MAX};
  while (from != until) {
    const bool last = from.segment == until.segment;
    const auto path = segment_path(log, from.segment);
    if (from.segment != 0) {
      const auto replayed = replay_segment(redo, path, from, all, last ? until.offset : UINT64_MAX);
      if (!replayed) return std::unexpected(replayed.error());
      from = replayed->tail;
      if (last && from != until) return error(Kind::damaged, path, "ends too soon");
    }
    if (!last) from = {from.segment + 1, kSegmentHeaderOctets, from.sequence};
  }
  return {};
}

std::expected<void, OpenError> rebuild_index(const std::filesystem::path& log, const std::filesystem::path& index,
                                             std::uint64_t map_octets) {
  std::error_code failed;
  std::filesystem::create_directories(index, failed);
  if (failed || !std::filesystem::is_empty(index, failed) || failed) {
    return error(Kind::unavailable, index, "is not an empty directory");
  }
  auto environment = Environment::open(index, Environment::Access::write, map_octets);
  if (!environment) return std::unexpected(environment.error());
  SegmentFiles files(log);
  const auto tail = recover(**environment, files);
  if (!tail) return std::unexpected(tail.error());
  return {};
}

}  // namespace posthaste::store
