// A log that is the truth, an index that follows from it, and their one writer: README.md tells what is promised.
#pragma once

#include <concepts>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "common/journal/log.h"
#include "common/journal/log_buffer.h"
#include "common/journal/replay.h"
#include "common/ledger/groups.h"
#include "common/ledger/opening.h"
#include "common/ledger/recovery.h"
#include "common/lmdb/environment.h"
#include "common/lmdb/transaction.h"

namespace posthaste::ledger {

/// Why a group is not in the log, or not in the index.
enum class Failure {
  full,  // there is no room; all is as it was before
  io,    // the ledger has failed: nothing is written any more
};

/// Used by one thread. A group is begun, its records are added to buffer() and applied by redo() at once, and it is
/// ended: now it is durable, and can be answered. publish() commits what it, and the groups that were put off
/// before it, did to the index: now readers see it.
template <std::derived_from<Redo> OwnRedo>
class Ledger {
 public:
  using MakeRedo = std::function<std::unique_ptr<OwnRedo>(lmdb::WriteTxn& txn)>;

  Ledger(Opened opened, MakeRedo make_redo)
      : lock_(std::move(opened.lock)),
        index_(std::move(opened.index)),
        files_(std::move(opened.files)),
        log_(std::move(opened.log)),
        reserve_octets_(opened.reserve_octets),
        make_redo_(std::move(make_redo)),
        published_(log_.tail()) {}

  /// A new group, at the log's tail. Errors: full, io.
  [[nodiscard]] std::expected<void, Failure> begin_group();

  // Of the group that was begun.
  [[nodiscard]] lmdb::WriteTxn& txn() { return *txn_; }
  [[nodiscard]] OwnRedo& redo() { return *redo_; }
  [[nodiscard]] journal::LogBuffer& buffer() { return buffer_; }

  /// Writes the group to the log, durably. Errors: full; io.
  [[nodiscard]] std::expected<void, Failure> end_group();

  /// Somebody was told that what he asked for in a group that is not published is safe: it is not taken back.
  void note_answered() { answered_ = true; }

  /// How many groups have ended since the last publication: kGroupsPutOff are enough.
  [[nodiscard]] int groups_put_off() const { return groups_put_off_; }

  /// Commits to the index what was put off. Gives what was applied, whose transaction is over; nullptr when there
  /// was nothing. Errors: full, when nobody was answered and all that was put off could be taken back; io.
  [[nodiscard]] std::expected<std::unique_ptr<OwnRedo>, Failure> publish();

  /// Gives up a group that was begun, when none was put off before it.
  void drop_group();
  /// Commits what was done to the index in such a group, of which the log is told nothing, so that it lasts: before
  /// octets are given up that only the index before it needs. Errors: full, io.
  [[nodiscard]] std::expected<void, Failure> commit_unlogged();

  /// Something else that the ledger needs has failed.
  Failure fail();
  [[nodiscard]] bool failed() const { return failed_; }

  /// Octets that may be added to the log. None when there is no room in the index either: what is answered when it
  /// is durable must find room there.
  [[nodiscard]] std::uint64_t room() const;

  [[nodiscard]] const std::shared_ptr<lmdb::Environment>& index() const { return index_; }
  [[nodiscard]] const std::shared_ptr<journal::SegmentFiles>& files() const { return files_; }
  /// The log's tail as readers know it.
  [[nodiscard]] const journal::LogPosition& published() const { return published_; }
  [[nodiscard]] const Counters& counters() const { return counters_; }
  void forget_counts() { counters_ = {}; }

 private:
  [[nodiscard]] std::expected<void, Failure> begin();
  [[nodiscard]] std::expected<void, Failure> abandon_group();

  const journal::FileDescriptor lock_;
  const std::shared_ptr<lmdb::Environment> index_;
  const std::shared_ptr<journal::SegmentFiles> files_;
  journal::LogWriter log_;
  const std::optional<std::uint64_t> reserve_octets_;
  const MakeRedo make_redo_;
  journal::LogBuffer buffer_;  // of the group that is being written
  Counters counters_;
  bool failed_ = false;

  // What is durable and not yet published.
  journal::LogPosition published_;
  std::unique_ptr<lmdb::WriteTxn> txn_;
  std::unique_ptr<OwnRedo> redo_;
  int groups_put_off_ = 0;
  bool answered_ = false;
};

template <std::derived_from<Redo> OwnRedo>
std::expected<void, Failure> Ledger<OwnRedo>::begin_group() {
  if (failed_) return std::unexpected(Failure::io);
  if (const auto begun = begin(); !begun) return begun;
  if (const auto due = log_.begin_segment_when_due(redo_->next_id()); !due) {
    return std::unexpected(due.error() == journal::LogFailure::io ? fail() : Failure::full);
  }
  buffer_.restart(log_.tail(), log_.framing());
  return {};
}

template <std::derived_from<Redo> OwnRedo>
std::expected<void, Failure> Ledger<OwnRedo>::begin() {
  if (txn_) return {};
  auto txn = lmdb::WriteTxn::begin(*index_);
  if (!txn) {
    // With groups put off, `full` would be tried again on an index that lacks them.
    const bool as_before = lmdb::is_space(txn.error()) && log_.tail() == published_;
    return std::unexpected(as_before ? Failure::full : fail());
  }
  txn_ = std::move(*txn);
  redo_ = make_redo_(*txn_);
  return {};
}

template <std::derived_from<Redo> OwnRedo>
std::expected<void, Failure> Ledger<OwnRedo>::end_group() {
  if (const int code = txn_->failure(); code != 0) {
    if (!lmdb::is_space(code)) return std::unexpected(fail());
    return abandon_group();
  }
  if (!buffer_.empty()) {
    buffer_.end_group();
    if (const auto appended = log_.append(buffer_.octets(), buffer_.next_sequence()); !appended) {
      if (appended.error() == journal::LogFailure::io) return std::unexpected(fail());
      return abandon_group();
    }
    if (!log_.sync()) return std::unexpected(fail());
    redo_->reached(log_.tail());
    ++counters_.groups;
    ++counters_.log_syncs;
    counters_.log_octets += buffer_.octets().size();
  }
  ++groups_put_off_;
  return {};
}

/// Gives up the transaction with the group that does not fit, and redoes from the log what was put off before it.
/// Errors, always: full; io.
template <std::derived_from<Redo> OwnRedo>
std::expected<void, Failure> Ledger<OwnRedo>::abandon_group() {
  drop_group();
  if (const auto begun = begin(); !begun) return begun;
  if (!journal::replay_until(*redo_, files_->log(), published_, log_.tail()) || txn_->failure() != 0) {
    return std::unexpected(fail());
  }
  return std::unexpected(Failure::full);
}

template <std::derived_from<Redo> OwnRedo>
std::expected<std::unique_ptr<OwnRedo>, Failure> Ledger<OwnRedo>::publish() {
  if (failed_) return std::unexpected(Failure::io);
  if (!txn_) return nullptr;
  const auto txn = std::move(txn_);
  auto redo = std::move(redo_);
  const bool answered = std::exchange(answered_, false);
  groups_put_off_ = 0;
  if (log_.tail() == published_) return nullptr;  // nothing but questions

  redo->finish();
  if (const int code = txn->commit(); code != 0) {
    // Whoever was told that his message is safe must find it: then the log stands, and the next start redoes it.
    if (!lmdb::is_space(code) || answered || !log_.go_back(published_)) return std::unexpected(fail());
    return std::unexpected(Failure::full);
  }
  published_ = log_.tail();
  ++counters_.index_commits;
  return redo;
}

template <std::derived_from<Redo> OwnRedo>
void Ledger<OwnRedo>::drop_group() {
  redo_.reset();
  txn_.reset();
}

template <std::derived_from<Redo> OwnRedo>
std::expected<void, Failure> Ledger<OwnRedo>::commit_unlogged() {
  redo_.reset();
  const auto txn = std::move(txn_);
  if (const int code = txn->commit(); code != 0) {
    return std::unexpected(lmdb::is_space(code) ? Failure::full : fail());
  }
  ++counters_.index_commits;
  if (!index_->sync()) return std::unexpected(fail());
  return {};
}

template <std::derived_from<Redo> OwnRedo>
Failure Ledger<OwnRedo>::fail() {
  failed_ = true;
  drop_group();
  return Failure::io;
}

template <std::derived_from<Redo> OwnRedo>
std::uint64_t Ledger<OwnRedo>::room() const {
  const std::uint64_t octets = log_.room(reserve_octets_);
  return octets != 0 && index_->has_room() ? octets : 0;
}

}  // namespace posthaste::ledger
