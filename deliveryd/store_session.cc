#include "deliveryd/store_session.h"

#include <chrono>
#include <exception>
#include <string_view>
#include <utility>
#include <variant>

#include "deliveryd/recipient.h"
#include "deliveryd/summary.h"

namespace posthaste::deliveryd {
namespace {

constexpr std::chrono::hours kPatience{1};  // our own daemons may be idle for ever: then it waits again

}  // namespace

StoreSession::StoreSession(Resources& resources, std::unique_ptr<net::Transport> transport)
    : resources_(resources),
      frames_(std::move(transport), resources.world.clock),
      attached_(kAttachedMaxOctets, resources.attached_memory),
      decoded_(kDecodedMaxOctets, resources.decoded_memory),
      turns_(resources.world.clock) {}

bool StoreSession::is_stranger() const {
  const auto user = frames_.peer_user();
  return !user || (*user != 0 && *user != resources_.own_user);
}

net::Task<void> StoreSession::converse() {
  const net::TaskScope::StopHandler on_stop{resources_.scope, [this] { frames_.interrupt(); }};
  if (is_stranger()) {
    resources_.log.warning("peer.refused", {{"socket", "store"}, {"uid", frames_.peer_user().value_or(0)}});
    co_return;
  }
  resources_.store.clear_dead_readers();  // of a client that died, and comes back here
  net::TaskScope sender;
  sender.spawn(frames_.send_queued());
  try {
    co_await take_requests();
  } catch (const std::exception& failure) {  // ends this connection alone: the client repeats what is unanswered
    resources_.log.error("session.failed", {{"socket", "store"}, {"reason", failure.what()}});
  }
  co_await under_way_.drained();
  for (const UserId user : users_) resources_.changes.stop_listening(user, *this);
  co_await frames_.queued_at_most(0);
  frames_.close();
  co_await sender.drained();
}

net::Task<void> StoreSession::take_requests() {
  std::string_view reason;
  while (reason.empty()) {
    if (turns_.step()) co_await turns_.let_others_run();
    while (under_way_.active() >= kRequestsMax) co_await answered_.wait();
    co_await frames_.queued_at_most(kAnswersMaxOctets);
    Memory memory{daemon::MemoryBudget::Share{attached_}, daemon::MemoryBudget::Share{decoded_}};
    wire::GrantMemory grant = [&memory](std::size_t octets) { return memory.attached.grow_to(octets); };
    auto frame = co_await frames_.read(kPatience, std::move(grant));
    if (!frame && frame.error() == net::StreamError::timed_out && !frames_.closed()) continue;
    if (!frame) {
      reason = net::name_of(frame.error());
      break;
    }
    const auto taken = take(std::move(*frame), std::move(memory));
    if (!taken) reason = taken.error();
  }
  const log::Level level =
      reason == net::name_of(net::StreamError::closed) ? log::Level::debug : log::Level::warning;
  resources_.log.at(level, "store.connection.ended", {{"reason", reason}});
}

/// Summaries are made here, by the one who answers for the store.
std::expected<void, std::string_view> StoreSession::take(wire::Frame frame, Memory memory) {
  if (frame.attachment_lost) return refuse(wire::call_id(frame));
  const bool granted = memory.decoded.grow_to(kDecodedFactor * frame.message.size());
  if (!granted) return refuse(wire::call_id(frame));
  if (frame.attachment.size() > kSummarizedOnLoopMaxOctets) {
    under_way_.spawn(take_large(std::move(frame), std::move(memory)));
    return {};
  }
  auto request = wire::decode_request(std::move(frame), summarize);
  if (!request) return std::unexpected(wire::name_of(request.error()));
  return take(std::move(*request), std::move(memory));
}

net::Task<void> StoreSession::take_large(wire::Frame frame, Memory memory) {
  try {
    auto request = co_await decode_off_loop(std::move(frame));
    const auto taken =
        request ? take(std::move(*request), std::move(memory)) : std::unexpected(wire::name_of(request.error()));
    if (taken) co_return;
    resources_.log.warning("store.connection.ended", {{"reason", taken.error()}});
  } catch (const std::exception& failure) {
    resources_.log.error("session.failed", {{"socket", "store"}, {"reason", failure.what()}});
  }
  frames_.close();
  answered_.notify_all();
}

net::Task<std::expected<wire::Request, wire::FrameError>> StoreSession::decode_off_loop(wire::Frame frame) {
  const auto user = wire::user_of(frame);
  if (!user) co_return std::unexpected(wire::FrameError::malformed);
  const auto io = resources_.fair_shares.of(*user, resources_.world.io);
  auto work = [&frame] { return wire::decode_request(std::move(frame), summarize); };
  co_return co_await io->run(resources_.world.loop, work);
}

std::expected<void, std::string_view> StoreSession::refuse(std::optional<std::uint64_t> call) {
  if (!call) return std::unexpected("no memory");
  send(wire::ApplyAnswer{*call, std::unexpected(mailbox::StoreError::unavailable)});
  return {};
}

std::expected<void, std::string_view> StoreSession::take(wire::Request request, Memory memory) {
  if (auto* call = std::get_if<wire::ApplyCall>(&request)) {
    under_way_.spawn(apply(std::move(*call), std::move(memory)));
  } else if (const auto* subscribe = std::get_if<wire::Subscribe>(&request)) {
    if (users_.insert(subscribe->user).second) resources_.changes.listen(subscribe->user, *this);
    if (users_.size() > kUsersMax) return std::unexpected("too many users");
    send(wire::Subscribed{subscribe->user});
  } else if (auto* question = std::get_if<wire::VerifyRecipient>(&request)) {
    under_way_.spawn(verify(std::move(*question)));
  } else {
    const UserId user = std::get<wire::Unsubscribe>(request).user;
    if (users_.erase(user) != 0) resources_.changes.stop_listening(user, *this);
  }
  return {};
}

net::Task<void> StoreSession::verify(wire::VerifyRecipient question) {
  wire::RecipientVerified answer{question.id, wire::RecipientState::unavailable};
  try {
    answer.state = co_await look_for(std::move(question));
  } catch (const std::exception& failure) {
    resources_.log.error("store.request.failed", {{"reason", failure.what()}});
  }
  send(answer);
  answered_.notify_all();
}

net::Task<wire::RecipientState> StoreSession::look_for(wire::VerifyRecipient question) {
  const std::size_t at = question.address.rfind('@');
  if (at == std::string::npos) co_return wire::RecipientState::unknown;
  smtp::Mailbox mailbox{question.address.substr(0, at), question.address.substr(at + 1)};
  const auto users = co_await find_recipient(resources_, std::move(mailbox), question.octets);
  if (users) co_return wire::RecipientState::ok;
  switch (users.error()) {
    case RecipientError::unknown_user:
    case RecipientError::not_our_domain: co_return wire::RecipientState::unknown;
    case RecipientError::over_quota: co_return wire::RecipientState::over_quota;
    case RecipientError::leads_elsewhere:  // not ours to say
    case RecipientError::bad_aliases:
    case RecipientError::directory_unavailable:
    case RecipientError::store_unavailable: co_return wire::RecipientState::unavailable;
  }
  std::unreachable();
}

net::Task<void> StoreSession::apply(wire::ApplyCall call, Memory memory) {
  const std::uint64_t id = call.id;
  std::expected<mailbox::ApplyResult, mailbox::StoreError> outcome =
      std::unexpected(mailbox::StoreError::outcome_unknown);
  try {
    outcome = co_await resources_.local_store.apply(call.user, std::move(call.batch), std::move(call.key));
  } catch (const std::exception& failure) {
    resources_.log.error("store.request.failed", {{"reason", failure.what()}});
  }
  memory.attached.give_back();
  memory.decoded.give_back();
  send(wire::ApplyAnswer{id, std::move(outcome)});
  answered_.notify_all();
}

void StoreSession::send(const wire::Response& response) {
  auto frame = wire::encode(response);
  if (!frame) {  // more results than a frame holds: what was asked is done, and cannot be told
    resources_.log.error("store.answer.too_large");
    frame = wire::encode(wire::Response{
        wire::ApplyAnswer{std::get<wire::ApplyAnswer>(response).id, std::unexpected(mailbox::StoreError::io)}});
  }
  frames_.queue(std::move(*frame));
}

void StoreSession::changed(const mailbox::Change& change) {
  if (frames_.queued_octets() > kUnreadMaxOctets) return frames_.close();
  send(change);
}

void StoreSession::anything_changed() { send(wire::AnythingChanged{}); }

}  // namespace posthaste::deliveryd
