// The messages of a selected mailbox as its client counts them: UIDs by sequence number, in runs.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "common/base/ids.h"
#include "common/imap/numbering.h"
#include "common/imap/sequence_set.h"
#include "common/mailbox/uid_set.h"

namespace posthaste::imapd {

/// Eight octets for each run of neighbouring UIDs, however long it is.
class UidRuns {
 public:
  UidRuns() = default;
  explicit UidRuns(const mailbox::UidSet& uids);

  /// `uid` lies above all that is there.
  void append(Uid uid);

  [[nodiscard]] std::uint32_t size() const { return size_; }
  [[nodiscard]] std::optional<Uid> last() const;
  /// Nothing for a UID that is not there.
  [[nodiscard]] std::optional<SequenceNumber> sequence_number(Uid uid) const;

  /// The UIDs of those messages that `numbers`, sequence numbers or UIDs, name and that are there. Runs that are
  /// not named cost nothing.
  [[nodiscard]] mailbox::UidSet select(imap::NumberedBy numbered_by, const imap::NumberSet& numbers) const;
  /// From the first UID to the last of each range of sequence numbers: of the messages that are there, those alone
  /// lie in it that `numbers` name. As large as `numbers`, however many runs there are.
  [[nodiscard]] mailbox::UidSet reaches(const imap::NumberSet& numbers) const;
  /// The same messages as `uids`, all of which are there, as the client counts them.
  [[nodiscard]] imap::NumberSet numbers(imap::NumberedBy numbered_by, const mailbox::UidSet& uids) const;
  [[nodiscard]] mailbox::UidSet all() const;
  [[nodiscard]] imap::NumberSet uids() const;

  /// Takes `gone` out, as far as it is there. What comes back are the sequence numbers it had, ascending, as they
  /// were before the call.
  std::vector<imap::NumberRange> remove(const mailbox::UidSet& gone);

  bool operator==(const UidRuns&) const = default;

 private:
  struct Run {
    std::uint32_t first_uid = 0;
    std::uint32_t first_number = 0;  // a sequence number
    bool operator==(const Run&) const = default;
  };

  [[nodiscard]] std::uint32_t length(std::size_t run) const;
  void append(std::uint32_t first_uid, std::uint32_t count);
  [[nodiscard]] Uid uid(std::uint32_t sequence_number) const;
  [[nodiscard]] mailbox::UidSet by_sequence_number(const imap::NumberSet& numbers) const;
  [[nodiscard]] mailbox::UidSet by_uid(const imap::NumberSet& numbers) const;

  std::vector<Run> runs_;
  std::uint32_t size_ = 0;
};

/// The same numbers, in the words of the protocol and of the store.
[[nodiscard]] mailbox::UidSet to_uid_set(const imap::NumberSet& numbers);
[[nodiscard]] imap::NumberSet to_number_set(const mailbox::UidSet& uids);

}  // namespace posthaste::imapd
