#include "common/log/log.h"

#include <array>
#include <charconv>
#include <chrono>
#include <type_traits>
#include <utility>

#include "common/base/octets.h"

namespace posthaste::log {
namespace {

constexpr std::string_view name_of(Level level) {
  switch (level) {
    case Level::debug: return "debug";
    case Level::info: return "info";
    case Level::warning: return "warning";
    case Level::error: return "error";
  }
  std::unreachable();
}

void append_padded(std::string& line, unsigned value, int digits) {
  std::array<char, 10> text{};
  for (int i = digits; i-- > 0; value /= 10)
    text[static_cast<std::size_t>(i)] = static_cast<char>('0' + value % 10);
  line.append(text.data(), static_cast<std::size_t>(digits));
}

/// RFC 3339, in UTC and with milliseconds.
void append_time(std::string& line, WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  append_padded(line, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  line += '-';
  append_padded(line, static_cast<unsigned>(date.month()), 2);
  line += '-';
  append_padded(line, static_cast<unsigned>(date.day()), 2);
  line += 'T';
  append_padded(line, static_cast<unsigned>(clock.hours().count()), 2);
  line += ':';
  append_padded(line, static_cast<unsigned>(clock.minutes().count()), 2);
  line += ':';
  append_padded(line, static_cast<unsigned>(clock.seconds().count()), 2);
  line += '.';
  append_padded(line, static_cast<unsigned>(clock.subseconds().count()), 3);
  line += 'Z';
}

void append_number(std::string& line, auto value) {
  std::array<char, 24> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  line.append(text.data(), end);
}

void append_hex(std::string& line, char c) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const auto octet = static_cast<unsigned char>(c);
  line += 'x';
  line += kDigits[octet >> 4U];
  line += kDigits[octet & 15U];
}

bool is_plain(char c) { return (is_printable(c) || c == ' ') && c != '"' && c != '\\'; }

/// A peer's octets, so that no value can end its line, its quotes or its field.
void append_escaped(std::string& line, std::string_view text, Format format) {
  for (const char c : text.substr(0, kValueMaxOctets)) {
    if (is_plain(c)) {
      line += c;
    } else if (format == Format::json && c == '"') {
      line += "\\\"";
    } else {
      line += format == Format::json ? "\\\\" : "\\";
      append_hex(line, c);
    }
  }
  if (text.size() > kValueMaxOctets) line += "...";
}

void append_text(std::string& line, std::string_view text, Format format) {
  const bool bare = format == Format::text && !text.empty() && text.find_first_of(" =\"") == std::string_view::npos;
  if (!bare) line += '"';
  append_escaped(line, text, format);
  if (!bare) line += '"';
}

void append_value(std::string& line, const Value& value, Format format) {
  auto append = [&line, format](const auto& content) {
    using Content = std::remove_cvref_t<decltype(content)>;
    if constexpr (std::is_same_v<Content, std::string_view>) {
      append_text(line, content, format);
    } else if constexpr (std::is_same_v<Content, bool>) {
      line += content ? "true" : "false";
    } else {
      append_number(line, content);
    }
  };
  std::visit(append, value.get());
}

void append_json_member(std::string& line, std::string_view name, const Value& value) {
  line.append(",\"").append(name).append("\":");
  append_value(line, value, Format::json);
}

}  // namespace

Log::Log(Sink& sink, std::string program, Format format, Level threshold, std::function<WallTime()> clock)
    : sink_(&sink),
      program_(std::move(program)),
      format_(format),
      threshold_(threshold),
      clock_(std::move(clock)),
      repetition_(std::make_shared<Repetition>()) {}

void Log::info_by_client(std::string_view client, std::string_view event, Fields fields) const {
  if (!enabled(Level::info)) return;
  const bool is_written = repetition_->admit(event, client, clock_());
  tell_repeated();
  if (is_written) write(Level::info, event, fields);
}

void Log::tell_repeated() const { tell(repetition_->ended(clock_())); }

void Log::tell_all_repeated() const { tell(repetition_->all(clock_())); }

void Log::tell(const std::vector<Repetition::Summary>& summaries) const {
  for (const auto& summary : summaries) {
    write(Level::info, summary.event + ".repeated",
          {{"client", summary.client}, {"count", summary.count}, {"seconds", summary.seconds.count()}});
  }
}

void Log::write(Level level, std::string_view event, Fields fields) const {
  thread_local std::string line;  // keeps its memory from one event to the next
  line.clear();
  if (format_ == Format::json) {
    line += "{\"time\":\"";
    append_time(line, clock_());
    line += '"';
    append_json_member(line, "level", name_of(level));
    append_json_member(line, "program", program_);
    append_json_member(line, "event", event);
    for (const auto& field : fields) append_json_member(line, field.name, field.value);
    line += "}\n";
  } else {
    append_time(line, clock_());
    line.append(" ").append(name_of(level)).append(" ").append(program_).append(" ").append(event);
    for (const auto& field : fields) {
      line.append(" ").append(field.name).append("=");
      append_value(line, field.value, Format::text);
    }
    line += '\n';
  }
  sink_->write(line);
}

}  // namespace posthaste::log
