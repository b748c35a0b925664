// One message's octets, read no further than somebody asks.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "common/mailbox/reader.h"
#include "common/mime/structure.h"

namespace posthaste::reading {

/// Used on an executor: it reads files. What it gives lives as long as the reader.
class MessageReader {
 public:
  /// Whole messages are read by `run`, if there is one, in which what this reader gives lives until the next reader
  /// of the run reads.
  MessageReader(const mailbox::Reader& store, UserId user, mailbox::Blob blob, mailbox::BlobRun* run = nullptr)
      : store_(store), user_(user), blob_(blob), run_(run) {}

  /// Errors of all: no_such_message, io, unavailable.
  [[nodiscard]] std::expected<std::string, mailbox::StoreError> read(std::uint64_t offset, std::uint64_t octets);
  /// The same, not copied when it is all of a message.
  [[nodiscard]] std::expected<std::string_view, mailbox::StoreError> view(std::uint64_t offset,
                                                                          std::uint64_t octets);
  [[nodiscard]] std::expected<std::string_view, mailbox::StoreError> all();
  [[nodiscard]] std::expected<mailbox::PlacedSummary, mailbox::StoreError> summary();
  /// Octets of the summary as it is stored, from `offset` on.
  [[nodiscard]] std::expected<std::string, mailbox::StoreError> read_summary(std::uint64_t offset,
                                                                             std::uint64_t octets);
  /// Before octets are announced that are read later: whether they will be sound.
  [[nodiscard]] std::expected<void, mailbox::StoreError> make_sure();
  /// The message's own header, with its empty line.
  [[nodiscard]] std::expected<std::string_view, mailbox::StoreError> header();
  [[nodiscard]] std::expected<const mime::Part*, mailbox::StoreError> structure();

  [[nodiscard]] const mailbox::Blob& blob() const { return blob_; }

 private:
  [[nodiscard]] std::expected<void, mailbox::StoreError> read_all();
  /// What was read of the message's beginning.
  [[nodiscard]] std::string_view beginning() const;

  const mailbox::Reader& store_;
  const UserId user_;
  mailbox::Blob blob_;
  mailbox::BlobRun* run_;
  std::optional<std::string_view> in_run_;  // all of it
  std::optional<std::string> beginning_;    // enough of it to hold the header, or all
  std::string viewed_;                      // what view() has copied
  std::optional<mime::Part> structure_;
};

}  // namespace posthaste::reading
