#include "common/mime/ascii_header.h"

#include <algorithm>
#include <utility>

#include "common/base/octets.h"
#include "common/mime/downgrade.h"

namespace posthaste::mime {
namespace {

constexpr std::size_t kFieldMaxOctets = 262'144;

bool is_line_end(char c) { return c == '\r' || c == '\n'; }

}  // namespace

std::string_view AsciiHeader::feed(std::string_view octets) {
  if (!in_header_) return octets;
  const bool nothing_waits = line_.empty() && field_.empty() && !overlong_;
  const auto header_end = octets.find("\n\r\n");
  const auto header = octets.substr(0, header_end);
  if (nothing_waits && header_end != std::string_view::npos && std::ranges::none_of(header, is_eight_bit)) {
    in_header_ = false;  // the common case
    return octets;
  }
  out_.clear();
  while (in_header_ && !octets.empty()) {
    const auto line_feed = octets.find('\n');
    const auto piece = octets.substr(0, line_feed == std::string_view::npos ? line_feed : line_feed + 1);
    octets.remove_prefix(piece.size());
    take(piece);
  }
  return out_.append(octets);
}

std::string AsciiHeader::finish() {
  out_.clear();
  if (!line_.empty()) end_piece(false);
  end_field();
  return std::move(out_);
}

/// A line, or a part of one.
void AsciiHeader::take(std::string_view piece) {
  line_.append(piece);
  const bool line_ended = piece.ends_with('\n');
  if (line_ended || field_.size() + line_.size() > kFieldMaxOctets) end_piece(line_ended);
}

void AsciiHeader::end_piece(bool line_ended) {
  const auto line = std::exchange(line_, {});
  const bool begins = std::exchange(line_begins_, line_ended);
  if (begins && !is_wsp(line.front())) end_field();
  const bool is_end = begins && line_ended && std::ranges::all_of(line, is_line_end);
  if (is_end || (begins && is_text(line))) {
    in_header_ = false;
    out_.append(line);
    return;
  }
  is_first_ = false;
  field_.append(line);
  if (field_.size() <= kFieldMaxOctets) return;
  out_.append(question_marks(field_));
  field_.clear();
  overlong_ = true;
}

/// Of a line that is there from its first octet.
bool AsciiHeader::is_text(std::string_view line) const {
  if (end_ == End::empty_line || (is_wsp(line.front()) && !is_first_)) return false;
  return begins_body(*Fields(line).begin(), is_first_);
}

void AsciiHeader::end_field() {
  const auto field = std::exchange(field_, {});
  const bool overlong = std::exchange(overlong_, false);
  if (overlong) {
    out_.append(question_marks(field));
  } else if (!has_eight_bit(field)) {
    out_.append(field);
  } else {
    out_.append(downgrade_field(*Fields(field).begin()));
  }
}

}  // namespace posthaste::mime
