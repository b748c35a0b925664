// Status lines of POP3 (RFC 1939 §3) with response codes (RFC 2449 §8).
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace posthaste::pop3 {

inline constexpr std::size_t kReplyLineMaxOctets = 512;  // with CRLF, RFC 2449 §4

enum class Status { ok, err };

enum class ResponseCode {
  in_use,       // the maildrop is locked, RFC 2449 §8.1.2
  login_delay,  // too soon after the last login, RFC 2449 §8.1.1
  sys_temp,     // fails now, may work later, RFC 3206 §4
  sys_perm,     // fails until somebody repairs it, RFC 3206 §4
  auth,         // the credentials are wrong, RFC 3206 §5
  utf8,         // the message needs the UTF8 command first, RFC 6856 §5
};

struct Reply {
  Status status = Status::ok;
  std::optional<ResponseCode> code;
  std::string text;  // does not start with "[", which would read as a code
  bool operator==(const Reply&) const = default;
};

[[nodiscard]] Reply ok(std::string text);
[[nodiscard]] Reply err(std::string text);
[[nodiscard]] Reply err(ResponseCode code, std::string text);

/// The line with CRLF. A control character in the text leaves as "?", and the line ends at the limit.
[[nodiscard]] std::string to_wire(const Reply& reply);

}  // namespace posthaste::pop3
