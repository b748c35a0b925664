// SORT, UID SORT, THREAD and UID THREAD (RFC 5256, RFC 5957, RFC 5267 §3).
#include "common/base/octets.h"
#include "common/imap/writer.h"
#include "imapd/session.h"
#include "imapd/sort_work.h"
#include "imapd/thread_work.h"

namespace posthaste::imapd {
namespace {

constexpr std::size_t kNumbersAtOnce = 65'536;

Reply too_large() { return no("LIMIT", "Too many messages for this, look for fewer"); }

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

/// A sequence-set in the numbers' own order; what ranges there are ascend (RFC 5267 §3.2).
void append_in_order(imap::ResponseWriter& writer, const std::vector<std::uint32_t>& numbers) {
  for (std::size_t first = 0; first < numbers.size();) {
    std::size_t last = first;
    while (last + 1 < numbers.size() && numbers[last + 1] == numbers[last] + 1) ++last;
    if (first > 0) writer.raw(",");
    writer.number(numbers[first]);
    if (last > first) {
      writer.raw(":");
      writer.number(numbers[last]);
    }
    first = last + 1;
  }
}

/// The response of RFC 5267 §3.1.
void append_esearch(std::string& out, const std::string& tag, const imap::Sort& command,
                    const std::vector<std::uint32_t>& numbers, std::optional<ModSeq> mod_seq) {
  imap::ResponseWriter writer{out};
  writer.raw("* ESEARCH (TAG ");
  writer.string(tag);
  writer.close();
  if (command.numbered_by == imap::NumberedBy::uid) writer.raw(" UID");
  const imap::SearchReturn& returns = *command.returns;
  if (returns.min && !numbers.empty()) writer.raw(" MIN " + std::to_string(numbers.front()));
  if (returns.max && !numbers.empty()) writer.raw(" MAX " + std::to_string(numbers.back()));
  if (returns.all && !numbers.empty()) {
    writer.raw(" ALL ");
    append_in_order(writer, numbers);
  }
  if (returns.count) writer.raw(" COUNT " + std::to_string(numbers.size()));
  if (mod_seq) writer.raw(" MODSEQ " + std::to_string(number(*mod_seq)));  // RFC 7162 §3.1.10
  writer.crlf();
}

}  // namespace

net::Task<Reply> Session::run(imap::Sort command) {
  if (command.returns && (command.returns->save || command.returns->partial)) {
    co_return bad("SAVE and PARTIAL are not offered here");
  }
  auto found = co_await find_messages(std::move(command.program));
  if (!found) co_return std::move(found.error());
  SortWork work{around_.store, login_->user,         selected_->id, std::move(command.criteria),
                found->uids,   around_.append_memory};
  auto done = co_await finish(work);
  if (!done) co_return std::move(done.error());
  if (work.too_large()) co_return too_large();
  const auto numbers = as_numbers(work.result(), selected_->messages, command.numbered_by);
  if (command.returns) {
    std::optional<ModSeq> mod_seq = found->mod_seq;
    if (mod_seq) mod_seq = mod_seq_of(*found, *command.returns, {work.result().front(), work.result().back()});
    append_esearch(stream_.output(), tag_, command, numbers, mod_seq);
    co_return ok("Sort completed");
  }
  stream_.write("* SORT");
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    stream_.write(" " + std::to_string(numbers[i]));
    if (i % kNumbersAtOnce != 0) continue;
    auto relieved = co_await relieve();
    if (!relieved) co_return farewell(net::StreamError::closed);
  }
  if (found->mod_seq)
    stream_.write(" (MODSEQ " + std::to_string(number(*found->mod_seq)) + ")");  // RFC 7162 §3.1.9
  stream_.write(kCrlf);
  co_return ok("Sort completed");
}

net::Task<Reply> Session::run(imap::Thread command) {
  auto found = co_await find_messages(std::move(command.program));
  if (!found) co_return std::move(found.error());
  ThreadWork work{around_.store,     login_->user,           selected_->id,
                  command.algorithm, std::move(found->uids), around_.append_memory};
  auto done = co_await finish(work);
  if (!done) co_return std::move(done.error());
  if (work.too_large()) co_return too_large();
  const auto numbers = as_numbers(work.uids(), selected_->messages, command.numbered_by);
  std::string response = "* THREAD";
  if (!numbers.empty()) response += ' ';
  imap::append_threads(response, work.forest(), numbers);
  response += kCrlf;
  auto sent = co_await send(std::move(response));
  if (!sent) co_return farewell(net::StreamError::closed);
  co_return ok("Thread completed");
}

}  // namespace posthaste::imapd
