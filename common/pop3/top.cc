#include "common/pop3/top.h"

namespace posthaste::pop3 {

std::string_view top(std::string_view message, std::uint64_t body_lines) noexcept {
  std::size_t end = 0;
  bool in_header = true;
  while (in_header || body_lines != 0) {
    const std::size_t lf = message.find('\n', end);
    if (lf == std::string_view::npos) return message;
    const auto line = message.substr(end, lf - end);
    if (in_header) {
      in_header = !line.empty() && line != "\r";
    } else {
      --body_lines;
    }
    end = lf + 1;
  }
  return message.substr(0, end);
}

}  // namespace posthaste::pop3
