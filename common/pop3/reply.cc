#include "common/pop3/reply.h"

#include <string_view>
#include <utility>

#include "common/base/octets.h"

namespace posthaste::pop3 {
namespace {

std::string_view to_string(ResponseCode code) {
  switch (code) {
    case ResponseCode::in_use: return "IN-USE";
    case ResponseCode::login_delay: return "LOGIN-DELAY";
    case ResponseCode::sys_temp: return "SYS/TEMP";
    case ResponseCode::sys_perm: return "SYS/PERM";
    case ResponseCode::auth: return "AUTH";
    case ResponseCode::utf8: return "UTF8";
  }
  std::unreachable();
}

}  // namespace

Reply ok(std::string text) { return {Status::ok, std::nullopt, std::move(text)}; }
Reply err(std::string text) { return {Status::err, std::nullopt, std::move(text)}; }
Reply err(ResponseCode code, std::string text) { return {Status::err, code, std::move(text)}; }

std::string to_wire(const Reply& reply) {
  std::string line = reply.status == Status::ok ? "+OK" : "-ERR";
  if (reply.code) line.append(" [").append(to_string(*reply.code)).append("]");
  if (!reply.text.empty()) line += ' ';
  for (const char c : reply.text) line += is_printable(c) || is_wsp(c) || is_eight_bit(c) ? c : '?';
  line.resize(std::min(line.size(), kReplyLineMaxOctets - kCrlf.size()));
  return line.append(kCrlf);
}

}  // namespace posthaste::pop3
