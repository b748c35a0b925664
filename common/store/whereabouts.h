// Who is in the index, and where a blob's messages are: for the operator.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "common/base/ids.h"
#include "common/base/open_error.h"
#include "common/store/index.h"
#include "common/store/values.h"

namespace posthaste::store {

/// A message as its user knows it.
struct MessagePlace {
  UserId user{};
  std::string mailbox;
  Uid uid{};
};

/// Where the messages of a blob are: the first `places_max`. Reads all rows of the users who have it. What is left
/// over of a mailbox or a COPY is no message.
inline constexpr std::size_t kPlacesMax = 10;
[[nodiscard]] std::vector<MessagePlace> places_of(const View& view, BlobId blob,
                                                  std::size_t places_max = kPlacesMax);

/// "user 3, mailbox INBOX, UID 12; user 4, ..."; "messages left over" when there is none.
[[nodiscard]] std::string in_words(const std::vector<MessagePlace>& places);

/// All users, by number, and how many messages each has. A row that is damaged fails the view.
[[nodiscard]] std::vector<std::pair<UserId, std::uint64_t>> users_of(const View& view);

/// The same of the store in `directory`. Errors: those of opening its index; damaged, io.
[[nodiscard]] std::expected<std::vector<std::pair<UserId, std::uint64_t>>, OpenError> users_in(
    const std::filesystem::path& directory, std::uint64_t map_octets);

}  // namespace posthaste::store
