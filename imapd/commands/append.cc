// APPEND and REPLACE (RFC 9051 §6.3.12, RFC 3502, RFC 3516 §4.4, RFC 4315 §3, RFC 4469, RFC 7889, RFC 8508).
#include <algorithm>
#include <chrono>

#include "common/mime/binary.h"
#include "imapd/answers/flags.h"
#include "imapd/commands/catenate.h"
#include "imapd/session.h"

namespace posthaste::imapd {
namespace {

mailbox::InternalDate internal_date(const std::optional<imap::DateTime>& given, WallTime now) {
  if (!given) return {std::chrono::floor<std::chrono::seconds>(now), 0};
  return {given->instant, static_cast<std::int16_t>(given->zone.count())};
}

std::string appenduid(const mailbox::ApplyResult& applied) {
  mailbox::UidSet uids;
  UidValidity uid_validity{};
  for (const auto& result : applied.results) {
    const auto* appended = std::get_if<mailbox::Appended>(&result);
    if (appended == nullptr) continue;
    uids.add(appended->uid);
    uid_validity = appended->uid_validity;
  }
  return "APPENDUID " + std::to_string(number(uid_validity)) + " " + imap::to_string(to_number_set(uids));
}

imap::SequenceSet set_of(std::optional<std::uint32_t> number) { return {{{number, number}}, false}; }

}  // namespace

net::Task<std::expected<std::vector<mailbox::Append>, Reply>> Session::compose(
    std::vector<imap::AppendMessage> messages, MailboxId target, daemon::MemoryBudget::Share& memory) {
  std::size_t catenated_octets = 0;
  const auto selected = selected_ ? std::optional(selected_->id) : std::nullopt;
  const std::uint64_t max_octets = around_.config.smtp.message_max_octets;
  std::vector<mailbox::Append> appends;
  std::vector<mailbox::NewBlob> blobs;
  for (auto& message : messages) {
    std::string octets;
    auto* text = std::get_if<imap::CatenateText>(&message.parts.front());
    if (message.parts.size() == 1 && text != nullptr) {
      octets = std::move(text->octets);
    } else {
      auto work = [&, user = login_->user, parts = std::move(message.parts)]() mutable {
        return catenate(around_.store, user, selected, std::move(parts), max_octets, *login_->memory);
      };
      auto made = co_await off_loop(std::move(work));
      if (!made) co_return std::unexpected(std::move(made.error()));
      octets = std::move(*made);
      catenated_octets += octets.size();
    }
    if (message.binary) {
      auto encode = [&octets] { return mime::without_binary_parts(octets); };
      auto encoded = co_await off_loop(std::move(encode));
      if (encoded) octets = std::move(*encoded);
    }
    if (octets.empty()) co_return std::unexpected(reply_for(Refusal::empty_message));
    if (!memory.grow_to(catenated_octets)) {
      co_return std::unexpected(reply_for(Refusal::many_at_once));
    }
    // The summary is made by whoever stores the message, and never taken from us.
    blobs.push_back({std::move(octets), {}});
    appends.push_back(
        mailbox::Append{target, nullptr, to_store(message.flags.system), std::move(message.flags.keywords),
                        internal_date(message.internal_date, around_.world.clock.wall()), std::nullopt});
  }
  auto put = co_await around_.applier.put_blobs(login_->user, std::move(blobs));
  if (!put) co_return std::unexpected(reply_for(put.error()));
  for (std::size_t i = 0; i < appends.size(); ++i) appends[i].blob = std::move((*put)[i]);
  co_return appends;
}

net::Task<Reply> Session::run(imap::Append command) {
  const auto target = co_await find_mailbox(command.mailbox);
  if (!target) co_return reply_for_target(target.error());
  daemon::MemoryBudget::Share memory{*login_->memory};
  auto appends = co_await compose(std::move(command.messages), target->id, memory);
  if (!appends) co_return std::move(appends.error());
  mailbox::Batch batch;
  for (auto& append : *appends) batch.operations.emplace_back(std::move(append));
  mailbox::IdempotencyKey no_key;  // no repeat will come from here
  auto applied = co_await around_.applier.apply(login_->user, std::move(batch), std::move(no_key));
  if (!applied) co_return reply_for_target(applied.error());
  co_return reply_for(Done::message_stored, appenduid(*applied));
}

net::Task<Reply> Session::run(imap::Replace command) {
  if (selected_->read_only) co_return reply_for(Refusal::read_only);
  auto replaced = resolve(command.numbered_by, set_of(command.number));
  if (!replaced) co_return std::move(replaced.error());
  if (replaced->empty()) co_return reply_for(Refusal::no_such_message);
  const auto target = co_await find_mailbox(command.mailbox);
  if (!target) co_return reply_for_target(target.error());
  std::vector<imap::AppendMessage> messages;
  messages.push_back(std::move(command.message));
  daemon::MemoryBudget::Share memory{*login_->memory};
  auto appends = co_await compose(std::move(messages), target->id, memory);
  if (!appends) co_return std::move(appends.error());
  // First the expunge, for of the quota the difference alone counts (RFC 8508 §3.4).
  mailbox::Batch batch;
  batch.operations.emplace_back(mailbox::Expunge{selected_->id, std::move(*replaced), mailbox::ExpungeWhich::all});
  batch.operations.emplace_back(std::move(appends->front()));
  mailbox::IdempotencyKey no_key;  // no repeat will come from here
  auto applied = co_await around_.applier.apply(login_->user, std::move(batch), std::move(no_key));
  if (!applied) co_return reply_for_target(applied.error());
  // Told before the EXPUNGE (RFC 8508 §4.3).
  append_reply(stream_.output(), "*", reply_for(Done::replacement_stored, appenduid(*applied)));
  co_return reply_for(Done::replaced);
}

}  // namespace posthaste::imapd
