// All that is read of users' mail. It knows no engine, and each engine keeps what it says.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "common/base/ids.h"
#include "common/mailbox/blob.h"
#include "common/mailbox/message.h"
#include "common/mailbox/snapshot.h"
#include "common/mailbox/store_error.h"
#include "common/net/executor.h"
#include "common/net/loop.h"
#include "common/net/task.h"

namespace posthaste::mailbox {

/// Reads whole messages one after another, cheaper than each alone. Used by one thread at a time; never on a loop.
class BlobRun {
 public:
  BlobRun() = default;
  BlobRun(const BlobRun&) = delete;
  BlobRun& operator=(const BlobRun&) = delete;
  virtual ~BlobRun() = default;

  /// As Reader::read_blob() of all that the message has. The view lives until the next call.
  [[nodiscard]] virtual std::expected<std::string_view, StoreError> read(const Blob& blob) = 0;
};

/// Used by any number of threads. What is not said to be for a loop may wait for a disk, or for another machine: it
/// runs on an executor. Octets are those that were stored, or there is an error: no_such_message, when an expunged
/// message's octets are gone; unavailable, when they cannot be read now; io, when they are damaged.
class Reader {
 public:
  Reader() = default;
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  virtual ~Reader() = default;

  /// The newest published state, as `user` sees it: not older than what was answered to whoever changed it, or told
  /// to a subscriber. Errors: unavailable; io.
  [[nodiscard]] virtual std::expected<Snapshot, StoreError> read(UserId user) const = 0;

  /// For a loop: what `ask` says of a snapshot, by point reads and walks over at most 256 rows. It is here at once
  /// where the engine has its rows at hand; otherwise `io` looks them up. `ask` gives an expected with StoreError,
  /// and no view. Give it a name of its own in the line before the await. Errors: those of read(), and its own.
  template <typename Look>
  [[nodiscard]] net::ValueOrTask<std::invoke_result_t<Look&, const Snapshot&>> look(net::Loop& loop,
                                                                                    net::Executor& io, UserId user,
                                                                                    Look ask) const {
    if (answers_at_once()) return look_now(user, ask);
    return look_elsewhere(loop, io, user, std::move(ask));
  }

  /// `length` octets of a message from `offset`, fewer at its end, none beyond it. Where they lie now is the
  /// engine's to find out.
  [[nodiscard]] virtual std::expected<std::string, StoreError> read_blob(UserId user, const Blob& blob,
                                                                         std::uint64_t offset,
                                                                         std::uint64_t length) const = 0;
  /// The same for who knows no more than its id.
  [[nodiscard]] std::expected<std::string, StoreError> read_blob(UserId user, BlobId blob, std::uint64_t offset,
                                                                 std::uint64_t length) const;

  /// To read whole messages one after another, most likely `blobs`, in this order. The reader outlives it.
  [[nodiscard]] virtual std::unique_ptr<BlobRun> read_in_order(UserId user, std::vector<Blob> blobs) const = 0;

  /// A blob's summary, which may be as long as the message is large.
  [[nodiscard]] virtual std::expected<PlacedSummary, StoreError> read_summary(UserId user,
                                                                              const Blob& blob) const = 0;
  /// `length` octets from `offset` of the summary as it is stored, fewer at its end: no more than that is read.
  [[nodiscard]] virtual std::expected<std::string, StoreError> read_summary(UserId user, const Blob& blob,
                                                                            std::uint64_t offset,
                                                                            std::uint64_t length) const = 0;

  /// Before parts of a message are promised to somebody: whether they will be what was stored.
  [[nodiscard]] virtual std::expected<void, StoreError> make_sure(UserId user, const Blob& blob) const = 0;

 protected:
  /// Whether a few rows can be read on a loop.
  [[nodiscard]] virtual bool answers_at_once() const = 0;

 private:
  template <typename Look>
  [[nodiscard]] std::invoke_result_t<Look&, const Snapshot&> look_now(UserId user, Look& ask) const {
    const auto snapshot = read(user);
    if (!snapshot) return std::unexpected(snapshot.error());
    return ask(*snapshot);
  }
  template <typename Look>
  [[nodiscard]] net::Task<std::invoke_result_t<Look&, const Snapshot&>> look_elsewhere(net::Loop& loop,
                                                                                       net::Executor& io,
                                                                                       UserId user,
                                                                                       Look ask) const {
    auto work = [this, user, &ask] { return look_now(user, ask); };
    co_return co_await io.run(loop, work);
  }
};

}  // namespace posthaste::mailbox
