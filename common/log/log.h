// Events for the operator: a name and fields on one line, as text or JSON.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/base/clock.h"
#include "common/log/repetition.h"
#include "common/log/sink.h"

namespace posthaste::log {

enum class Level { debug, info, warning, error };
enum class Format { text, json };

/// What a field says. A string is only looked at: it must outlive the call that logs it.
class Value {
 public:
  Value(std::string_view text) noexcept : value_(text) {}
  Value(const char* text) noexcept : value_(std::string_view{text}) {}
  Value(const std::string& text) noexcept : value_(std::string_view{text}) {}
  Value(bool flag) noexcept : value_(flag) {}
  Value(std::signed_integral auto n) noexcept : value_(static_cast<std::int64_t>(n)) {}
  Value(std::unsigned_integral auto n) noexcept : value_(static_cast<std::uint64_t>(n)) {}

  [[nodiscard]] const auto& get() const noexcept { return value_; }

 private:
  std::variant<std::string_view, bool, std::int64_t, std::uint64_t> value_;
};

/// `name` is the program's own word: lower case, digits and '_'; unlike the value it is not escaped.
struct Field {
  std::string_view name;
  Value value;
};

using Fields = std::initializer_list<Field>;

/// At most this much of one value is written; what is cut off shows as "...".
inline constexpr std::size_t kValueMaxOctets = 1024;

/// Writes events at or above a level. Copies are cheap, and share their sink and their counts; any thread may log.
///
/// Text: `2026-11-22T10:55:12.123Z info smtpd smtp.message.accepted trace=4f1c recipients=2 client="a b"`.
/// JSON: `{"time":"2026-11-22T10:55:12.123Z","level":"info","program":"smtpd","event":"...","trace":"4f1c",...}`.
/// Octets that are not printable ASCII, and the backslash, are written as \xNN in both (in JSON the backslash
/// is doubled, as its strings want it); so is the quote in text.
class Log {
 public:
  /// `sink` outlives the log and its copies. `clock` is asked once for each event written.
  Log(Sink& sink, std::string program, Format format, Level threshold, std::function<WallTime()> clock);

  [[nodiscard]] bool enabled(Level level) const noexcept { return level >= threshold_; }

  void debug(std::string_view event, Fields fields = {}) const { at(Level::debug, event, fields); }
  void info(std::string_view event, Fields fields = {}) const { at(Level::info, event, fields); }
  void warning(std::string_view event, Fields fields = {}) const { at(Level::warning, event, fields); }
  void error(std::string_view event, Fields fields = {}) const { at(Level::error, event, fields); }

  void at(Level level, std::string_view event, Fields fields) const {
    if (enabled(level)) write(level, event, fields);
  }

  /// As info(), for what a client can cause as often as it likes. Each minute the first few of a client's are
  /// written; the others are counted, and told of in one event: `smtp.recipient.refused.repeated client=192.0.2.1
  /// count=2390 seconds=60`. Not for what a message's life is told by.
  void info_by_client(std::string_view client, std::string_view event, Fields fields) const;
  /// Tells what was counted in minutes that have ended. For somebody to call every few seconds.
  void tell_repeated() const;
  /// And what was counted since: at the end of the process.
  void tell_all_repeated() const;

 private:
  void write(Level level, std::string_view event, Fields fields) const;
  void tell(const std::vector<Repetition::Summary>& summaries) const;

  Sink* sink_;
  std::string program_;
  Format format_;
  Level threshold_;
  std::function<WallTime()> clock_;
  std::shared_ptr<Repetition> repetition_;
};

}  // namespace posthaste::log
