// One client of the store socket: imapd, pop3d, smtpd or the operator's command.
#pragma once

#include <cstddef>
#include <memory>
#include <set>

#include "common/net/event.h"
#include "common/wire/codec.h"
#include "common/wire/frame_stream.h"
#include "deliveryd/change_feed.h"
#include "deliveryd/resources.h"

namespace posthaste::deliveryd {

/// Spawned on a worker. Requests are taken while earlier ones are under way, up to a limit, and answered as they
/// are done. A malformed frame, a stranger, or a peer that does not read what it subscribed to, loses the
/// connection.
class StoreSession final : public ChangeListener {
 public:
  static constexpr std::size_t kRequestsMax = 256;                           // under way at once
  static constexpr std::size_t kAttachedMaxOctets = std::size_t{256} << 20;  // of these; passed by the last at most
  static constexpr std::size_t kAnswersMaxOctets = std::size_t{1} << 20;     // unsent: no more requests are read
  static constexpr std::size_t kUnreadMaxOctets = std::size_t{16} << 20;     // unsent: the peer is given up

  StoreSession(Resources& resources, std::unique_ptr<net::Transport> transport);

  net::Task<void> converse();

  void changed(const store::Change& change) override;
  void anything_changed() override;

 private:
  [[nodiscard]] bool is_stranger() const;
  net::Task<void> take_requests();
  void take(wire::Request request, std::size_t attached_octets);
  /// The same where summaries are made off the loop, in the user's share of the executor: nobody else waits for
  /// that.
  net::Task<void> take_large(wire::Frame frame);
  net::Task<std::expected<wire::Request, wire::FrameError>> decode_off_loop(wire::Frame frame);
  [[nodiscard]] wire::RecipientState verify(const wire::VerifyRecipient& question) const;
  net::Task<void> apply(wire::ApplyCall call, std::size_t attached_octets);
  void send(const wire::Response& response);

  Resources& resources_;
  wire::FrameStream frames_;
  net::TaskScope under_way_;
  std::size_t attached_octets_ = 0;  // of the requests under way, from when their frames are here
  net::Event answered_;
  std::set<UserId> users_;  // subscribed to
};

}  // namespace posthaste::deliveryd
