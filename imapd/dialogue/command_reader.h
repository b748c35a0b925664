// Puts a command together from its lines and literals (RFC 9051 §4.3, RFC 7888), within limits.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <variant>

#include "common/daemon/memory_budget.h"
#include "common/net/clock.h"
#include "common/net/stream.h"
#include "common/net/task.h"
#include "common/net/time_limit.h"
#include "imapd/replies.h"

namespace posthaste::imapd {

/// How fast a command has to come. All that is pointed to outlives the reading.
struct CommandPace {
  net::Clock* clock;
  net::TimeLimit* limit;                    // moved on with each line and each piece of a literal
  std::chrono::milliseconds line_time_max;  // of a whole line, from when the last one was there
};

struct CommandLimits {
  std::size_t command_max_octets = 0;  // lines and literals, but APPEND's messages
  std::size_t literals_max = 0;
  std::size_t id_max_octets = 0;  // of ID, where that may be longer; and of its literals
  std::size_t id_literals_max = 0;
  std::optional<std::uint64_t> message_max_octets;  // of each that comes; nothing: no APPEND yet
  std::optional<CommandPace> pace;                  // nothing: somebody else has set a limit
};

/// A whole command as imap::parse_command() wants it, and the memory that its message was granted.
struct CommandOctets {
  std::string octets;
  std::optional<daemon::MemoryBudget::Share> memory;
};

/// A command that was not read to its end, or read and thrown away; `tag` is "*" when it has none.
struct RefusedCommand {
  std::string tag;
  Reply reply;
};

using ReadCommand = std::variant<CommandOctets, RefusedCommand>;

/// Reads the next command. A literal beyond the limits is refused before it is sent when the client waits for our
/// word, and otherwise read and thrown away (RFC 7888 §4), but never before login.
/// Errors, each of which ends the session: those of Stream::read_line().
net::Task<std::expected<ReadCommand, net::StreamError>> read_command(net::Stream& stream, CommandLimits limits,
                                                                     daemon::MemoryBudget& budget);

}  // namespace posthaste::imapd
