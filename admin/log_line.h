// One line of a daemon's log, as common/log writes it, read back.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace posthaste::admin {

struct LogField {
  std::string name;
  std::string value;  // the octets themselves; numbers and booleans as they are written
  bool operator==(const LogField&) const = default;
};

struct LogEvent {
  std::string time;  // RFC 3339 in UTC, so that text order is the order of time
  std::string level;
  std::string program;
  std::string name;
  std::vector<LogField> fields;  // in the order of the line
  bool operator==(const LogEvent&) const = default;
};

/// Reads a line of either format, without its line feed. Nothing for anything else, such as a line that was cut.
[[nodiscard]] std::optional<LogEvent> parse_log_line(std::string_view line);

/// The event in the text format (common/log/log.h), without a line feed.
[[nodiscard]] std::string to_text(const LogEvent& event);

/// "name=value", as it stands in that format.
[[nodiscard]] std::string to_text(const LogField& field);

/// The value of the field called `name`, or nothing.
[[nodiscard]] std::optional<std::string_view> find_field(const LogEvent& event, std::string_view name);

}  // namespace posthaste::admin
