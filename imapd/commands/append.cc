// APPEND (RFC 9051 §6.3.12, RFC 4315 §3, RFC 7889).
#include <algorithm>
#include <chrono>

#include "imapd/flags.h"
#include "imapd/session.h"

namespace posthaste::imapd {
namespace {

store::InternalDate internal_date(const std::optional<imap::DateTime>& given, WallTime now) {
  if (!given) return {std::chrono::floor<std::chrono::seconds>(now), 0};
  return {given->instant, static_cast<std::int16_t>(given->zone.count())};
}

std::string appenduid(const store::ApplyResult& applied) {
  store::UidSet uids;
  UidValidity uid_validity{};
  for (const auto& result : applied.results) {
    const auto& appended = std::get<store::Appended>(result);
    uids.add(appended.uid);
    uid_validity = appended.uid_validity;
  }
  return "APPENDUID " + std::to_string(number(uid_validity)) + " " + imap::to_string(to_number_set(uids));
}

}  // namespace

net::Task<Reply> Session::run(imap::Append command) {
  const auto is_empty = [](const imap::AppendMessage& message) { return message.octets.empty(); };
  if (std::ranges::any_of(command.messages, is_empty)) co_return no("CANNOT", "An empty message cannot be stored");
  auto target = [&]() -> std::expected<MailboxId, store::StoreError> {
    auto snapshot = around_.store.read(login_->user);
    if (!snapshot) return std::unexpected(snapshot.error());
    auto info = snapshot->mailbox(command.mailbox);
    if (!info) return std::unexpected(info.error());
    return info->id;
  }();
  if (!target) co_return reply_for_target(target.error());

  store::Batch batch;
  for (auto& message : command.messages) {
    // The summary is made by whoever stores the message, and never taken from us.
    batch.operations.emplace_back(store::Append{*target, store::put_blob(std::move(message.octets), {}),
                                                to_store(message.flags.system), std::move(message.flags.keywords),
                                                internal_date(message.internal_date, around_.world.clock.wall()),
                                                std::nullopt});
  }
  store::IdempotencyKey no_key;  // no repeat will come from here
  auto applied = co_await around_.applier.apply(login_->user, std::move(batch), std::move(no_key));
  if (!applied) co_return reply_for_target(applied.error());
  co_return ok(appenduid(*applied), "Message stored");
}

}  // namespace posthaste::imapd
