#include "deliveryd/departed_users.h"

#include <string_view>
#include <utility>

namespace posthaste::deliveryd {
namespace {

std::string_view reason_of(mailbox::StoreError error) {
  switch (error) {
    case mailbox::StoreError::full: return "no room";
    case mailbox::StoreError::io: return "input or output error";
    case mailbox::StoreError::unavailable: return "the store is away";
    default: return "the store refuses";
  }
}

}  // namespace

std::expected<void, mailbox::StoreError> admit(const auth::Directory& directory, UserId user) {
  const auto found = directory.find_user(user);
  if (found) return {};
  const bool is_gone = found.error() == auth::DirectoryError::not_found;
  return std::unexpected(is_gone ? mailbox::StoreError::no_such_mailbox : mailbox::StoreError::unavailable);
}

net::Task<void> DepartedUsers::run() {
  while (!stopping_) {
    // Read before the users are: a change in between is seen at the next look.
    const auto last = directory_.last_transaction();
    auto interval = kInterval;
    if (last && seen_ != *last) {
      const bool done = co_await clear_all();
      if (done)
        seen_ = *last;
      else
        interval = kRetryInterval;
    }
    if (stopping_) break;
    const auto next_look = world_.clock.now() + interval;
    co_await alarm_.wait_until(next_look);
  }
}

void DepartedUsers::stop() {
  stopping_ = true;
  alarm_.ring();
}

net::Task<bool> DepartedUsers::clear_all() {
  bool all_done = true;
  UserId after{};
  while (!stopping_) {
    const auto departed = directory_.departed_users(after, kUsersAtOnce);
    if (!departed) {
      log_.warning("store.user.not_cleared", {{"reason", "the directory cannot be read"}});
      co_return false;
    }
    if (departed->empty()) break;
    after = departed->back();
    for (const UserId user : *departed) {
      if (stopping_ || cleared_.contains(user)) continue;
      const bool done = co_await clear(user);
      if (done) cleared_.insert(user);
      all_done = all_done && done;
    }
    const std::chrono::milliseconds at_once{0};
    co_await world_.clock.sleep(at_once);
  }
  co_return all_done && !stopping_;
}

net::Task<bool> DepartedUsers::clear(UserId user) {
  const auto id = number(user);
  const auto find_user = [](const mailbox::Snapshot& snapshot) { return snapshot.user(); };
  const auto info = co_await store_.look(world_.loop, world_.io, user, find_user);
  if (!info) {
    log_.warning("store.user.not_cleared", {{"user", id}, {"reason", reason_of(info.error())}});
    co_return false;
  }
  if (!*info) co_return true;
  const auto messages = (*info)->used_messages;
  const auto octets = (*info)->used_octets;
  log_.info("store.user.clearing", {{"user", id}, {"messages", messages}, {"octets", octets}});
  mailbox::Batch batch;
  batch.operations.emplace_back(mailbox::DeleteUser{});
  mailbox::IdempotencyKey no_key;
  const auto deleted = co_await applier_.apply(user, std::move(batch), std::move(no_key));
  if (!deleted && stopping_) co_return false;  // the next start goes on
  if (!deleted) {
    log_.warning("store.user.not_cleared", {{"user", id}, {"reason", reason_of(deleted.error())}});
    co_return false;
  }
  log_.info("store.user.cleared", {{"user", id}, {"messages", messages}, {"octets", octets}});
  co_return true;
}

}  // namespace posthaste::deliveryd
