#include "pop3d/top_cutter.h"

namespace posthaste::pop3d {

std::string_view TopCutter::feed(std::string_view piece) noexcept {
  std::size_t end = 0;
  while (!done() && end < piece.size()) {
    if (!in_header_) {
      const std::size_t lf = piece.find('\n', end);
      if (lf == std::string_view::npos) return piece;
      --body_lines_left_;
      end = lf + 1;
      continue;
    }
    const char octet = piece[end++];
    if (octet == '\n') {
      in_header_ = !line_is_blank_;
      line_is_blank_ = true;
      after_cr_ = false;
    } else {
      line_is_blank_ = line_is_blank_ && octet == '\r' && !after_cr_;
      after_cr_ = octet == '\r';
    }
  }
  return piece.substr(0, end);
}

}  // namespace posthaste::pop3d
