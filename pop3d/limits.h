// What a client may ask of one session.
#pragma once

#include <cstddef>
#include <cstdint>

namespace posthaste::pop3d {

inline constexpr int kFailedLoginsMax = 5;
inline constexpr int kBadCommandsMax = 20;  // unknown, malformed, or out of place
inline constexpr int kCommandsBeforeLoginMax = 50;
inline constexpr int kCommandsInOneTurn = 16;  // then other sessions run

inline constexpr std::uint64_t kChunkOctets = 262'144;     // of a message, read in one piece
inline constexpr std::uint64_t kTopChunkOctets = 16'384;   // the first piece for TOP: most headers fit
inline constexpr std::size_t kConvertedOctets = 32'768;    // of that piece, made ASCII and dot-stuffed at once
inline constexpr std::size_t kQueuedMaxOctets = 262'144;   // then nothing is read until it is sent
inline constexpr std::size_t kAheadMessagesMax = 64;       // read ahead of a client that retrieves in order,
inline constexpr std::uint64_t kAheadOctetsMax = 262'144;  // this much of them together
inline constexpr std::size_t kOutputMemoryOctets = 536'870'912;  // of all sessions: what waits for a client, and
                                                                 // what is read ahead of one
inline constexpr std::size_t kUncountedOctets = 8'192;           // of that in one session, which is in no budget
inline constexpr std::size_t kCountedInStepsOf = 16'384;         // of what is
inline constexpr std::size_t kSliceRows = 2'048;                 // of the message list, read in one piece

}  // namespace posthaste::pop3d
