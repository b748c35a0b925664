// The octets of a session's messages, read off the loop and a little ahead of the client.
#pragma once

#include <cstdint>
#include <deque>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "common/base/ids.h"
#include "common/mailbox/reader.h"
#include "common/net/task.h"
#include "common/net/world.h"
#include "common/pop3/command.h"
#include "pop3d/maildrop.h"

namespace posthaste::pop3d {

/// A piece of a message.
struct Chunk {
  std::string octets;   // never empty before the message's end
  bool is_last = true;  // the message ends with it
};

/// Errors: no_such_message, when another client expunged it and no copy is left; io, unavailable.
using ChunkResult = std::expected<Chunk, mailbox::StoreError>;

class MessageReader {
 public:
  /// `store` and `world` outlive the reader, and the reader its tasks.
  MessageReader(const mailbox::Reader& store, net::World& world, UserId user)
      : store_(store), world_(world), user_(user) {}

  /// The first piece of a message, which is here already if the one before was begun last: a client that retrieves
  /// in order finds the small messages that follow read ahead.
  net::ValueOrTask<ChunkResult> begin(const Maildrop& maildrop, pop3::MessageNumber number);

  /// Up to `length` octets from `offset`. The message is looked up anew.
  net::Task<ChunkResult> read(BlobId blob, std::uint64_t offset, std::uint64_t length);

  /// What was read ahead, in memory until it is retrieved or passed over.
  [[nodiscard]] std::size_t octets_ahead() const noexcept { return octets_ahead_; }
  void forget_ahead() noexcept {
    ahead_.clear();
    octets_ahead_ = 0;
  }

 private:
  struct Ahead {
    pop3::MessageNumber number{};
    std::string octets;  // the whole message
  };
  struct Wanted {
    pop3::MessageNumber number{};
    BlobId blob{};
  };
  using Found = std::expected<mailbox::Blob, mailbox::StoreError>;

  [[nodiscard]] std::optional<std::string> take_ahead(pop3::MessageNumber number);
  [[nodiscard]] std::string take_first_ahead();
  [[nodiscard]] std::vector<Wanted> plan(const Maildrop& maildrop, pop3::MessageNumber number, bool in_order) const;
  net::Task<ChunkResult> read_first(std::vector<Wanted> wanted);
  [[nodiscard]] std::vector<ChunkResult> read_now(const std::vector<BlobId>& blobs, std::uint64_t offset,
                                                  std::uint64_t length) const;
  [[nodiscard]] std::vector<Found> find(const std::vector<BlobId>& blobs) const;

  const mailbox::Reader& store_;
  net::World& world_;
  const UserId user_;
  std::deque<Ahead> ahead_;  // by ascending number
  std::size_t octets_ahead_ = 0;
  std::uint32_t begun_ = 0;  // the number of the message begun last
};

}  // namespace posthaste::pop3d
