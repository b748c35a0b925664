// Ids of messages as clients see them: the same for as long as a user has the message, and telling nothing else.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/ids.h"
#include "common/net/block_cipher.h"

namespace posthaste::mailbox {

/// The store's secret, made with it and kept in its log: so ids outlive an index.
struct ObjectKey {
  std::array<char, net::BlockCipher::kOctets> octets{};
  bool operator==(const ObjectKey&) const = default;
};

/// EMAILID (RFC 8474 §5.1) is AES-128, one block, of user and blob. The numbers behind it tell how much mail
/// everybody gets, so nobody sees them; and a message that two users got has two ids, which have nothing in common.
/// Whoever copies or moves a message keeps its blob, and so its id. Made anew by whoever needs it; used by one
/// thread at a time.
class EmailIds {
 public:
  EmailIds(const ObjectKey& key, UserId user);

  /// "M" and 22 characters of base64url: each kind of object has its letter, for no two of a user may share an id
  /// (RFC 8474 §7).
  [[nodiscard]] std::string id_of(BlobId blob) const;
  /// The blob, whether or not there is such a one; nothing for what id_of() never says.
  [[nodiscard]] std::optional<BlobId> blob_of(std::string_view id) const;

 private:
  UserId user_;
  net::BlockCipher cipher_;
};

}  // namespace posthaste::mailbox
