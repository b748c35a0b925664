// STORE and UID STORE (RFC 9051 §6.4.6, RFC 7162 §3.1.3).
#include "imapd/answers/flags.h"
#include "imapd/limits.h"
#include "imapd/session.h"
#include "imapd/view/uid_batches.h"

namespace posthaste::imapd {
namespace {

mailbox::FlagMode mode_of(imap::StoreOperation operation) {
  switch (operation) {
    case imap::StoreOperation::replace: return mailbox::FlagMode::replace;
    case imap::StoreOperation::add: return mailbox::FlagMode::add;
    case imap::StoreOperation::remove: return mailbox::FlagMode::remove;
  }
  std::unreachable();
}

/// What STORE answers of each message. After .SILENT the client knows the flags, but not the mod-sequence that they
/// have now (RFC 7162 §3.1.3).
std::vector<imap::FetchItem> answer_items(const imap::Store& command, const Dialect& dialect) {
  std::vector<imap::FetchItem> items;
  if (dialect.says_uid() || command.numbered_by == imap::NumberedBy::uid) {
    items.emplace_back(imap::FetchAttribute::uid);
  }
  if (!command.silent) items.emplace_back(imap::FetchAttribute::flags);
  if (dialect.condstore) items.emplace_back(imap::FetchAttribute::mod_seq);
  return items;
}

mailbox::UidSet without(const mailbox::UidSet& uids, const mailbox::UidSet& others) {
  return to_uid_set(to_number_set(uids).without(to_number_set(others)));
}

void add_all(mailbox::UidSet& uids, const mailbox::UidSet& more) {
  for (const mailbox::UidRange& range : more.ranges()) uids.add(range);
}

}  // namespace

void Session::note_known_flags(mailbox::UidSet uids, ModSeq mod_seq) {
  if (!uids.empty()) known_flags_.push_back({std::move(uids), mod_seq});
}

/// In parts, between which the store serves others; each is all or nothing, as each message must be (RFC 7162
/// §3.1.3).
net::Task<Reply> Session::run(imap::Store command) {
  if (selected_->read_only) co_return reply_for(Refusal::read_only);
  auto uids = resolve(command.numbered_by, command.set);
  if (!uids) co_return std::move(uids.error());
  if (command.unchanged_since) enable_condstore();
  if (uids->empty()) co_return reply_for(Done::no_such_messages);

  mailbox::UidSet answered;
  mailbox::UidSet modified;
  for (UidBatches batches{std::move(*uids), kChangedAtOnce}; !batches.done();) {
    mailbox::UidSet batch = batches.next();
    auto stored = co_await store_flags(command, batch);
    if (!stored) {
      known_flags_ = {};  // what was changed until now is news
      co_return reply_for(stored.error());
    }
    const mailbox::UidSet passed = without(batch, stored->modified);
    add_all(answered, command.silent && !command.unchanged_since ? stored->foreseen : passed);
    add_all(modified, stored->modified);
    note_known_flags(command.silent ? std::move(stored->foreseen) : passed, stored->mod_seq);
  }
  const bool by_uid = command.numbered_by == imap::NumberedBy::uid;
  std::uint64_t missing = 0;
  if (!command.silent || dialect_.condstore) {
    // New keywords are told before they are used.
    TellOptions before{false, by_uid, known_flags_, {}};
    co_await tell_news(std::move(before));
    if (!selected_) co_return reply_for(Refusal::mailbox_gone);
    const auto plan = plan_items(answer_items(command, dialect_));
    FetchWork work{around_.store, login_->user, *selected_, *plan, dialect_, std::move(answered), {}};
    auto sent = co_await send_fetch(work);
    if (!sent) co_return std::move(sent.error());
    missing = work.missing();
  }
  const bool some_are_gone = !by_uid && missing > 0;
  if (!modified.empty()) {
    const auto failed = selected_->messages.numbers(command.numbered_by, modified);
    Reply reply = reply_for(Done::some_had_changed, "MODIFIED " + imap::to_string(failed));
    if (some_are_gone) reply.condition = Condition::no;
    co_return reply;
  }
  if (some_are_gone) co_return reply_for(Refusal::messages_gone);
  co_return reply_for(Done::flags_stored);
}

/// A .SILENT client takes the flags for what it knew, changed as it asked. Where it did not know them, for another
/// session has changed them since it was last told, it must hear them: so the messages that it knows are changed
/// first, and in the same batch the others.
net::Task<std::expected<Session::StoredFlags, mailbox::StoreError>> Session::store_flags(const imap::Store& command,
                                                                                         mailbox::UidSet uids) {
  mailbox::StoreFlags change{
      selected_->id,          std::move(uids),        mode_of(command.operation), to_store(command.flags.system),
      command.flags.keywords, command.unchanged_since};
  mailbox::Batch batch;
  mailbox::StoreFlags known = change;
  known.unchanged_since = std::min(selected_->flags_told, command.unchanged_since.value_or(selected_->flags_told));
  batch.operations.emplace_back(std::move(known));
  batch.operations.emplace_back(std::move(change));
  mailbox::IdempotencyKey no_key;  // no repeat will come from here
  auto applied = co_await around_.applier.apply(login_->user, std::move(batch), std::move(no_key));
  if (!applied) co_return std::unexpected(applied.error());
  auto& foreseen = std::get<mailbox::FlagsStored>(applied->results.front());
  auto& all = std::get<mailbox::FlagsStored>(applied->results.back());
  mailbox::UidSet modified = without(all.modified, foreseen.changed);
  co_return StoredFlags{std::move(foreseen.changed), std::move(modified), applied->modseq};
}

}  // namespace posthaste::imapd
