// What a client may ask of one session.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "common/reading/limits.h"

namespace posthaste::imapd {

using reading::kSliceOctets;
using reading::kSliceRows;

inline constexpr std::size_t kCommandMaxOctets = 131'072;           // without APPEND's messages
inline constexpr std::size_t kCommandBeforeLoginMaxOctets = 8'192;  // a SASL response is a line of its own
/// ID's 30 fields of 30 octets with values of 1,024 each (RFC 2971 §3.3), and what quotes them.
inline constexpr std::size_t kIdBeforeLoginMaxOctets = 36'864;
inline constexpr std::size_t kLiteralsMax = 1'000;            // in one command
inline constexpr std::chrono::seconds kLiteralPatience{120};  // that a literal may be behind
inline constexpr std::uint64_t kLiteralOctetsPerSecondMin = 1'000;
inline constexpr std::size_t kLiteralsBeforeLoginMax = 4;
inline constexpr std::size_t kIdLiteralsMax = 60;
inline constexpr std::size_t kFetchSectionsMax = 64;          // BODY[...], BINARY[...] and their like in one FETCH
inline constexpr std::size_t kSearchTextsMax = 64;            // TEXT, BODY and HEADER keys in one SEARCH
inline constexpr std::chrono::seconds kProgressInterval{10};  // RFC 9585: how often long work tells how far it is
inline constexpr std::size_t kSaslLineMaxOctets = 12'288;     // RFC 4954 §4 has it for SMTP; so here
inline constexpr int kFailedLoginsMax = 5;
inline constexpr int kBadCommandsBeforeLoginMax = 10;
inline constexpr int kCommandsBeforeLoginMax = 50;
inline constexpr int kCommandsInOneTurn = 16;  // then other sessions run

inline constexpr std::size_t kNotifiedMailboxesMax = 10'000;   // of a user; beyond it NOTIFY gives up
inline constexpr std::size_t kRecentMailboxesMax = 1'000'000;  // of which is known who has heard of their messages

inline constexpr std::size_t kQueuedMaxOctets = 262'144;         // then nothing is produced until it is sent
inline constexpr std::chrono::milliseconds kRepliesHeldMax{50};  // while pipelined commands run
inline constexpr std::size_t kListedAtOnce = 256;                // mailboxes looked at in one snapshot
inline constexpr std::uint64_t kMatchStepsAtOnce = 1'000'000;    // of LIST's patterns, some ns each
inline constexpr std::uint64_t kChangedAtOnce = 16'384;          // messages of one change that may be made in parts
inline constexpr std::uint64_t kAppendTogetherOctets =
    104'857'600;  // what one APPEND may bring, if no single message is larger
inline constexpr std::uint64_t kAppendMemoryOctets =
    1'073'741'824;  // of all sessions' messages under way, of what they sort, and of what waits for a client
inline constexpr std::size_t kUncountedOctets = 8'192;         // of output, which is in no budget
inline constexpr std::size_t kCompressionOctets = 310'000;     // net::DeflateTransport, while octets go to and fro
inline constexpr std::size_t kCompressionRestOctets = 34'000;  // and while it waits for the client
inline constexpr std::uint64_t kUserMemoryPart = 4;            // of it, for one user; and one message at least

}  // namespace posthaste::imapd
