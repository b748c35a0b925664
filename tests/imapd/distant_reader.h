// A store that has nothing at hand: a loop that looks for something has to wait.
#pragma once

#include <utility>

#include "common/mailbox/reader.h"

namespace posthaste::imapd {

class DistantReader final : public mailbox::Reader {
 public:
  explicit DistantReader(const mailbox::Reader& store) : store_(store) {}

  [[nodiscard]] std::expected<mailbox::Snapshot, mailbox::StoreError> read(UserId user) const override {
    return store_.read(user);
  }
  [[nodiscard]] std::expected<std::string, mailbox::StoreError> read_blob(UserId user, const mailbox::Blob& blob,
                                                                          std::uint64_t offset,
                                                                          std::uint64_t length) const override {
    return store_.read_blob(user, blob, offset, length);
  }
  [[nodiscard]] std::unique_ptr<mailbox::BlobRun> read_in_order(UserId user,
                                                                std::vector<mailbox::Blob> blobs) const override {
    return store_.read_in_order(user, std::move(blobs));
  }
  [[nodiscard]] std::expected<mailbox::PlacedSummary, mailbox::StoreError> read_summary(
      UserId user, const mailbox::Blob& blob) const override {
    return store_.read_summary(user, blob);
  }
  [[nodiscard]] std::expected<std::string, mailbox::StoreError> read_summary(UserId user, const mailbox::Blob& blob,
                                                                             std::uint64_t offset,
                                                                             std::uint64_t length) const override {
    return store_.read_summary(user, blob, offset, length);
  }
  [[nodiscard]] std::expected<void, mailbox::StoreError> make_sure(UserId user,
                                                                   const mailbox::Blob& blob) const override {
    return store_.make_sure(user, blob);
  }

 private:
  [[nodiscard]] bool answers_at_once() const override { return false; }

  const mailbox::Reader& store_;
};

}  // namespace posthaste::imapd
