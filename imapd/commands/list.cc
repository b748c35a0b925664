// LIST, LSUB, XLIST and NAMESPACE (RFC 9051 §6.3.9-10, RFC 3501 §6.3.9, RFC 5258, RFC 5819).
#include <algorithm>

#include "common/imap/list_pattern.h"
#include "common/imap/mailbox_name.h"
#include "imapd/listing.h"
#include "imapd/session.h"
#include "imapd/status_line.h"

namespace posthaste::imapd {
namespace {

using Lines = std::expected<std::vector<ListLine>, store::StoreError>;

/// What `choose` takes out of the user's hierarchy. Never on a loop: names times patterns can be many steps.
template <typename Choose>
Lines read_lines(const store::Store& store, UserId user, const Choose& choose) {
  auto snapshot = store.read(user);
  if (!snapshot) return std::unexpected(snapshot.error());
  auto hierarchy = Hierarchy::read(*snapshot);
  if (!hierarchy) return std::unexpected(hierarchy.error());
  return choose(*hierarchy);
}

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
  if (!command.extended && command.patterns.front().empty()) {
    append_delimiter(stream_.output(), "LIST");
    co_return ok("That is the delimiter");
  }
  const auto choose = [&](const Hierarchy& hierarchy) { return list_mailboxes(hierarchy, command); };
  auto work = [&] { return read_lines(around_.store, login_->user, choose); };
  auto lines = co_await off_loop(std::move(work));
  if (!lines) co_return reply_for(lines.error());
  for (const ListLine& line : *lines) {
    append_list_line(stream_.output(), "LIST", line, dialect_.mailbox_encoding());
    if (line.status_of) {
      auto sent = co_await send_status(*line.status_of, *command.returns.status);
      if (!sent) co_return reply_for(sent.error());
    }
    auto relieved = co_await relieve();
    if (!relieved) co_return farewell(net::StreamError::closed);
  }
  co_return ok("That is all");
}

net::Task<Reply> Session::run(imap::Lsub command) {
  const auto pattern = imap::interpret_pattern(command.reference, command.pattern);
  const auto choose = [&](const Hierarchy& hierarchy) { return list_subscriptions(hierarchy, pattern); };
  auto work = [&] { return read_lines(around_.store, login_->user, choose); };
  auto lines = co_await off_loop(std::move(work));
  if (!lines) co_return reply_for(lines.error());
  for (const ListLine& line : *lines) {
    append_list_line(stream_.output(), "LSUB", line, dialect_.mailbox_encoding());
    auto relieved = co_await relieve();
    if (!relieved) co_return farewell(net::StreamError::closed);
  }
  co_return ok("That is all");
}

net::Task<Reply> Session::run(imap::Xlist command) {
  if (command.pattern.empty()) {
    append_delimiter(stream_.output(), "XLIST");
    co_return ok("That is the delimiter");
  }
  const imap::List list{{}, std::move(command.reference), {std::move(command.pattern)}, {}, false};
  const auto choose = [&](const Hierarchy& hierarchy) { return list_mailboxes(hierarchy, list); };
  auto work = [&] { return read_lines(around_.store, login_->user, choose); };
  auto lines = co_await off_loop(std::move(work));
  if (!lines) co_return reply_for(lines.error());
  for (ListLine& line : *lines) {
    add_xlist_names(line);
    append_list_line(stream_.output(), "XLIST", line, dialect_.mailbox_encoding());
    auto relieved = co_await relieve();
    if (!relieved) co_return farewell(net::StreamError::closed);
  }
  co_return ok("That is all");
}

net::Task<Reply> Session::run(imap::Namespace) {
  stream_.write("* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n");
  co_return ok("That is all");
}

}  // namespace posthaste::imapd
