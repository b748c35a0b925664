// LIST, LSUB, XLIST and NAMESPACE (RFC 9051 §6.3.9-10, RFC 3501 §6.3.9, RFC 5258, RFC 5819).
#include <algorithm>

#include "common/imap/mailbox_name.h"
#include "imapd/answers/listing.h"
#include "imapd/answers/status_line.h"
#include "imapd/session.h"

namespace posthaste::imapd {
namespace {

/// What clients of XLIST call special uses that RFC 6154 has named otherwise.
void add_xlist_names(ListLine& line) {
  constexpr std::pair<std::string_view, std::string_view> kNames[] = {
      {"\\All", "\\AllMail"}, {"\\Flagged", "\\Starred"}, {"\\Junk", "\\Spam"}};
  for (const auto& [use, name] : kNames) {
    if (std::ranges::count(line.attributes, use) > 0) line.attributes.emplace_back(name);
  }
  if (imap::is_inbox(line.name)) line.attributes.emplace_back("\\Inbox");
}

/// The answer to an empty pattern: the delimiter, and the root of the reference (RFC 9051 §6.3.9).
void append_delimiter(std::string& out, std::string_view response) {
  out.append("* ").append(response).append(" (\\Noselect) \"/\" \"\"\r\n");
}

}  // namespace

net::Task<Reply> Session::run(imap::List command) {
  if (command.patterns.empty()) co_return reply_for(Done::no_such_name);
  if (!command.extended && command.patterns.front().empty()) {
    append_delimiter(stream_.output(), "LIST");
    co_return reply_for(Done::delimiter_told);
  }
  const auto status = command.returns.status;
  ListWork work{around_.store, login_->user, ListWork::Kind::list, std::move(command)};
  while (!work.done()) {
    auto lines = co_await next_lines(work);
    if (!lines) co_return std::move(lines.error());
    for (const ListLine& line : *lines) {
      append_list_line(stream_.output(), "LIST", line, dialect_.mailbox_encoding());
      if (line.status_of) {
        auto sent = co_await send_status(*line.status_of, *status);
        if (!sent) co_return reply_for(sent.error());
      }
      auto relieved = co_await relieve();
      if (!relieved) co_return farewell(net::StreamError::closed);
    }
  }
  co_return reply_for(Done::all_told);
}

net::Task<Reply> Session::run(imap::Lsub command) {
  if (!command.pattern) co_return reply_for(Done::no_such_name);
  imap::List list{{}, std::move(command.reference), {std::move(*command.pattern)}, {}, false};
  list.selection.subscribed = true;
  list.selection.recursive_match = true;
  ListWork work{around_.store, login_->user, ListWork::Kind::lsub, std::move(list)};
  while (!work.done()) {
    auto lines = co_await next_lines(work);
    if (!lines) co_return std::move(lines.error());
    for (const ListLine& line : *lines) {
      append_list_line(stream_.output(), "LSUB", line, dialect_.mailbox_encoding());
      auto relieved = co_await relieve();
      if (!relieved) co_return farewell(net::StreamError::closed);
    }
  }
  co_return reply_for(Done::all_told);
}

net::Task<Reply> Session::run(imap::Xlist command) {
  if (!command.pattern) co_return reply_for(Done::no_such_name);
  if (command.pattern->empty()) {
    append_delimiter(stream_.output(), "XLIST");
    co_return reply_for(Done::delimiter_told);
  }
  imap::List list{{}, std::move(command.reference), {std::move(*command.pattern)}, {}, false};
  ListWork work{around_.store, login_->user, ListWork::Kind::list, std::move(list)};
  while (!work.done()) {
    auto lines = co_await next_lines(work);
    if (!lines) co_return std::move(lines.error());
    for (ListLine& line : *lines) {
      add_xlist_names(line);
      append_list_line(stream_.output(), "XLIST", line, dialect_.mailbox_encoding());
      auto relieved = co_await relieve();
      if (!relieved) co_return farewell(net::StreamError::closed);
    }
  }
  co_return reply_for(Done::all_told);
}

net::Task<std::expected<std::vector<ListLine>, Reply>> Session::next_lines(ListWork& work) {
  auto step = [&work] { return work.step(); };
  auto lines = co_await off_loop(std::move(step));
  if (!lines) co_return std::unexpected(reply_for(lines.error()));
  if (!work.done()) {
    auto is_there_still = co_await is_there();
    if (!is_there_still) co_return std::unexpected(farewell(net::StreamError::closed));
  }
  co_return std::move(*lines);
}

net::Task<Reply> Session::run(imap::Namespace) {
  stream_.write("* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n");
  co_return reply_for(Done::all_told);
}

}  // namespace posthaste::imapd
