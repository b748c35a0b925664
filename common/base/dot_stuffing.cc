#include "common/base/dot_stuffing.h"

#include <algorithm>

#include "common/base/octets.h"
#include "common/base/plain_run.h"

namespace posthaste {
namespace {

constexpr auto kEnd = std::string_view::npos;  // std::string_view::find() is memchr() underneath

}  // namespace

void DotStuffer::feed(std::string_view octets, std::string& wire) {
  if (octets.empty()) return;
  std::size_t at = 0;
  if (after_cr_) {
    wire += kCrlf;
    after_cr_ = false;
    at_line_start_ = true;
    if (octets[0] == '\n') at = 1;
  }
  std::size_t copied = at;  // all before it stands in `wire`
  std::size_t cr = octets.find('\r', at);
  std::size_t lf = octets.find('\n', at);
  const auto copy_up_to = [&](std::size_t end) {
    wire.append(octets, copied, end - copied);
    copied = end;
  };
  while (at < octets.size()) {
    const std::size_t plain_end = at == 0 ? 0 : plain_run_end(octets, at);
    if (plain_end != at) {
      at = octets[plain_end - 1] == '\r' ? plain_end - 1 : plain_end;
      at_line_start_ = octets[at - 1] == '\n';
      continue;
    }
    if (cr < at) cr = octets.find('\r', at);
    if (lf < at) lf = octets.find('\n', at);
    if (at_line_start_ && octets[at] == '.') {
      copy_up_to(at);
      wire += '.';
    }
    at_line_start_ = false;
    if (cr == kEnd && lf == kEnd) break;
    if (lf == kEnd && cr + 1 == octets.size()) {
      copy_up_to(cr);
      after_cr_ = true;
      return;
    }
    if (cr != kEnd && lf == cr + 1) {
      at = lf + 1;
    } else {
      const std::size_t bare = std::min(cr, lf);
      copy_up_to(bare);
      wire += kCrlf;
      at = copied = bare + 1;
    }
    at_line_start_ = true;
  }
  copy_up_to(octets.size());
}

void DotStuffer::finish(std::string& wire) {
  if (after_cr_ || !at_line_start_) wire += kCrlf;
  wire += ".\r\n";
  *this = DotStuffer{};
}

std::string dot_stuffed(std::string_view message) {
  std::string wire;
  wire.reserve(message.size() + message.size() / 64 + 8);
  DotStuffer stuffer;
  stuffer.feed(message, wire);
  stuffer.finish(wire);
  return wire;
}

}  // namespace posthaste
