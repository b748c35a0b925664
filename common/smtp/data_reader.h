// The receiving end of DATA: finds the end of the message and takes the dots out (RFC 5321 §4.5.2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace posthaste::smtp {

enum class DataState {
  more,     // everything was consumed, the message goes on
  end,      // the line with the single dot was consumed, what follows it is the next command
  bare_cr,  // CR without LF: the session ends, or two servers might disagree on where the message does
  bare_lf,  // LF without CR, likewise (RFC 5321 §2.3.8)
};

struct DataProgress {
  DataState state = DataState::more;
  std::size_t consumed = 0;  // octets of the piece; up to the offending octet when a line ending is bare
  bool operator==(const DataProgress&) const = default;
};

/// Reads one message, fed in pieces of any size. Lines may be longer than the RFC's 1000 octets, up to the whole
/// message, and any octet but a bare CR or LF may stand in them, NUL too.
class DataReader {
 public:
  /// A message that grows beyond `message_max_octets` is read to its end, but no more of it is handed out.
  explicit DataReader(std::uint64_t message_max_octets) : message_max_octets_(message_max_octets) {}

  /// Appends what belongs to the message to `content`, with CRLF and without stuffing. Not to be called again
  /// after any state but `more`.
  [[nodiscard]] DataProgress feed(std::string_view octets, std::string& content);

  /// Size of the message so far, without stuffing and without the last dot (RFC 1870 §3).
  [[nodiscard]] std::uint64_t octets() const noexcept { return octets_; }
  [[nodiscard]] bool too_large() const noexcept { return octets_ > message_max_octets_; }

 private:
  enum class Place { line_start, in_line, after_cr, after_dot, after_dot_cr };

  void take(std::string_view octets, std::string& content);
  DataProgress feed_lines(std::string_view octets, std::size_t at, std::string& content);

  std::uint64_t message_max_octets_;
  std::uint64_t octets_ = 0;
  Place place_ = Place::line_start;  // the CRLF of the DATA command stands before the message
};

}  // namespace posthaste::smtp
