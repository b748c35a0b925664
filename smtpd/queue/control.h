// What the operator's command asks of smtpd about the queue: a line over its control socket, and a line back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "smtpd/queue/entry.h"

namespace posthaste::queue {

inline constexpr std::size_t kControlLineMaxOctets = 512;  // with CRLF

enum class ControlAction {
  retry,    // attempt it now
  hold,     // no attempt until it is released
  release,  // go on
  drop,     // take it out of the queue; nobody is told
};

/// "hold 17", "retry all".
struct ControlRequest {
  ControlAction action = ControlAction::retry;
  std::optional<EntryId> entry{};  // nothing: all of them, which only retry takes
  bool operator==(const ControlRequest&) const = default;
};

[[nodiscard]] std::string to_line(const ControlRequest& request);
/// A line without CRLF. Nothing for what to_line() does not write.
[[nodiscard]] std::optional<ControlRequest> parse_control_request(std::string_view line);

struct ControlDone {
  std::uint64_t entries = 0;   // that it was done to
  std::uint64_t attempts = 0;  // of theirs that are under way and go on
  bool operator==(const ControlDone&) const = default;
};

/// Or why it was not done.
using ControlAnswer = std::expected<ControlDone, std::string>;

/// "done 3", "done 1 trying 2", "failed no such entry".
[[nodiscard]] std::string to_line(const ControlAnswer& answer);
[[nodiscard]] std::optional<ControlAnswer> parse_control_answer(std::string_view line);

}  // namespace posthaste::queue
