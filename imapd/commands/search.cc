// SEARCH and UID SEARCH (RFC 9051 §6.4.4, RFC 3501 §6.4.4, RFC 4731, RFC 5182, RFC 9394).
#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <utility>

#include "common/base/octets.h"
#include "common/imap/writer.h"
#include "common/reading/search_work.h"
#include "imapd/limits.h"
#include "imapd/search/search_keys.h"
#include "imapd/session.h"

namespace posthaste::imapd {
namespace {

/// What the words of a program mean, by the store.
struct Ground {
  std::vector<std::string> keywords;           // of the mailbox
  std::optional<mailbox::EmailIds> email_ids;  // where it asks for them
};

/// Errors: no_such_mailbox, unavailable, io.
std::expected<Ground, mailbox::StoreError> ground_of(const mailbox::Snapshot& snapshot, MailboxId mailbox,
                                                     const SearchDemands& demands) {
  auto info = snapshot.mailbox(mailbox);
  if (!info) return std::unexpected(info.error());
  Ground ground{std::move(info->keywords), std::nullopt};
  if (!demands.uses_email_ids) return ground;
  auto ids = snapshot.email_ids();
  if (!ids) return std::unexpected(ids.error());
  ground.email_ids = std::move(*ids);
  return ground;
}

std::vector<imap::NumberRange> ranges_of(const imap::NumberSet& numbers) {
  return {numbers.ranges().begin(), numbers.ranges().end()};
}

/// The messages that the answer names one by one. SAVE saves them, unless the answer has COUNT or ALL, which tell
/// of everything that was found (RFC 5182 §2.4, RFC 9394 §3.2).
mailbox::UidSet named_messages(const mailbox::UidSet& found, const imap::SearchReturn& returns) {
  const bool names_some = returns.min || returns.max || returns.partial;
  if (!names_some || returns.all || returns.count || found.empty()) return found;
  const imap::NumberSet uids = to_number_set(found);
  mailbox::UidSet named;
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
  if (demands.texts > kSearchTextsMax) co_return std::unexpected(reply_for(Refusal::many_texts));
  if (demands.uses_mod_seq) enable_condstore();
  const auto find_ground = [this, &demands](const mailbox::Snapshot& snapshot) {
    return ground_of(snapshot, selected_->id, demands);
  };
  const auto ground = co_await look_up(find_ground);
  if (!ground) co_return std::unexpected(reply_for(ground.error()));
  const auto now = std::chrono::floor<std::chrono::seconds>(around_.world.clock.wall());
  const auto& email_ids = ground->email_ids;
  const SearchContext context{*selected_, now, email_ids ? &*email_ids : nullptr};
  auto make_ready = [&] { return reading::make_ready(conditions_of(program, context), ground->keywords); };
  auto made_ready = co_await off_loop(std::move(make_ready));
  reading::SearchWork work{
      around_.store,  login_->user, selected_->id, std::move(made_ready), selected_->messages.all(),
      *login_->memory};
  auto done = co_await finish(work);
  if (!done) co_return std::unexpected(std::move(done.error()));
  FoundMessages found{work.found(), std::nullopt, work.some_are_gone()};
  if (demands.uses_mod_seq && !found.uids.empty()) found.mod_seq = work.highest_mod_seq();
  co_return found;
}

net::Task<std::optional<ModSeq>> Session::mod_seq_of(const FoundMessages& found, const imap::SearchReturn& returns,
                                                     std::array<Uid, 2> ends) {
  if (!found.mod_seq || returns.all || returns.count || returns.partial) co_return found.mod_seq;
  const auto highest_of = [this, ends](const mailbox::Snapshot& snapshot) {
    std::expected<std::optional<ModSeq>, mailbox::StoreError> highest;
    for (const Uid uid : ends) {
      const auto message = snapshot.message(selected_->id, uid);
      if (message) *highest = std::max(highest->value_or(ModSeq{0}), message->modseq);
    }
    return highest;
  };
  const auto highest = co_await look_up(highest_of);
  co_return highest&&* highest ? *highest : found.mod_seq;
}

net::Task<bool> Session::send_esearch(imap::SearchReturn returns, imap::NumberedBy numbered_by,
                                      imap::NumberSet numbers, std::optional<ModSeq> mod_seq) {
  imap::ResponseWriter{stream_.output()}.raw("* ESEARCH (TAG ");
  imap::ResponseWriter{stream_.output()}.string(tag_);
  stream_.write(numbered_by == imap::NumberedBy::uid ? ") UID" : ")");
  const auto largest = numbers.largest();
  if (returns.min && largest) stream_.write(" MIN " + std::to_string(numbers.ranges().front().first));
  if (returns.max && largest) stream_.write(" MAX " + std::to_string(*largest));
  if (returns.all && largest) {
    stream_.write(" ALL ");
    NumberText all{ranges_of(numbers), NumberText::Style::ranges};
    auto sent = co_await send(std::move(all));
    if (!sent) co_return false;
  }
  if (returns.partial) {
    const imap::NumberSet part = imap::apply_partial(numbers, *returns.partial);
    stream_.write(" PARTIAL (" + imap::to_string(*returns.partial) + (part.empty() ? " NIL" : " "));
    NumberText named{ranges_of(part), NumberText::Style::ranges};
    auto sent = co_await send(std::move(named));
    if (!sent) co_return false;
    stream_.write(")");
  }
  if (returns.count) stream_.write(" COUNT " + std::to_string(numbers.count()));
  if (mod_seq) stream_.write(" MODSEQ " + std::to_string(number(*mod_seq)));
  stream_.write(kCrlf);
  co_return true;
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
  const std::size_t runs = found->uids.ranges().size();
  auto count = [this, &command, &found] { return selected_->messages.numbers(command.numbered_by, found->uids); };
  auto numbers = co_await off_loop_if_long(runs, std::move(count));
  if (!command.returns) {
    stream_.write("* SEARCH");  // RFC 3501 §7.2.5
    NumberText all{ranges_of(numbers), NumberText::Style::each};
    numbers = {};
    found->uids = {};
    auto sent = co_await send(std::move(all));
    if (!sent) co_return farewell(net::StreamError::closed);
    // RFC 7162 §3.1.6
    if (found->mod_seq) stream_.write(" (MODSEQ " + std::to_string(number(*found->mod_seq)) + ")");
    stream_.write(kCrlf);
    co_return looked_through(Done::searched, found->some_are_gone);
  }
  const imap::SearchReturn& returns = *command.returns;
  auto name = [&found, &returns] { return named_messages(found->uids, returns); };
  mailbox::UidSet named = co_await off_loop_if_long(runs, std::move(name));
  std::optional<ModSeq> mod_seq = found->mod_seq;
  if (mod_seq) {
    const std::array ends{named.ranges().front().first, named.ranges().back().last};
    mod_seq = co_await mod_seq_of(*found, returns, ends);
  }
  if (saves) selected_->saved_result = std::move(named);
  found->uids = {};
  if (!only_saves(returns)) {
    auto sent = co_await send_esearch(returns, command.numbered_by, std::move(numbers), mod_seq);
    if (!sent) co_return farewell(net::StreamError::closed);
  }
  co_return looked_through(Done::searched, found->some_are_gone);
}

}  // namespace posthaste::imapd
