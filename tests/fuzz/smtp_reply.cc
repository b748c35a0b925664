// Replies of any octets, a line each: what is printed parses to the same, and EHLO's extensions are read from it.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "common/smtp/ehlo.h"

namespace smtp = posthaste::smtp;

namespace {

std::optional<smtp::Reply> read(std::string_view text) {
  std::vector<smtp::ReplyLine> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find("\r\n"), text.size());
    auto line = smtp::parse_reply_line(text.substr(0, end));
    if (!line) return std::nullopt;
    lines.push_back(std::move(*line));
    text.remove_prefix(std::min(end + 2, text.size()));
  }
  return smtp::join_reply(lines);
}

/// Printing may only shorten or replace what no line of ours may hold.
bool survives_printing(const std::string& line) {
  return line.size() < smtp::kReplyLineMaxOctets / 2 &&
         std::ranges::all_of(
             line, [](char c) { return c == '\t' || (static_cast<unsigned char>(c) >= ' ' && c != '\x7f'); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto reply = read({reinterpret_cast<const char*>(data), size});
  if (!reply) return 0;
  static_cast<void>(smtp::parse_ehlo(*reply));
  const auto again = read(to_wire(*reply));
  if (!again) std::abort();
  if (std::ranges::all_of(reply->lines, survives_printing) && again != reply) std::abort();
  return 0;
}
