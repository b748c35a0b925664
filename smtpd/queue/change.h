// What can be asked of the queue, in batches that happen as a whole or not at all.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "smtpd/queue/entry.h"

namespace posthaste::queue {

/// Octets that stay alive with whoever holds them.
struct SharedOctets {
  std::shared_ptr<const void> keeper;  // of what `octets` looks into
  std::string_view octets;
};

[[nodiscard]] inline SharedOctets share(std::string octets) {
  auto kept = std::make_shared<const std::string>(std::move(octets));
  const std::string_view view = *kept;
  return {std::move(kept), view};
}

/// A new entry. The message is the pieces one after the other: what was added to its header, then what came.
struct Add {
  Envelope envelope;
  std::vector<QueuedRecipient> recipients;
  std::vector<SharedOctets> message;
};

/// New statuses of recipients, by their places in Entry::recipients.
struct Update {
  struct Change {
    std::uint32_t index = 0;
    Status status;
    bool operator==(const Change&) const = default;
  };
  EntryId entry{};
  std::vector<Change> changes;
};

/// The entry goes, with its octets.
struct Remove {
  EntryId entry{};
};

using Change = std::variant<Add, Update, Remove>;
using Batch = std::vector<Change>;

/// When a batch is answered.
enum class Moment {
  durable,    // no crash loses it any more; Reader::read() may not find it for some groups yet
  published,  // and readers see it
};

enum class QueueError {
  full,         // no room on the disk or in the index, or a record beyond 1 GB: nothing was done; removing goes on
  io,           // the disk failed, or what it holds is damaged: what was asked may or may not last
  not_found,    // no such entry, or no such recipient in it; or its octets have moved: read the entry again
  damaged,      // the message's octets are not what was taken
  unavailable,  // no reader slot or no descriptor is left; nothing was done
};

}  // namespace posthaste::queue
