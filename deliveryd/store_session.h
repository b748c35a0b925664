// One client of the store socket: imapd, pop3d, smtpd or the operator's command.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <set>
#include <string_view>

#include "common/daemon/memory_budget.h"
#include "common/net/event.h"
#include "common/net/turns.h"
#include "common/wire/codec.h"
#include "common/wire/frame_stream.h"
#include "deliveryd/change_feed.h"
#include "deliveryd/resources.h"

namespace posthaste::deliveryd {

/// Spawned on a worker. Requests are taken while earlier ones are under way, up to a limit, and answered as they
/// are done; what there is no memory for is answered `unavailable`. A malformed frame, a stranger, or a peer that
/// does not read what it subscribed to, loses the connection.
class StoreSession final : public ChangeListener {
 public:
  static constexpr std::size_t kRequestsMax = 256;                           // under way at once
  static constexpr std::size_t kAttachedMaxOctets = std::size_t{256} << 20;  // of these
  static constexpr std::size_t kDecodedMaxOctets = std::size_t{128} << 20;   // of these, without what is attached
  static constexpr std::size_t kDecodedFactor = 16;  // how much more memory a message takes once it is decoded
  static constexpr std::size_t kUsersMax = 100'000;  // subscribed to
  static constexpr std::size_t kAnswersMaxOctets = std::size_t{1} << 20;  // unsent: no more requests are read
  static constexpr std::size_t kUnreadMaxOctets = std::size_t{16} << 20;  // unsent: the peer is given up

  StoreSession(Resources& resources, std::unique_ptr<net::Transport> transport);

  net::Task<void> converse();

  void changed(const mailbox::Change& change) override;
  void anything_changed() override;

 private:
  [[nodiscard]] bool is_stranger() const;
  /// What a request under way was granted.
  struct Memory {
    daemon::MemoryBudget::Share attached;
    daemon::MemoryBudget::Share decoded;
  };

  net::Task<void> take_requests();
  /// Errors, of all three: how it is called in the log.
  [[nodiscard]] std::expected<void, std::string_view> take(wire::Frame frame, Memory memory);
  [[nodiscard]] std::expected<void, std::string_view> take(wire::Request request, Memory memory);
  [[nodiscard]] std::expected<void, std::string_view> refuse(std::optional<std::uint64_t> call);
  /// The same where summaries are made off the loop, in the user's share of the executor: nobody else waits for
  /// that.
  net::Task<void> take_large(wire::Frame frame, Memory memory);
  net::Task<std::expected<wire::Request, wire::FrameError>> decode_off_loop(wire::Frame frame);
  net::Task<void> verify(wire::VerifyRecipient question);
  net::Task<wire::RecipientState> look_for(wire::VerifyRecipient question);
  net::Task<void> apply(wire::ApplyCall call, Memory memory);
  void send(const wire::Response& response);

  Resources& resources_;
  wire::FrameStream frames_;
  daemon::MemoryBudget attached_;  // of the requests under way
  daemon::MemoryBudget decoded_;   // the same
  net::Turns turns_;
  net::TaskScope under_way_;
  net::Event answered_;
  std::set<UserId> users_;  // subscribed to
};

}  // namespace posthaste::deliveryd
