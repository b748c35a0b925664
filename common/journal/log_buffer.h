// A group's records on their way to the log: one string, written at once.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/journal/log.h"
#include "common/journal/record.h"

namespace posthaste::journal {

class LogBuffer {
 public:
  /// Begins a group at the log's tail, where the octets will go, in a segment of this framing. Up to kKeptOctets of
  /// memory stay with the buffer.
  void restart(LogPosition start, const Framing& framing);

  /// Adds a record, whose body `encode` appends to the string that it is given. Returns where the body will begin
  /// in the segment.
  template <std::invocable<std::string&> Encode>
  std::uint64_t add(std::uint8_t type, const Encode& encode) {
    begin_record();
    encode(octets_);
    return complete_record(type);
  }

  /// The last record added is the last of its apply.
  void end_apply() { set_end(RecordEnd::apply); }
  /// The last record added is the last of the group.
  void end_group() { set_end(RecordEnd::group); }

  struct Mark {
    std::size_t octets = 0;
    std::uint64_t next_sequence = 0;
  };
  [[nodiscard]] Mark mark() const { return {octets_.size(), next_sequence_}; }
  /// Forgets what was added since `mark`, which lay between two applies.
  void take_back(const Mark& mark);
  [[nodiscard]] bool has_grown_since(const Mark& mark) const { return octets_.size() != mark.octets; }

  [[nodiscard]] bool empty() const { return octets_.empty(); }
  [[nodiscard]] std::string_view octets() const { return octets_; }
  [[nodiscard]] std::uint64_t next_sequence() const { return next_sequence_; }
  [[nodiscard]] std::uint32_t segment() const { return start_.segment; }

 private:
  static constexpr std::size_t kKeptOctets = std::size_t{16} << 20;

  void begin_record();
  [[nodiscard]] std::uint64_t complete_record(std::uint8_t type);
  void set_end(RecordEnd end);

  /// A header, and where it stands in the octets.
  struct Placed {
    std::size_t place = 0;
    RecordHeader header;
  };
  void write(const Placed& placed);

  LogPosition start_;
  Framing framing_;
  std::string octets_;
  std::string written_;  // a header, on its way into the octets
  std::uint64_t next_sequence_ = 1;
  Placed ended_;  // the last record that ended an apply
  Placed last_;   // the last record
};

}  // namespace posthaste::journal
