#include "common/smtp/data_reader.h"

#include "common/base/octets.h"
#include "common/base/plain_run.h"

namespace posthaste::smtp {
namespace {

constexpr auto kNone = std::string_view::npos;  // std::string_view::find() is memchr() underneath

}  // namespace

void DataReader::take(std::string_view octets, std::string& content) {
  octets_ += octets.size();
  if (!too_large()) content += octets;
}

DataProgress DataReader::feed(std::string_view octets, std::string& content) {
  if (octets.empty()) return {};
  const char first = octets[0];
  switch (place_) {
    case Place::line_start:
    case Place::in_line: return feed_lines(octets, 0, content);
    case Place::after_cr:
      if (first != '\n') return {DataState::bare_cr, 0};
      take(kCrlf, content);
      place_ = Place::line_start;
      return feed_lines(octets, 1, content);
    case Place::after_dot:
      if (first != '\r') {
        place_ = Place::in_line;  // the dot was stuffing
        return feed_lines(octets, 0, content);
      }
      place_ = Place::after_dot_cr;
      if (octets.size() == 1) return {DataState::more, 1};
      return octets[1] == '\n' ? DataProgress{DataState::end, 2} : DataProgress{DataState::bare_cr, 1};
    case Place::after_dot_cr:
      return first == '\n' ? DataProgress{DataState::end, 1} : DataProgress{DataState::bare_cr, 0};
  }
  return {};
}

/// The common path: runs that need no care are skipped in blocks, other lines found by their ends; both are copied
/// at once when a dot has to go, or at the end.
DataProgress DataReader::feed_lines(std::string_view octets, std::size_t at, std::string& content) {
  std::size_t taken = at;
  while (at < octets.size()) {
    const std::size_t plain_end = at == 0 ? 0 : plain_run_end(octets, at);
    if (plain_end != at) {
      at = octets[plain_end - 1] == '\r' ? plain_end - 1 : plain_end;
      place_ = octets[at - 1] == '\n' ? Place::line_start : Place::in_line;
      continue;
    }
    if (place_ == Place::line_start && octets[at] == '.') {
      take(octets.substr(taken, at - taken), content);
      const auto rest = octets.substr(at + 1);
      if (rest.starts_with(kCrlf)) return {DataState::end, at + 3};
      if (rest.empty() || rest == "\r") {
        place_ = rest.empty() ? Place::after_dot : Place::after_dot_cr;
        return {DataState::more, octets.size()};
      }
      taken = ++at;
    }
    place_ = Place::in_line;
    const std::size_t lf = octets.find('\n', at);
    const auto line = octets.substr(at, lf == kNone ? kNone : lf - at);
    const std::size_t cr = line.find('\r');
    if (cr == kNone && lf != kNone) return {DataState::bare_lf, lf};
    if (cr != kNone && cr + 1 != line.size()) return {DataState::bare_cr, at + cr + 1};
    if (lf == kNone) {
      if (cr != kNone) place_ = Place::after_cr;
      take(octets.substr(taken, octets.size() - taken - (cr != kNone ? 1 : 0)), content);
      return {DataState::more, octets.size()};
    }
    place_ = Place::line_start;
    at = lf + 1;
  }
  take(octets.substr(taken), content);
  return {DataState::more, octets.size()};
}

}  // namespace posthaste::smtp
