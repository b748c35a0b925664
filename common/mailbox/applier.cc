#include "common/mailbox/applier.h"

#include <utility>

namespace posthaste::mailbox {

/// They go along with the batch.
Applier::Put Applier::put_blobs(UserId, std::vector<NewBlob> blobs) {
  std::vector<BlobHandle> handles;
  handles.reserve(blobs.size());
  for (NewBlob& blob : blobs) handles.push_back(put_blob(std::move(blob.octets), std::move(blob.summary)));
  return std::expected<std::vector<BlobHandle>, StoreError>{std::move(handles)};
}

}  // namespace posthaste::mailbox
