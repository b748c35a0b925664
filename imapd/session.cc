#include "imapd/session.h"

#include <chrono>
#include <exception>
#include <string>
#include <variant>

#include "common/base/http_request.h"
#include "common/base/release.h"
#include "common/session/logins.h"
#include "imapd/dialogue/command_states.h"
#include "imapd/limits.h"

namespace posthaste::imapd {

Session::Session(const Surroundings& surroundings, std::unique_ptr<net::Transport> transport,
                 session::Security security, daemon::Admission::Place place)
    : around_(surroundings),
      security_(security),
      place_(std::move(place)),
      stream_(std::move(transport), surroundings.config.imap.login_timeout),
      limit_(surroundings.world.clock, stream_, surroundings.config.imap.login_timeout) {}

net::Task<void> Session::converse(net::TaskScope& scope) {
  const net::TaskScope::StopHandler stop{scope, [this] { stream_.interrupt(); }};
  try {
    if (security_ == session::Security::implicit_tls) {
      const auto certificate = around_.certificates.current();
      auto secured = co_await stream_.accept_tls(*certificate);
      if (!secured) co_return;
    }
    append_reply(stream_.output(), "*", greeting(around_.config.hostname, capabilities()));
    co_await serve();
    co_await flush();
  } catch (const std::exception& failure) {  // ends this session alone, without a word: it may be in a literal
    around_.log.error("session.failed", {{"client", stream_.peer().address}, {"reason", failure.what()}});
  }
}

net::Task<void> Session::serve() {
  while (open_) {
    auto listening = co_await listen();
    if (!listening) co_return;
    if (login_lost_) {
      hang_up(net::StreamError::interrupted);
      co_return;
    }
    if (limit_.has_passed()) {  // whatever came meanwhile
      hang_up(net::StreamError::timed_out);
      co_return;
    }
    auto command = co_await read_command(stream_, limits(), memory());
    if (login_) limit_.lift();
    if (!command) {
      hang_up(command.error());
      co_return;
    }
    if (stream_.queued() == 0) oldest_reply_at_ = around_.world.clock.now();
    if (const auto* refused = std::get_if<RefusedCommand>(&*command)) {
      refuse(refused->tag, refused->reply);
    } else {
      co_await answer(std::move(std::get<CommandOctets>(*command)));
    }
    auto relieved = co_await relieve();
    if (!relieved) co_return;
    co_await take_turns();
  }
}

net::Task<void> Session::take_turns() {
  if (++commands_since_turn_ < kCommandsInOneTurn) co_return;
  commands_since_turn_ = 0;
  co_await let_others_run();
}

net::Task<void> Session::let_others_run() {
  const std::chrono::milliseconds at_once{0};
  co_await around_.world.clock.sleep(at_once);
}

CommandLimits Session::limits() {
  if (!login_) {
    return {kCommandBeforeLoginMaxOctets,
            kLiteralsBeforeLoginMax,
            kIdBeforeLoginMaxOctets,
            kIdLiteralsMax,
            std::nullopt,
            std::nullopt};
  }
  const CommandPace pace{&around_.world.clock, &limit_, around_.config.imap.idle_timeout};
  return {kCommandMaxOctets, kLiteralsMax, 0, 0, around_.config.smtp.message_max_octets, pace};
}

net::Task<void> Session::answer(CommandOctets input) {
  if (!login_ && is_http_request(input.octets)) {
    hang_up(reply_for(Refusal::http));
    co_return;
  }
  auto command = imap::parse_command(input.octets, dialect_.mailbox_encoding());
  release(input.octets);  // an appended message is in the command now
  if (!command) {
    refuse(command.error().tag.value_or("*"), reply_for(command.error().kind));
    co_return;
  }
  if (const auto refusal = refusal_of(command->body)) {
    refuse(command->tag, *refusal);
    co_return;
  }
  if (!login_ && ++commands_before_login_ > kCommandsBeforeLoginMax) {
    hang_up(reply_for(Refusal::many_before_login));
    co_return;
  }

  tag_ = std::move(command->tag);
  known_flags_ = {};
  says_mod_seq_ = false;
  const bool tells_news = may_tell_news(command->body);
  const bool tells_new_messages = !may_make_messages(command->body);
  const bool expunges = may_tell_expunges(command->body);
  TellOptions news{expunges, is_uid_command(command->body), {}, {}};
  Reply reply = co_await execute(std::move(command->body));
  if (selected_ && open_ && tells_news) {
    news.known = std::move(known_flags_);
    news.new_messages = tells_new_messages;
    co_await tell_news(std::move(news));
  }
  if (open_) co_await tell_metadata();
  tell_highest_mod_seq(!expunges, reply);
  append_reply(stream_.output(), tag_, reply);
  if (std::exchange(starts_tls_, false)) co_await start_tls();
  if (std::exchange(compresses_, false)) co_await stream_.compress();  // an error comes back with the next read
}

std::optional<Reply> Session::refusal_of(const imap::CommandBody& body) const {
  const State state = selected_ ? State::selected : login_ ? State::authenticated : State::not_authenticated;
  if (state < first_state(body)) return reply_for(login_ ? Refusal::select_first : Refusal::log_in_first);
  if (state > last_state(body)) return reply_for(Refusal::logged_in_already);
  if (dialect_.uid_only && uses_sequence_numbers(body)) return reply_for(Refusal::uids_only);
  return std::nullopt;
}

net::Task<Reply> Session::execute(imap::CommandBody body) {
  const auto run_it = [this](auto& command) { return run(std::move(command)); };
  auto running = std::visit(run_it, body);
  co_return co_await running;
}

void Session::refuse(std::string_view tag, const Reply& reply) {
  append_reply(stream_.output(), tag, reply);
  if (!login_ && ++bad_commands_before_login_ >= kBadCommandsBeforeLoginMax) {
    hang_up(reply_for(Refusal::many_bad_commands));
  }
}

void Session::hang_up(const Reply& last_words) {
  append_reply(stream_.output(), "*", last_words);
  open_ = false;
}

void Session::hang_up(net::StreamError error) {
  error = limit_.reason(error);
  const bool is_last_word = login_lost_ && error == net::StreamError::interrupted;
  hang_up(is_last_word ? login_lost() : farewell(error));
}

void Session::lose_login() {
  session::tell_lost_login(around_.log, login_->address, stream_);
  login_lost_ = true;
  stream_.interrupt();
  cut_off_ = around_.world.clock.start_timer(auth::LoginWatch::kLastWordsTime, [this] { stream_.close(); });
}

net::Task<bool> Session::relieve() {
  // Of many commands sent at once each may wait for the disk: a client may give up before the last of them.
  const bool are_waited_for = around_.world.clock.now() - oldest_reply_at_ >= kRepliesHeldMax;
  if (stream_.queued() < kQueuedMaxOctets && !are_waited_for) co_return hold_output();
  co_return co_await flush();
}

net::Task<bool> Session::flush() {
  if (!hold_output()) co_return false;
  auto flushed = co_await stream_.flush();
  if (held_) held_->shrink_to(stream_.compressed() ? kCompressionRestOctets : 0);
  co_return flushed.has_value();
}

bool Session::hold_output() {
  const std::size_t octets = stream_.queued() + (stream_.compressed() ? kCompressionOctets : 0);
  if (octets <= kUncountedOctets) return true;
  if (!held_) held_.emplace(memory());
  if (held_->grow_to(octets)) return true;
  around_.log.warning("output.refused", {{"client", stream_.peer().address}, {"octets", octets}});
  stream_.close();
  return false;
}

net::Task<std::expected<net::Readiness, net::StreamError>> Session::wait_for_client() {
  if (held_ && !stream_.has_input()) co_await flush();  // an error comes back with the wait
  co_return co_await stream_.wait();
}

net::Task<bool> Session::is_there() {
  if (stream_.is_broken()) co_return false;  // with commands behind this one, wait() would find these
  stream_.wake();
  auto ready = co_await wait_for_client();
  co_return ready.has_value();
}

void Session::tell_highest_mod_seq(bool expunges_may_wait, Reply& reply) {
  if (!selected_ || !open_ || !dialect_.qresync) return;
  const std::string code = "HIGHESTMODSEQ " + std::to_string(number(selected_->all_told()));
  if (says_mod_seq_ && reply.condition == Condition::ok && reply.code.empty()) reply.code = code;
  const bool expunges_wait = expunges_may_wait && selected_->expunges_told < selected_->flags_told;
  if (expunges_wait) append_reply(stream_.output(), "*", reply_for(Done::expunges_wait, code));
}

net::Task<void> Session::tell_news(TellOptions options) {
  options.dialect = dialect_;
  options.recent_messages = recency().messages;
  const auto compare = [this, expunges = options.expunges](const mailbox::Snapshot& snapshot) {
    return has_news(snapshot, *selected_, expunges);
  };
  const auto news = co_await look_up(compare);
  if (!news) {
    give_up_news(news.error(), false);
    co_return;
  }
  if (!*news) co_return;
  NewsTeller teller{around_.store, login_->user, *selected_, std::move(options)};
  while (!teller.done()) {
    auto step = [&teller] { return teller.step(); };
    auto text = co_await off_loop(std::move(step));
    if (!text) {
      give_up_news(text.error(), teller.begun());
      co_return;
    }
    stream_.write(*text);
    auto relieved = co_await relieve();
    if (!relieved) co_return;
  }
  if (teller.tells_new_messages()) co_await tell_new_messages(teller.new_messages());
}

void Session::give_up_news(mailbox::StoreError error, bool view_is_spoiled) {
  if (error == mailbox::StoreError::no_such_mailbox) {
    selected_.reset();
    hang_up(reply_for(Refusal::selected_deleted));
    return;
  }
  around_.log.error("imap.news.unreadable", {{"user", login_->address}, {"session_ends", view_is_spoiled}});
  if (!view_is_spoiled) return;  // the next command tries again
  selected_.reset();
  hang_up(reply_for(Refusal::selected_unreadable));
}

Session::FoundMailbox Session::find_mailbox(std::string name) {
  return look_up([name = std::move(name)](const mailbox::Snapshot& snapshot) { return snapshot.mailbox(name); });
}

Session::FoundMailbox Session::find_mailbox(MailboxId id) {
  return look_up([id](const mailbox::Snapshot& snapshot) { return snapshot.mailbox(id); });
}

Recency Session::recency() const { return {login_->user, dialect_.rev2 ? nullptr : &around_.recent_messages}; }

std::expected<mailbox::UidSet, Reply> Session::resolve(imap::NumberedBy numbered_by,
                                                       const imap::SequenceSet& set) const {
  const UidRuns& messages = selected_->messages;
  if (set.saved_result) return messages.select(imap::NumberedBy::uid, to_number_set(selected_->saved_result));
  const bool by_uid = numbered_by == imap::NumberedBy::uid;
  const auto largest_uid = messages.last();
  const auto numbers = imap::resolve(set, by_uid ? number(largest_uid.value_or(Uid{0})) : messages.size());
  auto uids = messages.select(numbered_by, numbers);
  if (!by_uid && uids.empty() && !numbers.empty()) return std::unexpected(reply_for(Refusal::no_such_number));
  return uids;
}

}  // namespace posthaste::imapd
