#include "common/mailbox/reader.h"

namespace posthaste::mailbox {

std::expected<std::string, StoreError> Reader::read_blob(UserId user, BlobId blob, std::uint64_t offset,
                                                         std::uint64_t length) const {
  const auto find = [this, user, blob]() -> std::expected<Blob, StoreError> {
    const auto snapshot = read(user);
    if (!snapshot) return std::unexpected(snapshot.error());
    return snapshot->find_blob(blob);
  };
  const auto found = find();
  if (!found) return std::unexpected(found.error());
  return read_blob(user, *found, offset, length);
}

}  // namespace posthaste::mailbox
