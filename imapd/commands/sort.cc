// SORT, UID SORT, THREAD and UID THREAD (RFC 5256, RFC 5957, RFC 5267 §3).
#include <array>

#include "common/base/octets.h"
#include "common/imap/writer.h"
#include "common/reading/sort_work.h"
#include "common/reading/thread_work.h"
#include "imapd/answers/thread_text.h"
#include "imapd/search/search_keys.h"
#include "imapd/session.h"

namespace posthaste::imapd {
namespace {

/// The messages as the client counts them, in their order.
std::vector<std::uint32_t> as_numbers(const std::vector<Uid>& uids, const UidRuns& messages,
                                      imap::NumberedBy numbered_by) {
  std::vector<std::uint32_t> numbers;
  numbers.reserve(uids.size());
  for (const Uid uid : uids) {
    const bool by_uid = numbered_by == imap::NumberedBy::uid;
    numbers.push_back(by_uid ? number(uid) : number(*messages.sequence_number(uid)));
  }
  return numbers;
}

/// Takes the threads out of `work`, whose memory is the response's then.
std::string thread_response(reading::ThreadWork& work, const UidRuns& messages, imap::NumberedBy numbered_by) {
  const auto numbers = as_numbers(work.uids(), messages, numbered_by);
  std::string response = "* THREAD";
  if (!numbers.empty()) response += ' ';
  append_threads(response, work.forest(), numbers);
  response += kCrlf;
  work.keep_only(response.size());
  return response;
}

}  // namespace

net::Task<Reply> Session::run(imap::Sort command) {
  if (command.returns && (command.returns->save || command.returns->partial)) {
    co_return reply_for(Refusal::not_for_sort);
  }
  auto found = co_await find_messages(std::move(command.program));
  if (!found) co_return std::move(found.error());
  reading::SortWork work{around_.store, login_->user,   selected_->id, criteria_of(command.criteria),
                         found->uids,   *login_->memory};
  auto done = co_await finish(work);
  if (!done) co_return std::move(done.error());
  if (work.too_large()) co_return reply_for(Refusal::many_to_sort);
  const bool some_are_gone = found->some_are_gone || work.some_are_gone();
  std::optional<ModSeq> mod_seq = found->mod_seq;
  if (work.result().empty()) mod_seq.reset();  // all that was found has gone
  if (mod_seq && command.returns) {
    const std::array ends{work.result().front(), work.result().back()};
    mod_seq = co_await mod_seq_of(*found, *command.returns, ends);
  }
  found->uids = {};
  const std::size_t steps = work.result().size();
  auto count = [this, &work, &command] {
    return runs_in_order(as_numbers(work.take_result(), selected_->messages, command.numbered_by));
  };
  auto numbers = co_await off_loop_if_long(steps, std::move(count));
  if (command.returns) {
    auto sent = co_await send_sorted(std::move(command), std::move(numbers), steps, mod_seq);
    if (!sent) co_return farewell(net::StreamError::closed);
    co_return looked_through(Done::sorted, some_are_gone);
  }
  stream_.write("* SORT");
  NumberText all{std::move(numbers), NumberText::Style::each};
  auto sent = co_await send(std::move(all));
  if (!sent) co_return farewell(net::StreamError::closed);
  if (mod_seq) stream_.write(" (MODSEQ " + std::to_string(number(*mod_seq)) + ")");  // RFC 7162 §3.1.9
  stream_.write(kCrlf);
  co_return looked_through(Done::sorted, some_are_gone);
}

net::Task<bool> Session::send_sorted(imap::Sort command, std::vector<imap::NumberRange> numbers, std::size_t count,
                                     std::optional<ModSeq> mod_seq) {
  imap::ResponseWriter{stream_.output()}.raw("* ESEARCH (TAG ");
  imap::ResponseWriter{stream_.output()}.string(tag_);
  stream_.write(command.numbered_by == imap::NumberedBy::uid ? ") UID" : ")");
  const imap::SearchReturn& returns = *command.returns;
  if (returns.min && !numbers.empty()) stream_.write(" MIN " + std::to_string(numbers.front().first));
  if (returns.max && !numbers.empty()) stream_.write(" MAX " + std::to_string(numbers.back().last));
  if (returns.all && !numbers.empty()) {
    stream_.write(" ALL ");
    NumberText all{std::move(numbers), NumberText::Style::ranges};
    auto sent = co_await send(std::move(all));
    if (!sent) co_return false;
  }
  if (returns.count) stream_.write(" COUNT " + std::to_string(count));
  if (mod_seq) stream_.write(" MODSEQ " + std::to_string(number(*mod_seq)));  // RFC 7162 §3.1.10
  stream_.write(kCrlf);
  co_return true;
}

net::Task<Reply> Session::run(imap::Thread command) {
  auto found = co_await find_messages(std::move(command.program));
  if (!found) co_return std::move(found.error());
  reading::ThreadWork work{around_.store,          login_->user,   selected_->id, algorithm_of(command.algorithm),
                           std::move(found->uids), *login_->memory};
  auto done = co_await finish(work);
  if (!done) co_return std::move(done.error());
  if (work.too_large()) co_return reply_for(Refusal::many_to_sort);
  auto print = [this, &work, &command] { return thread_response(work, selected_->messages, command.numbered_by); };
  auto response = co_await off_loop_if_long(work.uids().size(), std::move(print));
  auto sent = co_await send(std::move(response));
  if (!sent) co_return farewell(net::StreamError::closed);
  co_return looked_through(Done::threaded, found->some_are_gone || work.some_are_gone());
}

}  // namespace posthaste::imapd
