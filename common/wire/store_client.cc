#include "common/wire/store_client.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <exception>
#include <span>
#include <string>
#include <string_view>

#include "common/net/event.h"
#include "common/net/scope.h"

namespace posthaste::wire {
namespace {

constexpr std::chrono::milliseconds kConnectTimeout{2'000};
constexpr std::chrono::milliseconds kReconnectDelayMin{20};
constexpr std::chrono::milliseconds kReconnectDelayMax{500};
constexpr std::chrono::milliseconds kWatchInterval{500};  // how often calls without an answer are looked at
constexpr std::chrono::hours kSilencePatience{1};  // nothing may have to be said for long: then it waits again

std::string random_key(net::Random& random) {
  std::array<std::byte, 16> octets{};
  random.fill(octets);
  return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

mailbox::StoreError error_for(FrameError error) {
  return error == FrameError::out_of_range ? mailbox::StoreError::invalid_name : mailbox::StoreError::cannot;
}

}  // namespace

struct StoreClient::Call {
  ApplyCall request;
  net::Instant since;
  bool sent = false;
  std::optional<Outcome> outcome;
  net::Event answered;
};

class StoreClient::Subscriber {
 public:
  Subscriber(UserId user, mailbox::OnChange on_change) : user_(user), on_change_(std::move(on_change)) {}
  [[nodiscard]] UserId user() const { return user_; }
  void end() { ended_ = true; }
  void notify(const mailbox::Notification& notification) const {
    if (!ended_) on_change_(notification);
  }

 private:
  const UserId user_;
  const mailbox::OnChange on_change_;
  bool ended_ = false;
};

struct StoreClient::Question {
  bool concluded = false;
  std::optional<RecipientState> state;
  net::Event answered;
};

StoreClient::StoreClient(net::World& world, net::Endpoint socket, const log::Log& log)
    : world_(world), socket_(std::move(socket)), log_(log) {}

StoreClient::~StoreClient() = default;

net::Task<void> StoreClient::run() {
  auto delay = kReconnectDelayMin;
  while (!stopping_) {
    auto transport = co_await world_.network.connect(socket_, kConnectTimeout);
    if (stopping_) break;
    if (transport) {
      const auto begun = world_.clock.now();
      co_await converse(std::move(*transport));
      if (world_.clock.now() - begun > kReconnectDelayMax) delay = kReconnectDelayMin;
    }
    if (stopping_) break;
    co_await world_.clock.sleep(delay);
    delay = std::min(2 * delay, kReconnectDelayMax);
  }
  while (!calls_.empty()) fail(*calls_.begin()->second);
}

void StoreClient::stop() {
  stopping_ = true;
  if (connection_) connection_->interrupt();
}

net::Task<void> StoreClient::converse(std::unique_ptr<net::Transport> transport) {
  connection_ = std::make_unique<FrameStream>(std::move(transport), world_.clock);
  net::TaskScope sender;
  sender.spawn(connection_->send_queued());
  std::string reason;
  try {
    begin_connection();
    log_.debug("store.connected", {{"socket", socket_.address}});
    reason = co_await take_responses();
  } catch (
      const std::exception& failure) {  // ends this connection alone: what is unanswered is repeated on the next
    reason = failure.what();
  }
  connection_->close();
  co_await sender.drained();
  connection_.reset();
  give_up_questions();
  if (!stopping_) log_.warning("store.disconnected", {{"socket", socket_.address}, {"reason", reason}});
}

net::Task<std::string> StoreClient::take_responses() {
  while (!stopping_) {
    auto frame = co_await connection_->read(kSilencePatience);
    if (!frame && frame.error() == net::StreamError::timed_out && !connection_->closed()) continue;
    if (!frame) co_return std::string{net::name_of(frame.error())};
    auto response = decode_response(std::move(*frame));
    if (!response) co_return std::string{name_of(response.error())};
    take(std::move(*response));
  }
  co_return "stopping";
}

/// Subscriptions first: what the repeated calls change is told.
void StoreClient::begin_connection() {
  for (const auto& [user, subscribers] : subscribers_) connection_->queue(*encode(Request{Subscribe{user}}));
  // A call that cannot be sent is answered, and leaves the map.
  std::vector<Call*> calls;
  for (const auto& [id, call] : calls_) calls.push_back(call);
  for (Call* call : calls) send(*call);
}

void StoreClient::send(Call& call) {
  auto frame = encode(Request{call.request});
  if (!frame) {
    call.outcome = std::unexpected(error_for(frame.error()));
    calls_.erase(call.request.id);
    call.answered.notify_all();
    return;
  }
  call.sent = true;
  connection_->queue(std::move(*frame));
}

net::Task<std::expected<mailbox::ApplyResult, mailbox::StoreError>> StoreClient::apply(
    UserId user, mailbox::Batch batch, mailbox::IdempotencyKey key) {
  if (stopping_) co_return std::unexpected(mailbox::StoreError::unavailable);
  if (key.octets.empty()) key.octets = random_key(world_.random);
  Call call{{next_id_++, user, std::move(batch), std::move(key)}, world_.clock.now(), false, std::nullopt, {}};
  calls_.emplace(call.request.id, &call);
  watch_calls();
  if (connection_) send(call);
  while (!call.outcome) co_await call.answered.wait();
  co_return std::move(*call.outcome);
}

net::Task<std::optional<RecipientState>> StoreClient::verify(std::string address,
                                                             std::optional<std::uint64_t> octets) {
  if (!connection_ || stopping_) co_return std::nullopt;
  const std::uint64_t id = next_id_++;
  auto frame = encode(Request{VerifyRecipient{id, std::move(address), octets}});
  if (!frame) co_return std::nullopt;
  Question question;
  questions_.emplace(id, &question);
  connection_->queue(std::move(*frame));
  const auto timer = world_.clock.start_timer(kVerifyPatience, [this, id] { conclude(id, std::nullopt); });
  while (!question.concluded) co_await question.answered.wait();
  co_return question.state;
}

void StoreClient::take(Response response) {
  if (auto* answer = std::get_if<ApplyAnswer>(&response)) return take_answer(std::move(*answer));
  if (const auto* subscribed = std::get_if<Subscribed>(&response)) return notify(subscribed->user, std::nullopt);
  if (const auto* change = std::get_if<mailbox::Change>(&response)) return notify(change->user, *change);
  if (const auto* verified = std::get_if<RecipientVerified>(&response)) {
    return conclude(verified->id, verified->state);
  }
  notify_all();
}

/// An answer to a call that was given up finds none.
void StoreClient::take_answer(ApplyAnswer answer) {
  const auto found = calls_.find(answer.id);
  if (found == calls_.end()) return;
  Call& call = *found->second;
  if (answer.outcome && answer.outcome->results.size() != call.request.batch.operations.size()) {
    answer.outcome = std::unexpected(mailbox::StoreError::io);
  }
  calls_.erase(found);
  call.outcome = std::move(answer.outcome);
  call.answered.notify_all();
}

/// An answer that comes too late finds no question.
void StoreClient::conclude(std::uint64_t id, std::optional<RecipientState> state) {
  const auto found = questions_.find(id);
  if (found == questions_.end()) return;
  Question& question = *found->second;
  questions_.erase(found);
  question.concluded = true;
  question.state = state;
  question.answered.notify_all();
}

void StoreClient::give_up_questions() {
  while (!questions_.empty()) conclude(questions_.begin()->first, std::nullopt);
}

void StoreClient::expire_calls() {
  const auto now = world_.clock.now();
  std::vector<Call*> overdue;
  for (const auto& [id, call] : calls_) {
    const auto age = now - call->since;
    if (age < kConnectionPatience) break;  // those that follow are younger
    if (!call->sent || age >= kAnswerPatience) overdue.push_back(call);
  }
  for (Call* call : overdue) fail(*call);
}

void StoreClient::watch_calls() {
  if (calls_watched_ || calls_.empty()) return;
  calls_watched_ = world_.clock.start_timer(kWatchInterval, [this] {
    const auto fired = std::move(calls_watched_);  // goes when this is over
    std::move_only_function<void()> look = [this] {
      expire_calls();
      watch_calls();
    };
    net::run_in_turn(look);  // whoever is answered may let the client go
  });
}

void StoreClient::fail(Call& call) {
  calls_.erase(call.request.id);
  call.outcome =
      std::unexpected(call.sent ? mailbox::StoreError::outcome_unknown : mailbox::StoreError::unavailable);
  call.answered.notify_all();
}

/// A subscriber may end its own subscription, and others, while it is called.
void StoreClient::notify(UserId user, const mailbox::Notification& notification) {
  const auto found = subscribers_.find(user);
  if (found == subscribers_.end()) return;
  const auto subscribers = found->second;
  for (const auto& subscriber : subscribers) subscriber->notify(notification);
}

void StoreClient::notify_all() {
  std::vector<UserId> users;
  for (const auto& [user, subscribers] : subscribers_) users.push_back(user);
  for (const UserId user : users) notify(user, std::nullopt);
}

std::unique_ptr<mailbox::Subscription> StoreClient::subscribe(UserId user, mailbox::OnChange on_change) {
  class Held final : public mailbox::Subscription {
   public:
    Held(StoreClient& client, std::shared_ptr<Subscriber> subscriber)
        : client_(client), subscriber_(std::move(subscriber)) {}
    ~Held() override {
      subscriber_->end();
      client_.unsubscribe(*subscriber_);
    }

   private:
    StoreClient& client_;
    const std::shared_ptr<Subscriber> subscriber_;
  };

  const auto subscriber = std::make_shared<Subscriber>(user, std::move(on_change));
  auto& subscribers = subscribers_[user];
  if (subscribers.empty() && connection_) connection_->queue(*encode(Request{Subscribe{user}}));
  subscribers.push_back(subscriber);
  return std::make_unique<Held>(*this, subscriber);
}

void StoreClient::unsubscribe(const Subscriber& subscriber) {
  const UserId user = subscriber.user();
  auto& subscribers = subscribers_[user];
  std::erase_if(subscribers, [&subscriber](const auto& other) { return other.get() == &subscriber; });
  if (!subscribers.empty()) return;
  subscribers_.erase(user);
  if (connection_) connection_->queue(*encode(Request{Unsubscribe{user}}));
}

}  // namespace posthaste::wire
