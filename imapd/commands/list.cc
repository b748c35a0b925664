// LIST, LSUB, XLIST and NAMESPACE (RFC 9051 §6.3.9-10, RFC 3501 §6.3.9, RFC 5258, RFC 5819).
#include "common/imap/list_pattern.h"
#include "common/imap/mailbox_name.h"
#include "imapd/listing.h"
#include "imapd/session.h"
#include "imapd/status_line.h"

namespace posthaste::imapd {
namespace {

std::expected<Hierarchy, store::StoreError> read_hierarchy(const store::Store& store, UserId user) {
  auto snapshot = store.read(user);
  if (!snapshot) return std::unexpected(snapshot.error());
  return Hierarchy::read(*snapshot);
}

/// The answer to an empty pattern: the delimiter, and the root of the reference (RFC 9051 §6.3.9).
void append_delimiter(std::string& out, std::string_view response) {
  out.append("* ").append(response).append(" (\\Noselect) \"/\" \"\"\r\n");
}

}  // namespace

net::Task<Reply> Session::run(imap::List command) {
  if (command.returns.status && !can_answer(*command.returns.status)) co_return bad("Unknown status item");
  if (!command.extended && command.patterns.front().empty()) {
    append_delimiter(stream_.output(), "LIST");
    co_return ok("That is the delimiter");
  }
  auto work = [&store = around_.store, user = login_->user] { return read_hierarchy(store, user); };
  auto hierarchy = co_await off_loop(std::move(work));
  if (!hierarchy) co_return reply_for(hierarchy.error());
  for (const ListLine& line : list_mailboxes(*hierarchy, command)) {
    append_list_line(stream_.output(), "LIST", line);
    if (line.status_of) {
      append_status(stream_.output(), *line.status_of, *command.returns.status,
                    around_.config.smtp.message_max_octets);
    }
  }
  co_return ok("That is all");
}

net::Task<Reply> Session::run(imap::Lsub command) {
  auto work = [&store = around_.store, user = login_->user] { return read_hierarchy(store, user); };
  auto hierarchy = co_await off_loop(std::move(work));
  if (!hierarchy) co_return reply_for(hierarchy.error());
  const auto pattern = imap::interpret_pattern(command.reference, command.pattern);
  for (const ListLine& line : list_subscriptions(*hierarchy, pattern)) {
    append_list_line(stream_.output(), "LSUB", line);
  }
  co_return ok("That is all");
}

net::Task<Reply> Session::run(imap::Xlist command) {
  if (command.pattern.empty()) {
    append_delimiter(stream_.output(), "XLIST");
    co_return ok("That is the delimiter");
  }
  auto work = [&store = around_.store, user = login_->user] { return read_hierarchy(store, user); };
  auto hierarchy = co_await off_loop(std::move(work));
  if (!hierarchy) co_return reply_for(hierarchy.error());
  const imap::List list{{}, std::move(command.reference), {std::move(command.pattern)}, {}, false};
  for (ListLine& line : list_mailboxes(*hierarchy, list)) {
    if (imap::is_inbox(line.name)) line.attributes.emplace_back("\\Inbox");
    append_list_line(stream_.output(), "XLIST", line);
  }
  co_return ok("That is all");
}

net::Task<Reply> Session::run(imap::Namespace) {
  stream_.write("* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n");
  co_return ok("That is all");
}

}  // namespace posthaste::imapd
