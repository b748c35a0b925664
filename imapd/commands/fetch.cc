// FETCH and UID FETCH (RFC 9051 §6.4.5, RFC 7162 §3.1.4 and §3.2.6).
#include <algorithm>
#include <exception>
#include <limits>
#include <utility>

#include "common/base/octets.h"
#include "imapd/limits.h"
#include "imapd/news/resync.h"
#include "imapd/session.h"
#include "imapd/view/uid_batches.h"

namespace posthaste::imapd {
namespace {

constexpr std::uint64_t kMarkedAtOnce = 256;
constexpr mailbox::FlagSet kSeen{mailbox::SystemFlag::seen};

/// Those of `uids`, at most kMarkedAtOnce, that changed after `since` and are not \Seen. Errors: io.
std::expected<mailbox::UidSet, mailbox::StoreError> unseen_among(const mailbox::Snapshot& snapshot,
                                                                 MailboxId mailbox, const mailbox::UidSet& uids,
                                                                 ModSeq since) {
  mailbox::UidSet unseen;
  const auto note = [&unseen](const mailbox::Message& message) {
    if (!message.flags.contains(mailbox::SystemFlag::seen)) unseen.add(message.uid);
  };
  for (const auto& range : uids.ranges()) {
    const auto scanned = snapshot.scan_changed(mailbox, since, range, kMarkedAtOnce, note);
    if (!scanned) return std::unexpected(scanned.error());
  }
  return unseen;
}

std::expected<std::string, mailbox::StoreError> decode_next(reading::MessageReader& reader,
                                                            reading::DecodedPart& part) {
  const auto place = part.next();
  const auto octets = reader.read(place.offset, place.octets);
  if (!octets) return std::unexpected(octets.error());
  if (octets->size() != place.octets) return std::unexpected(mailbox::StoreError::io);
  return part.feed(*octets);
}

/// What a step has brought, if there is memory for it. Errors: unavailable.
std::expected<Pieces, mailbox::StoreError> within(daemon::MemoryBudget::Share& memory,
                                                  std::expected<Pieces, mailbox::StoreError> pieces) {
  if (!pieces) return pieces;
  const std::size_t octets = octets_in_memory(*pieces);
  if (octets > kUncountedOctets && !memory.grow_to(octets))
    return std::unexpected(mailbox::StoreError::unavailable);
  return pieces;
}

Reply outcome(const FetchWork& work, bool by_uid) {
  if (work.damaged()) return reply_for(Refusal::damaged);  // RFC 5530 §3
  if (work.unreadable()) return reply_for(Refusal::unreadable);
  if (work.unknown_encoding()) return reply_for(Refusal::unknown_encoding);
  if (!by_uid && work.missing() > 0) return reply_for(Refusal::messages_gone);
  return reply_for(Done::all_told);
}

}  // namespace

net::Task<Reply> Session::run(imap::Fetch command) {
  const auto plan = plan_fetch(command);
  if (!plan) co_return reply_for(Refusal::not_offered);
  if (plan->sections > kFetchSectionsMax) co_return reply_for(Refusal::many_sections);
  if (command.vanished && !dialect_.qresync) co_return reply_for(Refusal::no_qresync);
  auto uids = resolve(command.numbered_by, command.set);
  if (!uids) co_return std::move(uids.error());
  if (command.partial) *uids = to_uid_set(imap::apply_partial(to_number_set(*uids), *command.partial));
  if (plan->says_mod_seq) enable_condstore();
  if (command.vanished) {
    auto told = co_await tell_vanished(command.set, *command.changed_since);
    if (!told) co_return std::move(told.error());
  }

  const bool marks = plan->sets_seen && !selected_->read_only;
  Reply reply = reply_for(Done::all_told);
  UidBatches parts{std::move(*uids), marks ? kMarkedAtOnce : std::numeric_limits<std::uint64_t>::max()};
  do {
    mailbox::UidSet part = parts.next();
    mailbox::UidSet just_seen;
    if (marks) just_seen = co_await mark_seen(part, plan->changed_since.value_or(ModSeq{0}));
    FetchWork work{around_.store, login_->user, *selected_, *plan, dialect_, std::move(part), std::move(just_seen)};
    auto sent = co_await send_fetch(work);
    if (!sent) co_return std::move(sent.error());
    auto part_reply = outcome(work, command.numbered_by == imap::NumberedBy::uid);
    if (part_reply.condition != Condition::ok) reply = std::move(part_reply);
  } while (!parts.done());
  co_return reply;
}

net::Task<std::expected<void, Reply>> Session::tell_vanished(imap::SequenceSet set, ModSeq since) {
  // "*" stands for the highest UID that was ever given: what was expunged may have been the highest, or all there
  // was.
  const auto asked = set.saved_result ? to_number_set(selected_->saved_result)
                                      : imap::resolve(set, number(selected_->uid_next) - 1);
  auto work = [&] { return vanished_earlier(around_.store, login_->user, *selected_, since, asked); };
  auto vanished = co_await off_loop(std::move(work));
  if (!vanished) co_return std::unexpected(reply_for(vanished.error()));
  append_vanished_earlier(stream_.output(), *vanished);
  co_return std::expected<void, Reply>{};
}

/// When it cannot be set the messages are read all the same.
net::Task<mailbox::UidSet> Session::mark_seen(mailbox::UidSet uids, ModSeq since) {
  const auto find_unseen = [this, &uids, since](const mailbox::Snapshot& snapshot) {
    return unseen_among(snapshot, selected_->id, uids, since);
  };
  auto unseen = co_await look_up(find_unseen);
  if (!unseen || unseen->empty()) co_return mailbox::UidSet{};
  mailbox::StoreFlags change{selected_->id, std::move(*unseen), mailbox::FlagMode::add, kSeen, {}, std::nullopt};
  auto stored = co_await apply<mailbox::FlagsStored>(std::move(change));
  if (!stored) co_return mailbox::UidSet{};
  // Each part has a modseq of its own: what others change between two parts is news.
  note_known_flags(stored->first.changed, stored->second);
  co_return std::move(stored->first.changed);
}

/// The next step is taken while what the one before has brought is sent.
net::Task<std::expected<void, Reply>> Session::send_fetch(FetchWork& work) {
  std::optional<net::OneShot<std::expected<Pieces, mailbox::StoreError>>> step;
  daemon::MemoryBudget::Share taken_memory{memory()};
  daemon::MemoryBudget::Share sent_memory{memory()};
  const auto take_step = [&] {
    if (work.done()) return;
    auto& result = step.emplace(around_.world.loop);
    io().post([&work, &result, &taken_memory] {
      try {
        result.set(within(taken_memory, work.step()));
      } catch (...) {
        result.fail(std::current_exception());
      }
    });
  };
  take_step();
  while (step) {
    auto& taken = *step;
    auto pieces = co_await taken;
    step.reset();
    std::swap(taken_memory, sent_memory);
    taken_memory.give_back();
    if (!pieces) co_return std::unexpected(reply_for(pieces.error()));
    take_step();
    auto alive = co_await send(std::move(*pieces));
    if (!alive) {
      if (step) {
        auto& untold = *step;
        co_await untold;
      }
      open_ = false;
      co_return std::unexpected(farewell(net::StreamError::closed));
    }
  }
  if (selected_) selected_->keywords_told = std::max(selected_->keywords_told, work.keywords_told());
  co_return std::expected<void, Reply>{};
}

net::Task<bool> Session::send(Pieces pieces) {
  for (auto& piece : pieces) {
    auto send_it = [this](auto& octets) { return send(std::move(octets)); };
    auto sending = std::visit(send_it, piece);
    auto alive = co_await sending;
    if (!alive) co_return false;
  }
  co_return true;
}

net::Task<bool> Session::send(std::string octets) {
  if (octets.size() < 2 * kSliceOctets) {
    const bool is_much = octets.size() >= kSliceOctets;
    stream_.hand_over(std::move(octets));
    if (!is_much) co_return co_await relieve();
    co_return co_await flush();
  }
  for (std::size_t sent = 0; sent < octets.size(); sent += kSliceOctets) {
    if (sent > 0) co_await let_others_run();  // to a fast reader all could go at once
    stream_.write(std::string_view{octets}.substr(sent, kSliceOctets));
    auto relieved = co_await relieve();
    if (!relieved) co_return false;
  }
  co_return true;
}

net::Task<bool> Session::send(BlobExtent extent) {
  reading::MessageReader reader{around_.store, login_->user, extent.blob};
  while (extent.octets > 0) {
    const std::uint64_t wanted = std::min<std::uint64_t>(extent.octets, kSliceOctets);
    auto read = [&reader, offset = extent.offset, wanted] { return reader.read(offset, wanted); };
    auto octets = co_await off_loop(std::move(read));
    if (!octets || octets->size() != wanted) {
      cut_response(octets ? mailbox::StoreError::io : octets.error());
      co_return false;
    }
    if (!extent.binary) replace_nul(*octets);
    stream_.hand_over(std::move(*octets));
    extent.offset += wanted;
    extent.octets -= wanted;
    auto relieved = co_await relieve();
    if (!relieved) co_return false;
  }
  co_return true;
}

net::Task<bool> Session::send(LaterFields fields) {
  auto choose = [&fields, &store = around_.store, user = login_->user] { return choose_now(store, user, fields); };
  auto octets = co_await off_loop(std::move(choose));
  if (!octets) {
    cut_response(octets.error());
    co_return false;
  }
  co_return co_await send(std::move(*octets));
}

net::Task<bool> Session::send(LaterPart later) {
  reading::MessageReader reader{around_.store, login_->user, later.blob};
  while (!later.part.done()) {
    auto decode = [&reader, &part = later.part] { return decode_next(reader, part); };
    auto octets = co_await off_loop(std::move(decode));
    if (!octets || octets->size() > later.octets) {
      cut_response(octets ? mailbox::StoreError::io : octets.error());
      co_return false;
    }
    later.octets -= octets->size();
    stream_.write(std::exchange(*octets, {}));
    auto relieved = co_await relieve();
    if (!relieved) co_return false;
  }
  if (later.octets > 0) cut_response(mailbox::StoreError::io);
  co_return later.octets == 0;
}

net::Task<bool> Session::send(LaterSummary summary) {
  reading::MessageReader reader{around_.store, login_->user, summary.blob};
  for (const std::uint64_t end = summary.offset + summary.octets; summary.offset < end;) {
    const std::uint64_t wanted = std::min<std::uint64_t>(end - summary.offset, kSliceOctets);
    auto read = [&reader, offset = summary.offset, wanted] { return reader.read_summary(offset, wanted); };
    auto octets = co_await off_loop(std::move(read));
    if (!octets || octets->size() != wanted) {
      cut_response(octets ? mailbox::StoreError::io : octets.error());
      co_return false;
    }
    summary.offset += wanted;
    stream_.write(std::exchange(*octets, {}));
    auto relieved = co_await relieve();
    if (!relieved) co_return false;
  }
  co_return true;
}

net::Task<bool> Session::send(NumberText numbers) {
  stream_.write(numbers.next());
  while (!numbers.done()) {
    auto relieved = co_await relieve();
    if (!relieved) co_return false;
    auto print = [&numbers] { return numbers.next(); };
    auto slice = co_await off_loop(std::move(print));
    stream_.write(slice);
  }
  co_return co_await relieve();
}

void Session::cut_response(mailbox::StoreError error) {
  around_.log.error("message.cut", {{"user", login_->address}, {"reason", reply_for(error).text}});
  stream_.close();
}

}  // namespace posthaste::imapd
