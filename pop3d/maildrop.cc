#include "pop3d/maildrop.h"

#include <utility>

#include "pop3d/limits.h"

namespace posthaste::pop3d {
namespace {

std::size_t index_of(pop3::MessageNumber number) { return posthaste::number(number) - 1; }

/// A list under way.
struct Reading {
  MessageList list;
  std::optional<mailbox::UidRange> rest;
};

using Step = std::expected<void, mailbox::StoreError>;

Step begin(const mailbox::Reader& store, UserId user, Reading& reading) {
  const auto snapshot = store.read(user);
  if (!snapshot) return std::unexpected(snapshot.error());
  const auto inbox = snapshot->mailbox("INBOX");
  if (!inbox && inbox.error() == mailbox::StoreError::no_such_mailbox) return {};
  if (!inbox) return std::unexpected(inbox.error());
  reading.list = {inbox->id, inbox->uid_validity, {}};
  if (inbox->messages == 0) return {};
  reading.list.messages.reserve(inbox->messages);
  reading.rest = {Uid{1}, Uid{number(inbox->uid_next) - 1}};
  return {};
}

Step read_slice(const mailbox::Reader& store, UserId user, Reading& reading) {
  const auto snapshot = store.read(user);
  if (!snapshot) return std::unexpected(snapshot.error());
  const auto add = [&reading](const mailbox::Message& message) {
    reading.list.messages.push_back({message.uid, message.octets, message.blob});
  };
  const auto go_on = snapshot->scan(reading.list.mailbox, *reading.rest, kSliceRows, add);
  if (!go_on) return std::unexpected(go_on.error());
  if (*go_on) {
    reading.rest->first = **go_on;
  } else {
    reading.rest.reset();
  }
  return {};
}

}  // namespace

Maildrop::Maildrop(MessageList list) : list_(std::move(list)), marked_(list_.messages.size()) { count_all(); }

std::expected<MaildropMessage, MaildropError> Maildrop::find(pop3::MessageNumber number) const {
  const std::size_t index = index_of(number);
  if (index >= list_.messages.size()) return std::unexpected(MaildropError::no_such_message);
  if (marked_[index]) return std::unexpected(MaildropError::marked_as_deleted);
  return list_.messages[index];
}

std::expected<void, MaildropError> Maildrop::mark(pop3::MessageNumber number) {
  const auto message = find(number);
  if (!message) return std::unexpected(message.error());
  marked_[index_of(number)] = true;
  --count_;
  octets_ -= message->octets;
  return {};
}

void Maildrop::unmark_all() {
  marked_.assign(marked_.size(), false);
  count_all();
}

void Maildrop::count_all() {
  count_ = list_.messages.size();
  octets_ = 0;
  for (const auto& message : list_.messages) octets_ += message.octets;
}

std::optional<pop3::MessageNumber> Maildrop::unmarked_from(pop3::MessageNumber number) const {
  for (std::size_t index = index_of(number); index < marked_.size(); ++index) {
    if (!marked_[index]) return static_cast<pop3::MessageNumber>(index + 1);
  }
  return std::nullopt;
}

mailbox::UidSet Maildrop::marked() const {
  mailbox::UidSet uids;
  for (std::size_t index = 0; index < marked_.size(); ++index) {
    if (marked_[index]) uids.add(list_.messages[index].uid);
  }
  return uids;
}

net::Task<std::expected<Maildrop, mailbox::StoreError>> read_maildrop(const mailbox::Reader& store,
                                                                      net::World& world, UserId user) {
  Reading reading;
  auto find_inbox = [&store, user, &reading] { return begin(store, user, reading); };
  auto done = co_await world.io.run(world.loop, find_inbox);
  while (done && reading.rest) {
    auto read_on = [&store, user, &reading] { return read_slice(store, user, reading); };
    done = co_await world.io.run(world.loop, read_on);
  }
  if (!done) co_return std::unexpected(done.error());
  co_return Maildrop{std::move(reading.list)};
}

}  // namespace posthaste::pop3d
