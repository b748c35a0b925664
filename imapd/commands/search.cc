// SEARCH and UID SEARCH (RFC 9051 §6.4.4, RFC 3501 §6.4.4, RFC 4731).
#include <chrono>

#include "common/imap/writer.h"
#include "imapd/limits.h"
#include "imapd/search_work.h"
#include "imapd/session.h"

namespace posthaste::imapd {
namespace {

/// What was found, as the client counts it.
imap::NumberSet as_numbers(const store::UidSet& found, const UidRuns& messages, imap::NumberedBy numbered_by) {
  if (numbered_by == imap::NumberedBy::uid) return to_number_set(found);
  std::vector<imap::NumberRange> ranges;
  for (const auto& range : found.ranges()) {  // its UIDs are neighbours, and so are their numbers
    ranges.push_back(
        {number(*messages.sequence_number(range.first)), number(*messages.sequence_number(range.last))});
  }
  return imap::NumberSet{std::move(ranges)};
}

/// The response of RFC 3501 §7.2.5.
void append_search(std::string& out, const imap::NumberSet& numbers) {
  imap::ResponseWriter writer{out};
  writer.raw("* SEARCH");
  for (const auto& range : numbers.ranges()) {
    for (std::uint64_t each = range.first; each <= range.last; ++each) {
      writer.space();
      writer.number(each);
    }
  }
  writer.crlf();
}

/// The response of RFC 4731 §3.
void append_esearch(std::string& out, const std::string& tag, const imap::Search& command,
                    const imap::NumberSet& numbers) {
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
  if (returns.count) {
    writer.raw(" COUNT ");
    writer.number(numbers.count());
  }
  writer.crlf();
}

}  // namespace

net::Task<std::expected<store::UidSet, Reply>> Session::find_messages(imap::SearchAnd program) {
  const auto demands = demands_of(program);
  if (demands.uses_saved_result) co_return std::unexpected(bad("No search result is saved here"));
  if (demands.texts > kSearchTextsMax) co_return std::unexpected(no("LIMIT", "Too many texts to look for"));
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
  co_return work.found();
}

net::Task<Reply> Session::run(imap::Search command) {
  if (command.returns && command.returns->save) co_return bad("SAVE is not offered");
  auto found = co_await find_messages(std::move(command.program));
  if (!found) co_return std::move(found.error());
  const auto numbers = as_numbers(*found, selected_->messages, command.numbered_by);
  if (command.returns) {
    append_esearch(stream_.output(), tag_, command, numbers);
  } else {
    append_search(stream_.output(), numbers);
  }
  co_return ok("Search completed");
}

}  // namespace posthaste::imapd
