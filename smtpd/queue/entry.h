// What the queue holds: a message on its way, and what became of it for each recipient.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/smtp/delivery_id.h"
#include "common/smtp/parameters.h"
#include "common/smtp/path.h"

namespace posthaste::queue {

enum class EntryId : std::uint64_t {};  // ascending from 1, never reused

/// As the client gave it, for all recipients alike.
struct Envelope {
  std::string trace_id;
  smtp::DeliveryId delivery_id;
  smtp::ReversePath reverse_path;
  std::optional<smtp::Body> body{};
  bool smtp_utf8 = false;
  std::optional<smtp::Return> ret{};
  std::optional<std::string> envid{};  // decoded
  WallTime arrived{};
  std::string later_fields{};  // of versions to come, as the queue's records hold them: kept as they are
  bool operator==(const Envelope&) const = default;
};

struct Recipient {
  smtp::Mailbox mailbox;
  std::optional<smtp::Notify> notify{};
  std::optional<smtp::OriginalRecipient> orcpt{};
  bool operator==(const Recipient&) const = default;
};

enum class Fate : std::uint8_t {
  waiting,
  delivered,  // into a mailbox of ours
  relayed,    // to a host that has the responsibility now, with DSN or without it
  failed,
  dropped,  // by the operator
};

/// How far the delivery to one recipient has come.
struct Status {
  Fate fate = Fate::waiting;
  bool held = false;  // by the operator: no attempt until released
  bool delay_reported = false;
  std::uint32_t attempts = 0;
  WallTime next_attempt{};
  WallTime last_attempt{};
  std::string last_host{};
  std::string last_reply{};  // code, enhanced code and text on one line
  bool operator==(const Status&) const = default;
};

/// Of a recipient that was held because the message is damaged: `last_reply`.
inline constexpr std::string_view kHeldAsDamaged =
    "the message is damaged on our disk; it is held, and never sent as it is";

struct QueuedRecipient {
  Recipient recipient;
  Status status;
  bool operator==(const QueuedRecipient&) const = default;
};

/// Where a message's octets lie. It holds until compaction moves the entry: then read the entry again.
struct OctetsLocation {
  std::uint32_t segment = 0;
  std::uint64_t offset = 0;
  std::uint64_t octets = 0;
  std::uint64_t record_offset = 0;  // of the header of the record that ends with them
  bool operator==(const OctetsLocation&) const = default;
};

struct Entry {
  EntryId id{};
  Envelope envelope;
  OctetsLocation message;
  std::vector<QueuedRecipient> recipients;
};

/// An entry as the scheduler's start and a listing see it.
struct Summary {
  EntryId id{};
  Envelope envelope;
  std::uint64_t octets = 0;
  std::uint32_t recipients = 0;
  std::uint32_t waiting = 0;               // recipients whose fate is `waiting`
  std::uint32_t held = 0;                  // those of them that are held
  std::optional<WallTime> next_attempt{};  // the earliest of those that wait and are not held
};

}  // namespace posthaste::queue
