// Answers a FETCH in steps that run off the loop: rows and summaries of one snapshot, then octets of messages.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/mailbox/email_ids.h"
#include "common/mailbox/reader.h"
#include "common/reading/decoded_part.h"
#include "imapd/view/dialect.h"
#include "imapd/fetch/fetch_plan.h"
#include "common/reading/message_reader.h"
#include "common/reading/row_walk.h"
#include "imapd/view/selected_mailbox.h"

namespace posthaste::imapd {

/// Octets of a message too many to hold at once, to be sent where they stand. NUL goes out as 0x80, as in
/// imap::ResponseWriter::literal(), unless `binary`.
struct BlobExtent {
  mailbox::Blob blob;
  std::uint64_t offset = 0;
  std::uint64_t octets = 0;
  bool binary = false;
};

/// Fields chosen from a header, too many to keep until they are sent. They are chosen once more when their turn has
/// come.
struct LaterFields {
  mailbox::Blob blob;
  imap::FetchBody body;
  std::uint64_t octets = 0;  // as promised to the client
};

/// A part too large to keep until it is sent, decoded as it goes.
struct LaterPart {
  mailbox::Blob blob;
  reading::DecodedPart part;
  std::uint64_t octets = 0;  // as promised to the client
};

/// A text of the summary too large to keep until it is sent.
struct LaterSummary {
  mailbox::Blob blob;
  std::uint64_t offset = 0;  // in the summary as it is stored
  std::uint64_t octets = 0;
};

/// The fields as they go out. Reads the message: never on a loop. Errors: no_such_message, unavailable, io.
[[nodiscard]] std::expected<std::string, mailbox::StoreError> choose_now(const mailbox::Reader& store, UserId user,
                                                                         const LaterFields& fields);

/// Responses, one after the other.
using Pieces = std::vector<std::variant<std::string, BlobExtent, LaterFields, LaterPart, LaterSummary>>;

[[nodiscard]] std::size_t octets_in_memory(const Pieces& pieces);

class FetchWork {
 public:
  /// All references outlive it, and what they refer to stays as it is. `uids` are of the mailbox's view; for those
  /// in `just_seen` FLAGS is told as well, with what else the dialect has in unsolicited responses.
  FetchWork(const mailbox::Reader& store, UserId user, const SelectedMailbox& mailbox, const FetchPlan& plan,
            const Dialect& dialect, mailbox::UidSet uids, mailbox::UidSet just_seen);

  /// What to send next: no more messages once there are kSliceOctets of it in memory. Never on a loop. Errors:
  /// no_such_mailbox, unavailable, io.
  [[nodiscard]] std::expected<Pieces, mailbox::StoreError> step();
  [[nodiscard]] bool done() const { return walk_.done(); }

  /// Messages of which nothing could be told: gone meanwhile, or not to be read. None where it is only asked what
  /// has changed.
  [[nodiscard]] std::uint64_t missing() const { return plan_.changed_since ? 0 : walk_.uids().size() - told_; }
  [[nodiscard]] bool unreadable() const { return unreadable_; }
  /// Some of them because their octets are not what was stored.
  [[nodiscard]] bool damaged() const { return damaged_; }
  /// The keywords of the mailbox that the client has been told of: more than before the step where some are new.
  [[nodiscard]] std::size_t keywords_told() const { return keywords_told_; }
  /// A part was asked for in binary whose encoding we cannot undo (RFC 3516 §4.3).
  [[nodiscard]] bool unknown_encoding() const { return unknown_encoding_; }

 private:
  struct Row {
    mailbox::Message message;
    mailbox::SummaryView summary;
    mailbox::Blob blob;
    std::uint64_t envelope_offset = 0;  // where these are in a summary too long for a snapshot
    std::uint64_t body_structure_offset = 0;
  };
  /// A row that waits for its message, or its summary, to be read, when the snapshot is over.
  struct WaitingRow {
    mailbox::Message message;
    mailbox::PlacedSummary summary;
    mailbox::Blob blob;

    [[nodiscard]] Row row() const {
      return {message, mailbox::SummaryView(summary.summary), blob, summary.envelope_offset,
              summary.body_structure_offset};
    }
  };
  class Response;

  /// Tells what a snapshot knows of the next messages. Returns those that must be read for it, in their order.
  std::expected<std::vector<WaitingRow>, mailbox::StoreError> tell_from_snapshot(Pieces& pieces);
  /// Tells of keywords that the client does not know, before they are used (RFC 9051 §7.3.5).
  void tell_keywords(Pieces& pieces);
  /// Adds to a row what the plan needs of it; of its summary, when there is one. False when that cannot be read.
  bool complete(const mailbox::Snapshot& snapshot, const mailbox::FoundSummary* summary, Row& row) const;
  [[nodiscard]] bool reads_message(const Row& row) const;
  void tell(const Row& row, Pieces& pieces, mailbox::BlobRun* run);
  /// As many of them as there is room for in a step.
  void tell_waiting(std::vector<WaitingRow>& waiting, Pieces& pieces);
  /// Reads its summary first, where that is too long for a snapshot.
  void tell_waiting(WaitingRow& waiting, Pieces& pieces, mailbox::BlobRun& run);

  const mailbox::Reader& store_;
  const UserId user_;
  const SelectedMailbox& mailbox_;
  const FetchPlan& plan_;
  const Dialect& dialect_;
  const mailbox::UidSet just_seen_;
  reading::RowWalk walk_;
  std::vector<std::string> keywords_;
  std::size_t keywords_told_;
  std::optional<mailbox::EmailIds> email_ids_;  // from the first step on, where the plan says them
  std::size_t text_octets_ = 0;               // of the step before: the next will have about as much to say
  std::uint64_t told_ = 0;
  bool unreadable_ = false;
  bool damaged_ = false;
  bool unknown_encoding_ = false;
};

}  // namespace posthaste::imapd
