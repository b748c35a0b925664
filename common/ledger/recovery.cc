#include "common/ledger/recovery.h"

#include <optional>
#include <system_error>
#include <utility>

#include "common/ledger/segments.h"

namespace posthaste::ledger {

using journal::LogPosition;

std::expected<LogPosition, OpenError> bring_up(
    lmdb::Environment& index, const std::filesystem::path& log, const journal::SegmentMagic& magic,
    const std::function<std::expected<Start, OpenError>(const lmdb::View& view)>& start,
    const std::function<std::unique_ptr<Redo>(lmdb::WriteTxn& txn)>& redo, journal::ReplayShare share) {
  std::optional<Start> begun;
  while (true) {
    const auto txn = lmdb::WriteTxn::begin(index);
    if (!txn) return index_error(txn.error());
    if (!begun) {
      auto found = start(**txn);
      if (!found) return std::unexpected(found.error());
      begun = std::move(*found);
      const auto written = journal::write_tail_again(log, begun->segments, begun->tail);
      if (!written) return std::unexpected(written.error());
    }
    const LogPosition before = begun->tail;
    const auto target = redo(**txn);
    const auto ended = journal::replay(*target, log, magic, begun->segments, begun->tail, share);
    if ((*txn)->failure() != 0) return index_error((*txn)->failure());
    if (!ended) return std::unexpected(ended.error());
    if (begun->tail == before) return begun->tail;
    target->finish();
    if (const int code = (*txn)->commit(); code != 0) return index_error(code);
    if (*ended) return begun->tail;
  }
}

std::expected<std::shared_ptr<lmdb::Environment>, OpenError> begin_index(const std::filesystem::path& index,
                                                                         std::span<const char* const> tables,
                                                                         std::uint64_t map_octets) {
  std::error_code failed;
  std::filesystem::create_directories(index, failed);
  if (failed || !std::filesystem::is_empty(index, failed) || failed) {
    return std::unexpected(OpenError{OpenError::Kind::unavailable, index.string() + ": is not an empty directory"});
  }
  return lmdb::Environment::open(index, tables, lmdb::Environment::Access::write, map_octets);
}

}  // namespace posthaste::ledger
