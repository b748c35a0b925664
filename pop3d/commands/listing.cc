// STAT, LIST, UIDL and NOOP (RFC 1939 §5, §7): what the maildrop holds.
#include <utility>

#include "common/base/octets.h"
#include "pop3d/session.h"

namespace posthaste::pop3d {

net::Task<void> Session::run(pop3::Stat) {
  const Maildrop& maildrop = transaction_->maildrop;
  say(pop3::ok(std::to_string(maildrop.count()) + " " + std::to_string(maildrop.octets())));
  co_return;
}

net::Task<void> Session::run(pop3::Noop) {
  say(pop3::ok({}));
  co_return;
}

net::Task<void> Session::run(pop3::List command) {
  auto size = [](const MaildropMessage& message) { return std::to_string(message.octets); };
  co_await list(command.message, size);
}

/// A unique-id is UIDVALIDITY "." UID: neither is ever used for another message.
net::Task<void> Session::run(pop3::Uidl command) {
  auto unique_id = [prefix = std::to_string(number(transaction_->maildrop.uid_validity())) + "."](
                       const MaildropMessage& message) { return prefix + std::to_string(number(message.uid)); };
  co_await list(command.message, std::move(unique_id));
}

/// Number and description of one message, or of all that are not marked.
template <typename Describe>
net::Task<void> Session::list(std::optional<pop3::MessageNumber> number, Describe describe) {
  const Maildrop& maildrop = transaction_->maildrop;
  const auto line = [&describe](pop3::MessageNumber at, const MaildropMessage& message) {
    return std::to_string(posthaste::number(at)) + " " + describe(message);
  };
  if (number) {
    const auto message = maildrop.find(*number);
    say(message ? pop3::ok(line(*number, *message)) : reply_for(message.error()));
    co_return;
  }
  say(pop3::ok(std::to_string(maildrop.count()) + " messages"));
  auto at = maildrop.unmarked_from(pop3::MessageNumber{1});
  while (at && open_) {
    stream_.write(line(*at, *maildrop.find(*at)) + "\r\n");
    co_await relieve();
    at = maildrop.unmarked_from(next(*at));
  }
  stream_.write(".\r\n");
}

}  // namespace posthaste::pop3d
