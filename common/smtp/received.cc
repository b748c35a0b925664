#include "common/smtp/received.h"

#include "common/base/date.h"
#include "common/base/octets.h"

namespace posthaste::smtp {
namespace {

constexpr std::size_t kShownOctets = 200;  // of a name that is no domain; each may take four

/// Text of any client as it may stand in a comment (RFC 5322 §3.2.2), on a line that stays within 998 octets.
std::string in_comment(std::string_view text) {
  std::string comment;
  for (const char c : escaped(text, kShownOctets)) {
    if (c == '(' || c == ')') comment += '\\';
    comment += c;
  }
  return comment;
}

/// "from" Extended-Domain. The name is the client's word, the literal in the comment is what we saw.
std::string from_clause(const Received& received) {
  const auto& name = received.client_name;
  const Utf8 utf8 = received.protocol.smtp_utf8 ? Utf8::allowed : Utf8::refused;
  if (is_domain(name, utf8) || is_address_literal(name)) return name + " (" + received.client_address + ")";
  return received.client_address + " (HELO " + in_comment(name) + ")";
}

}  // namespace

std::string to_string(const Protocol& protocol) {
  const bool is_lmtp = protocol.greeting == Greeting::lhlo;
  std::string name;
  if (protocol.smtp_utf8) {
    name = is_lmtp ? "UTF8LMTP" : "UTF8SMTP";
  } else {
    name = is_lmtp ? "LMTP" : protocol.greeting == Greeting::ehlo ? "ESMTP" : "SMTP";
  }
  if (protocol.tls) name += 'S';
  if (protocol.authenticated) name += 'A';
  return name;
}

std::string to_field(const Received& received) {
  std::string field = "Received: from " + from_clause(received) + "\r\n\tby " + received.by + " with " +
                      to_string(received.protocol) + " id " + received.trace_id;
  if (received.recipient) {
    const std::string recipient = to_string(*received.recipient);
    if (received.protocol.smtp_utf8 || !has_eight_bit(recipient)) field += "\r\n\tfor <" + recipient + ">";
  }
  return field + ";\r\n\t" + rfc5322_date(received.when) + "\r\n";
}

std::string address_literal(std::string_view address) {
  const bool ipv6 = address.find(':') != std::string_view::npos;
  return std::string{ipv6 ? "[IPv6:" : "["}.append(address) + "]";
}

}  // namespace posthaste::smtp
