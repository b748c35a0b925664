// SEARCH and UID SEARCH (RFC 9051 §6.4.4, RFC 3501 §6.4.4, RFC 4731, RFC 5182, RFC 9394).
#include <chrono>

#include "common/imap/writer.h"
#include "imapd/limits.h"
#include "imapd/search_work.h"
#include "imapd/session.h"

namespace posthaste::imapd {
namespace {

/// The response of RFC 3501 §7.2.5, with RFC 7162 §3.1.6.
void append_search(std::string& out, const imap::NumberSet& numbers, std::optional<ModSeq> mod_seq) {
  imap::ResponseWriter writer{out};
  writer.raw("* SEARCH");
  for (const auto& range : numbers.ranges()) {
    for (std::uint64_t each = range.first; each <= range.last; ++each) {
      writer.space();
      writer.number(each);
    }
  }
  if (mod_seq) {
    writer.raw(" (MODSEQ ");
    writer.number(number(*mod_seq));
    writer.close();
  }
  writer.crlf();
}

/// The response of RFC 4731 §3 and RFC 9394 §3.1.
void append_esearch(std::string& out, const std::string& tag, const imap::Search& command,
                    const imap::NumberSet& numbers, std::optional<ModSeq> mod_seq) {
  imap::ResponseWriter writer{out};
  writer.raw("* ESEARCH (TAG ");
  writer.string(tag);
  writer.close();
  if (command.numbered_by == imap::NumberedBy::uid) writer.raw(" UID");
  const imap::SearchReturn& returns = *command.returns;
  const auto largest = numbers.largest();
  if (returns.min && largest) {
    writer.raw(" MIN ");
    writer.number(numbers.ranges().front().first);
  }
  if (returns.max && largest) {
    writer.raw(" MAX ");
    writer.number(*largest);
  }
  if (returns.all && largest) writer.raw(" ALL " + imap::to_string(numbers));
  if (returns.partial) {
    const imap::NumberSet part = imap::apply_partial(numbers, *returns.partial);
    writer.raw(" PARTIAL (" + imap::to_string(*returns.partial) + " ");
    writer.raw(part.empty() ? "NIL" : imap::to_string(part));
    writer.close();
  }
  if (returns.count) {
    writer.raw(" COUNT ");
    writer.number(numbers.count());
  }
  if (mod_seq) {
    writer.raw(" MODSEQ ");
    writer.number(number(*mod_seq));
  }
  writer.crlf();
}

/// The messages that the answer names one by one. SAVE saves them, unless the answer has COUNT or ALL, which tell
/// of everything that was found (RFC 5182 §2.4, RFC 9394 §3.2).
store::UidSet named_messages(const store::UidSet& found, const imap::SearchReturn& returns) {
  const bool names_some = returns.min || returns.max || returns.partial;
  if (!names_some || returns.all || returns.count || found.empty()) return found;
  const imap::NumberSet uids = to_number_set(found);
  store::UidSet named;
  if (returns.partial) named = to_uid_set(imap::apply_partial(uids, *returns.partial));
  if (returns.min) named.add(found.ranges().front().first);
  if (returns.max) named.add(found.ranges().back().last);
  return named;
}

bool only_saves(const imap::SearchReturn& returns) {
  imap::SearchReturn save_alone;
  save_alone.save = true;
  return returns == save_alone;
}

}  // namespace

net::Task<std::expected<Session::FoundMessages, Reply>> Session::find_messages(imap::SearchAnd program) {
  const auto demands = demands_of(program);
  if (demands.texts > kSearchTextsMax) co_return std::unexpected(no("LIMIT", "Too many texts to look for"));
  if (demands.uses_mod_seq) enable_condstore();
  std::vector<std::string> keywords;
  {
    auto snapshot = around_.store.read(login_->user);
    if (!snapshot) co_return std::unexpected(reply_for(snapshot.error()));
    auto info = snapshot->mailbox(selected_->id);
    if (!info) co_return std::unexpected(reply_for(info.error()));
    keywords = std::move(info->keywords);
  }
  const auto now = std::chrono::floor<std::chrono::seconds>(around_.world.clock.wall());
  const SearchContext context{*selected_, keywords, now};
  auto compile = [&] { return compile_search(program, context); };
  auto tests = co_await off_loop(std::move(compile));
  SearchWork work{around_.store, login_->user, selected_->id, std::move(tests), selected_->messages.all()};
  auto done = co_await finish(work);
  if (!done) co_return std::unexpected(std::move(done.error()));
  FoundMessages found{work.found(), std::nullopt};
  if (demands.uses_mod_seq && !found.uids.empty()) found.mod_seq = work.highest_mod_seq();
  co_return found;
}

std::optional<ModSeq> Session::mod_seq_of(const FoundMessages& found, const imap::SearchReturn& returns,
                                          std::initializer_list<Uid> ends) const {
  if (!found.mod_seq || returns.all || returns.count || returns.partial) return found.mod_seq;
  auto snapshot = around_.store.read(login_->user);
  if (!snapshot) return found.mod_seq;
  std::optional<ModSeq> highest;
  for (const Uid uid : ends) {
    const auto message = snapshot->message(selected_->id, uid);
    if (message) highest = std::max(highest.value_or(ModSeq{0}), message->modseq);
  }
  return highest ? highest : found.mod_seq;
}

net::Task<Reply> Session::run(imap::Search command) {
  if (!command.returns && dialect_.rev2) {
    command.returns.emplace();
    command.returns->all = true;  // RFC 9051 §6.4.4
  }
  const bool saves = command.returns && command.returns->save;
  auto found = co_await find_messages(std::move(command.program));
  if (!found) {
    if (saves) selected_->saved_result = {};  // RFC 5182 §2.1
    co_return std::move(found.error());
  }
  const auto numbers = selected_->messages.numbers(command.numbered_by, found->uids);
  if (!command.returns) {
    append_search(stream_.output(), numbers, found->mod_seq);
    co_return ok("Search completed");
  }
  const imap::SearchReturn& returns = *command.returns;
  const store::UidSet named = named_messages(found->uids, returns);
  if (!only_saves(returns)) {
    std::optional<ModSeq> mod_seq = found->mod_seq;
    if (mod_seq) mod_seq = mod_seq_of(*found, returns, {named.ranges().front().first, named.ranges().back().last});
    append_esearch(stream_.output(), tag_, command, numbers, mod_seq);
  }
  if (saves) selected_->saved_result = named;
  co_return ok("Search completed");
}

}  // namespace posthaste::imapd
