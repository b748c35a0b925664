// A worker's connection to deliveryd's store socket: changes go out, notifications come in.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/log/log.h"
#include "common/mailbox/applier.h"
#include "common/mailbox/changes.h"
#include "common/net/world.h"
#include "common/wire/codec.h"
#include "common/wire/frame_stream.h"

namespace posthaste::wire {

/// Lives on one loop, and connects again by itself for as long as run() runs.
class StoreClient final : public mailbox::Applier, public mailbox::Changes {
 public:
  static constexpr std::chrono::seconds kConnectionPatience{5};  // apply() waits so long for a connection
  static constexpr std::chrono::seconds kAnswerPatience{30};     // and so long for the answer, repeats included
  static constexpr std::chrono::seconds kVerifyPatience{2};      // verify() waits so long for the answer

  /// `world` and `log` outlive it. `socket` is config::store_socket().
  StoreClient(net::World& world, net::Endpoint socket, const log::Log& log);
  /// Everything applied was answered, and run() has ended.
  ~StoreClient() override;

  /// Keeps the connection until stop(). Spawned once.
  net::Task<void> run();

  /// Lets run() end. What is still in flight is answered as after kAnswerPatience: call it when the sessions have
  /// drained.
  void stop();

  /// A request in flight on a connection that breaks is repeated on the next one
  /// under the same key; an empty `key` is replaced by a random one. Errors: those of the operations; unavailable,
  /// when there was no connection within kConnectionPatience and nothing was sent; outcome_unknown, when it was
  /// sent and no answer came within kAnswerPatience; invalid_name for a name, keyword or date that cannot travel,
  /// and cannot for a batch beyond wire::kMessageMaxOctets, kAttachmentMaxOctets or kOperationsMax.
  net::Task<std::expected<mailbox::ApplyResult, mailbox::StoreError>> apply(UserId user, mailbox::Batch batch,
                                                                            mailbox::IdempotencyKey key) override;

  /// Whether deliveryd would take mail to `address` now, of `octets` if they were announced. Nothing when there is
  /// no connection, when it breaks, or when no answer comes within kVerifyPatience: then nobody knows, at no great
  /// wait.
  net::Task<std::optional<RecipientState>> verify(std::string address, std::optional<std::uint64_t> octets);

  /// Calls `on_change` after each published change to the user's mailboxes, and with nothing whenever the server
  /// has taken the subscription: soon after this call if it is the user's first here, and after each new
  /// connection. A change is either told or seen by a snapshot read after that call: subscribe, read, and read
  /// again when called.
  [[nodiscard]] std::unique_ptr<mailbox::Subscription> subscribe(UserId user, mailbox::OnChange on_change) override;

 private:
  class Subscriber;
  using Outcome = std::expected<mailbox::ApplyResult, mailbox::StoreError>;
  struct Call;
  struct Question;

  net::Task<void> converse(std::unique_ptr<net::Transport> transport);
  /// Until the connection ends; why it does.
  net::Task<std::string> take_responses();
  void begin_connection();
  void send(Call& call);
  void take(Response response);
  void take_answer(ApplyAnswer answer);
  void conclude(std::uint64_t id, std::optional<RecipientState> state);
  void give_up_questions();
  void notify(UserId user, const mailbox::Notification& notification);
  void notify_all();
  void expire_calls();
  /// Sees to it that calls expire in time while the connection is silent.
  void watch_calls();
  void fail(Call& call);
  void unsubscribe(const Subscriber& subscriber);

  net::World& world_;
  const net::Endpoint socket_;
  const log::Log& log_;
  std::map<std::uint64_t, Call*> calls_;          // by id, and so by age; each lives in its apply()
  std::map<std::uint64_t, Question*> questions_;  // by id; each lives in its verify()
  std::unique_ptr<net::Timer> calls_watched_;     // while there are calls
  std::uint64_t next_id_ = 1;
  std::map<UserId, std::vector<std::shared_ptr<Subscriber>>> subscribers_;
  std::unique_ptr<FrameStream> connection_;  // while there is one
  bool stopping_ = false;
};

}  // namespace posthaste::wire
