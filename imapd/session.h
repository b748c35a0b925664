// One client's conversation, from the greeting to BYE.
#pragma once

#include <array>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/auth/sasl.h"
#include "common/config/config.h"
#include "common/daemon/admission.h"
#include "common/daemon/certificates.h"
#include "common/daemon/fair_shares.h"
#include "common/daemon/memory_budget.h"
#include "common/daemon/user_connections.h"
#include "common/daemon/user_memory.h"
#include "common/imap/command.h"
#include "common/log/log.h"
#include "common/mailbox/applier.h"
#include "common/mailbox/changes.h"
#include "common/mailbox/reader.h"
#include "common/net/scope.h"
#include "common/net/stream.h"
#include "common/net/time_limit.h"
#include "common/net/world.h"
#include "common/session/doors.h"
#include "imapd/answers/listing.h"
#include "imapd/answers/number_text.h"
#include "imapd/dialogue/command_reader.h"
#include "imapd/fetch/fetch_work.h"
#include "imapd/limits.h"
#include "imapd/news/known_metadata.h"
#include "imapd/news/watch.h"
#include "imapd/replies.h"
#include "imapd/view/dialect.h"
#include "imapd/view/recent_messages.h"
#include "imapd/view/selected_mailbox.h"

namespace posthaste::imapd {

/// All that a session works with; it outlives the session.
struct Surroundings {
  net::World& world;
  const config::Config& config;
  const mailbox::Reader& store;
  mailbox::Applier& applier;
  mailbox::Changes& changes;
  auth::Authenticator& authenticator;
  const daemon::Certificates& certificates;
  daemon::UserConnections& user_connections;
  RecentMessages& recent_messages;
  daemon::UserMemory& append_memory;
  daemon::FairShares& fair_shares;
  const log::Log& log;
};

class Session {
 public:
  Session(const Surroundings& surroundings, std::unique_ptr<net::Transport> transport, session::Security security,
          daemon::Admission::Place place = {});

  /// The whole conversation; `scope` stops it.
  net::Task<void> converse(net::TaskScope& scope);

 private:
  /// Who logged in, and their place among their own sessions.
  struct Login {
    UserId user{};
    std::string address;
    daemon::UserConnections::Place place;
    auth::LoginWatch::Place watched;
    std::shared_ptr<daemon::MemoryBudget> memory;  // for messages, for sorting, for what waits to be sent
    std::unique_ptr<net::Executor> io;             // for file reads and long scans, when it is their turn
  };

  /// What NOTIFY asked for, until it is asked again.
  struct Notifications {
    explicit Notifications(Watch wanted) : watch(std::move(wanted)) {}
    Watch watch;
    ChangedMailboxes changed;                             // and not yet told
    std::unique_ptr<mailbox::Subscription> subscription;  // ends before what it notes goes
  };

  net::Task<void> serve();
  net::Task<void> answer(CommandOctets input);
  /// Why this command cannot be now: its state, or sequence numbers in it (RFC 9586 §3).
  [[nodiscard]] std::optional<Reply> refusal_of(const imap::CommandBody& body) const;
  net::Task<Reply> execute(imap::CommandBody body);
  void refuse(std::string_view tag, const Reply& reply);
  void hang_up(const Reply& last_words);
  /// After an error of the stream.
  void hang_up(net::StreamError error);
  /// The login counts no more: the session ends with what it is at, or is cut off in the midst of it.
  void lose_login();
  [[nodiscard]] CommandLimits limits();
  /// Lets other sessions run when many commands came at once.
  net::Task<void> take_turns();
  net::Task<void> let_others_run();

  // commands/any_state.cc
  net::Task<Reply> run(imap::Capability command);
  net::Task<Reply> run(imap::Noop command);
  net::Task<Reply> run(imap::Logout command);
  net::Task<Reply> run(imap::Id command);
  // commands/login.cc
  net::Task<Reply> run(imap::StartTls command);
  net::Task<Reply> run(imap::Login command);
  net::Task<Reply> run(imap::Authenticate command);
  net::Task<Reply> log_in(auth::Identity identity, std::string_view mechanism);
  Reply refuse_login(const std::string& user, const auth::SaslOutcome::Failure& failure);
  net::Task<std::expected<void, mailbox::StoreError>> meet(UserId user);
  net::Task<void> start_tls();
  // commands/enable.cc
  net::Task<Reply> run(imap::Enable command);
  /// The client has shown that it knows mod-sequences (RFC 7162 §3.1).
  void enable_condstore();
  // commands/mailboxes.cc
  net::Task<Reply> run(imap::Create command);
  net::Task<Reply> run(imap::Delete command);
  net::Task<Reply> run(imap::Rename command);
  net::Task<Reply> run(imap::Subscribe command);
  net::Task<Reply> run(imap::Unsubscribe command);
  net::Task<Reply> set_subscribed(std::string name, bool subscribed);
  // commands/list.cc
  net::Task<Reply> run(imap::List command);
  net::Task<Reply> run(imap::Lsub command);
  net::Task<Reply> run(imap::Xlist command);
  net::Task<Reply> run(imap::Namespace command);
  /// Errors: the reply that ends the command, also when nobody is there any more.
  net::Task<std::expected<std::vector<ListLine>, Reply>> next_lines(ListWork& work);
  // commands/status.cc
  net::Task<Reply> run(imap::Status command);
  /// Sends the line. Errors: unavailable, io.
  net::Task<std::expected<void, mailbox::StoreError>> send_status(mailbox::MailboxInfo info,
                                                                  std::vector<imap::StatusItem> items);
  // commands/quota.cc
  net::Task<Reply> run(imap::GetQuota command);
  net::Task<Reply> run(imap::GetQuotaRoot command);
  net::Task<Reply> run(imap::SetQuota command);
  // commands/metadata.cc
  net::Task<Reply> run(imap::GetMetadata command);
  net::Task<Reply> run(imap::SetMetadata command);
  /// From now on `known_metadata_` is there, and changes of annotations are noticed. Errors: unavailable, io.
  net::Task<std::expected<void, mailbox::StoreError>> know_metadata();
  /// Whether the client is to hear of changes in it; nothing for the server.
  [[nodiscard]] bool wants_metadata_of(const std::optional<std::string>& mailbox) const;
  /// The mailbox of that name, or nothing for the server. Errors: the reply to a name that no mailbox has.
  net::Task<std::expected<std::optional<MailboxId>, Reply>> find_annotated(std::optional<std::string> name);
  /// Tells which annotations others have changed.
  net::Task<void> tell_metadata();
  // commands/connection.cc
  net::Task<Reply> run(imap::Compress command);
  net::Task<Reply> run(imap::Unauthenticate command);
  // commands/select.cc
  net::Task<Reply> run(imap::Select command);
  net::Task<Reply> run(imap::Examine command);
  net::Task<Reply> run(imap::Check command);
  net::Task<Reply> run(imap::Close command);
  net::Task<Reply> run(imap::Unselect command);
  net::Task<Reply> open(std::string name, imap::SelectParameters parameters, bool read_only);
  // commands/append.cc
  net::Task<Reply> run(imap::Append command);
  net::Task<Reply> run(imap::Replace command);
  /// What to store in `target`, put together where CATENATE asks for it, in `memory`. Errors: the reply that ends
  /// the command.
  net::Task<std::expected<std::vector<mailbox::Append>, Reply>> compose(std::vector<imap::AppendMessage> messages,
                                                                        MailboxId target,
                                                                        daemon::MemoryBudget::Share& memory);
  // commands/notify.cc
  net::Task<Reply> run(imap::Notify command);
  /// Waits for the next command, and tells meanwhile what the client wants to hear. False when the session ends.
  net::Task<bool> listen();
  /// `idles`: in the course of IDLE, when expunges may be told in any case.
  net::Task<void> notify_client(bool idles);
  /// Errors: the reply that ends the command, also when nobody is there any more.
  net::Task<std::expected<void, Reply>> tell_step_by_step(WatchWork& work);
  net::Task<void> tell_new_messages(mailbox::UidSet uids);
  [[nodiscard]] Watch::Manner manner() const;
  // commands/idle.cc
  net::Task<Reply> run(imap::Idle command);
  // commands/fetch.cc
  net::Task<Reply> run(imap::Fetch command);
  /// Sends VANISHED (EARLIER). Errors as below.
  net::Task<std::expected<void, Reply>> tell_vanished(imap::SequenceSet set, ModSeq since);
  /// Sends the responses of the plan. Errors: the reply that ends the command.
  net::Task<std::expected<void, Reply>> send_fetch(FetchWork& work);
  /// False when the client is gone, or the rest of a response cannot be read and the connection was cut.
  net::Task<bool> send(Pieces pieces);
  net::Task<bool> send(std::string octets);
  net::Task<bool> send(BlobExtent extent);
  net::Task<bool> send(LaterFields fields);
  net::Task<bool> send(LaterPart later);
  net::Task<bool> send(LaterSummary summary);
  net::Task<bool> send(NumberText numbers);
  /// Ends the session in the midst of a response, where every word would be taken for the message's.
  void cut_response(mailbox::StoreError error);
  /// Sets \Seen on those that changed after `since` and do not have it, and returns them.
  net::Task<mailbox::UidSet> mark_seen(mailbox::UidSet uids, ModSeq since);
  // commands/store.cc
  net::Task<Reply> run(imap::Store command);
  struct StoredFlags {
    mailbox::UidSet foreseen;  // changed, from flags that the client knew
    mailbox::UidSet modified;  // left alone, for they had changed after UNCHANGEDSINCE
    ModSeq mod_seq{};
  };
  net::Task<std::expected<StoredFlags, mailbox::StoreError>> store_flags(const imap::Store& command,
                                                                         mailbox::UidSet uids);
  /// The client knows the flags that these messages have at `mod_seq`.
  void note_known_flags(mailbox::UidSet uids, ModSeq mod_seq);
  // commands/search.cc
  net::Task<Reply> run(imap::Search command);
  struct FoundMessages {
    mailbox::UidSet uids;
    std::optional<ModSeq> mod_seq;  // the highest among them, where the program asks for MODSEQ
    bool some_are_gone = false;     // of those that were looked through
  };
  /// The messages that a program finds. Errors: the reply that ends the command.
  net::Task<std::expected<FoundMessages, Reply>> find_messages(imap::SearchAnd program);
  /// The mod-sequence to answer with: of all that was found, or, when only its ends are named, of those (RFC 4731
  /// §3.2).
  net::Task<std::optional<ModSeq>> mod_seq_of(const FoundMessages& found, const imap::SearchReturn& returns,
                                              std::array<Uid, 2> ends);
  /// Sends the response of RFC 4731 §3 and RFC 9394 §3.1. False when the client is gone.
  net::Task<bool> send_esearch(imap::SearchReturn returns, imap::NumberedBy numbered_by, imap::NumberSet numbers,
                               std::optional<ModSeq> mod_seq);
  // commands/sort.cc
  net::Task<Reply> run(imap::Sort command);
  net::Task<Reply> run(imap::Thread command);
  /// Sends the response of RFC 5267 §3.1: `count` messages in the order of `numbers`. False when the client is
  /// gone.
  net::Task<bool> send_sorted(imap::Sort command, std::vector<imap::NumberRange> numbers, std::size_t count,
                              std::optional<ModSeq> mod_seq);
  // commands/expunge.cc
  net::Task<Reply> run(imap::Expunge command);
  /// Removes those of `parts` that are \Deleted, one after the other. Whether there were any. Errors:
  /// no_such_mailbox, unavailable, io; some may be gone then.
  net::Task<std::expected<bool, mailbox::StoreError>> expunge_deleted(MailboxId mailbox,
                                                                      std::vector<mailbox::UidSet> parts);
  // commands/copy.cc
  net::Task<Reply> run(imap::Copy command);
  net::Task<Reply> run(imap::Move command);

  [[nodiscard]] Recency recency() const;
  /// The messages that a set names. Errors: the reply to a set that cannot be.
  [[nodiscard]] std::expected<mailbox::UidSet, Reply> resolve(imap::NumberedBy numbered_by,
                                                              const imap::SequenceSet& set) const;
  /// Tells what changed in the selected mailbox since the client was last told.
  net::Task<void> tell_news(TellOptions options);
  /// The mod-sequence up to which a client that uses QRESYNC has heard all, where it could take a higher one for it
  /// (RFC 7162 §3.2 and §3.2.7).
  void tell_highest_mod_seq(bool expunges_may_wait, Reply& reply);
  /// After an error; a view that is ahead of what was told ends the session.
  void give_up_news(mailbox::StoreError error, bool view_is_spoiled);
  /// Sends what is queued when it is much, or has waited for long. False when the client is gone.
  net::Task<bool> relieve();
  /// Sends what is queued. It and what compression takes is in the memory budget until it is sent. False when the
  /// client is gone, or was sent away because there is no memory.
  net::Task<bool> flush();
  /// Counts what is queued. False when there is no memory for it: the stream is closed then.
  [[nodiscard]] bool hold_output();
  /// Waits for the client. What is queued goes out first.
  net::Task<std::expected<net::Readiness, net::StreamError>> wait_for_client();
  /// The budget of who is logged in, or what all share.
  [[nodiscard]] daemon::MemoryBudget& memory() { return login_ ? *login_->memory : around_.append_memory.all(); }
  /// Looks, in the midst of long work, whether there is still somebody to do it for.
  net::Task<bool> is_there();
  /// Runs the steps of long work off the loop, as long as there is somebody to do it for, and says from time to
  /// time how far it is.
  template <typename Work>
  net::Task<std::expected<void, Reply>> finish(Work& work);
  /// A point read of the user's mail, as mailbox::Reader::look().
  template <typename Look>
  [[nodiscard]] auto look_up(Look ask) {
    return around_.store.look(around_.world.loop, io(), login_->user, std::move(ask));
  }
  using FoundMailbox = net::ValueOrTask<std::expected<mailbox::MailboxInfo, mailbox::StoreError>>;
  /// Errors: no_such_mailbox, unavailable, io.
  [[nodiscard]] FoundMailbox find_mailbox(std::string name);
  [[nodiscard]] FoundMailbox find_mailbox(MailboxId id);
  /// One operation on the user's mail. The result is the operation's own.
  template <typename Result, typename Operation>
  net::Task<std::expected<std::pair<Result, ModSeq>, mailbox::StoreError>> apply(Operation operation);
  /// For work off the loop: who is logged in has their share of the threads.
  [[nodiscard]] net::Executor& io() { return login_ ? *login_->io : around_.world.io; }
  template <typename Work>
  net::Task<std::invoke_result_t<Work>> off_loop(Work work) {
    return io().run(around_.world.loop, std::move(work));
  }

  /// The same where it may be many steps; few are taken at once.
  template <typename Work>
  net::Task<std::invoke_result_t<Work>> off_loop_if_long(std::size_t steps, Work work) {
    if (steps <= kSliceRows) co_return work();
    co_return co_await off_loop(std::move(work));
  }

  [[nodiscard]] std::string capabilities() const;

  const Surroundings around_;
  const session::Security security_;
  daemon::Admission::Place place_;
  net::Stream stream_;
  net::TimeLimit limit_;  // for logging in; afterwards, while we wait for the client
  bool open_ = true;
  int commands_since_turn_ = 0;
  net::Instant oldest_reply_at_{};  // of those that are queued
  int commands_before_login_ = 0;
  int bad_commands_before_login_ = 0;
  int failed_logins_ = 0;
  std::optional<Login> login_;
  std::optional<daemon::MemoryBudget::Share> held_;  // for output, once there was much
  bool login_lost_ = false;
  std::unique_ptr<net::Timer> cut_off_;  // once the login is lost
  std::optional<SelectedMailbox> selected_;
  Dialect dialect_;
  std::unique_ptr<Notifications> notifications_;
  std::unique_ptr<KnownMetadata> known_metadata_;
  KnownChanges known_flags_;   // what the command under way has changed itself
  bool says_mod_seq_ = false;  // the command under way is to say the HIGHESTMODSEQ it leaves behind
  std::string tag_;            // of the command under way
  bool starts_tls_ = false;    // once STARTTLS is answered
  bool compresses_ = false;    // once COMPRESS is
};

template <typename Work>
net::Task<std::expected<void, Reply>> Session::finish(Work& work) {
  auto told = around_.world.clock.now();
  while (!work.done()) {
    auto step = [&work] { return work.step(); };
    auto stepped = co_await off_loop(std::move(step));
    if (!stepped) co_return std::unexpected(reply_for(stepped.error()));
    if (work.done()) break;
    if (around_.world.clock.now() - told >= kProgressInterval) {
      told = around_.world.clock.now();
      append_reply(stream_.output(), "*", in_progress(tag_, work.walk().passed(), work.walk().uids().size()));
    }
    auto is_there_still = co_await is_there();
    if (!is_there_still) co_return std::unexpected(reply_for(Refusal::cut_off));
  }
  co_return std::expected<void, Reply>{};
}

template <typename Result, typename Operation>
net::Task<std::expected<std::pair<Result, ModSeq>, mailbox::StoreError>> Session::apply(Operation operation) {
  mailbox::Batch batch;
  batch.operations.emplace_back(std::move(operation));
  mailbox::IdempotencyKey no_key;  // no repeat will come from here
  auto applied = co_await around_.applier.apply(login_->user, std::move(batch), std::move(no_key));
  if (!applied) co_return std::unexpected(applied.error());
  co_return std::pair{std::get<Result>(std::move(applied->results.front())), applied->modseq};
}

}  // namespace posthaste::imapd
