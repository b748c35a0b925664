#include "imapd/news/resync.h"

#include <algorithm>
#include <limits>

namespace posthaste::imapd {
namespace {

/// All UIDs that have been told or have gone before they could be.
imap::NumberSet ever_given(const SelectedMailbox& mailbox) {
  if (mailbox.uid_next == Uid{1}) return {};
  return imap::NumberSet{{{1, number(mailbox.uid_next) - 1}}};
}

/// The largest UID of the pairs that match the view.
std::optional<std::uint32_t> last_match(const UidRuns& messages, const imap::SequenceMatch& match) {
  std::optional<std::uint32_t> last;
  const auto numbers = match.sequence_numbers.ranges();
  const auto uids = match.uids.ranges();
  auto uid_range = uids.begin();
  std::uint64_t uid = uid_range == uids.end() ? 0 : uid_range->first;
  for (const auto& range : numbers) {
    for (std::uint64_t each = range.first; each <= range.last; ++each) {
      if (each > messages.size() || uid_range == uids.end()) return last;
      const auto there = messages.sequence_number(Uid{static_cast<std::uint32_t>(uid)});
      if (there && number(*there) == each) last = static_cast<std::uint32_t>(uid);
      if (uid++ == uid_range->last && ++uid_range != uids.end()) uid = uid_range->first;
    }
  }
  return last;
}

}  // namespace

std::expected<imap::NumberSet, mailbox::StoreError> vanished_earlier(const mailbox::Reader& store, UserId user,
                                                                     const SelectedMailbox& mailbox, ModSeq since,
                                                                     const imap::NumberSet& asked) {
  const auto read = [&]() -> std::expected<std::optional<mailbox::UidSet>, mailbox::StoreError> {
    const auto snapshot = store.read(user);
    if (!snapshot) return std::unexpected(snapshot.error());
    return snapshot->vanished(mailbox.id, since);
  };
  const auto vanished = read();
  if (!vanished) return std::unexpected(vanished.error());
  const imap::NumberSet gone = *vanished ? to_number_set(**vanished) : ever_given(mailbox);
  return gone.intersection(asked).without(mailbox.messages.uids());
}

imap::NumberSet known_uids(const SelectedMailbox& mailbox, const imap::Resynchronization& known) {
  return known.known_uids ? *known.known_uids : ever_given(mailbox);
}

imap::NumberSet above_match(const SelectedMailbox& mailbox, imap::NumberSet known,
                            const std::optional<imap::SequenceMatch>& match) {
  const auto matched = match ? last_match(mailbox.messages, *match) : std::nullopt;
  if (!matched) return known;
  if (*matched == std::numeric_limits<std::uint32_t>::max()) return {};
  return known.within({*matched + 1, std::numeric_limits<std::uint32_t>::max()});
}

void append_vanished_earlier(std::string& out, const imap::NumberSet& vanished) {
  if (!vanished.empty()) out.append("* VANISHED (EARLIER) ").append(imap::to_string(vanished)).append("\r\n");
}

}  // namespace posthaste::imapd
