// Whatever a message and a server's reply hold, the report on it is a sound message of two or three parts.
#include <cstdint>
#include <cstdlib>

#include "common/base/octets.h"
#include "common/dsn/report.h"
#include "common/mime/structure.h"

namespace {

/// Lines of at most 998 octets that end in CRLF, without NUL, CR or LF elsewhere.
bool is_sound(std::string_view octets) {
  while (!octets.empty()) {
    const auto end = octets.find(posthaste::kCrlf);
    if (end == octets.npos || end > 998) return false;
    if (octets.substr(0, end).find_first_of(std::string_view{"\r\n\0", 3}) != octets.npos) return false;
    octets.remove_prefix(end + 2);
  }
  return true;
}

}  // namespace

/// The first octet's bits choose what is asked for; up to the first LF comes the reply, and then the message.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input{reinterpret_cast<const char*>(data) + 1, size - 1};
  const auto end = input.find('\n');
  const std::string reply{input.substr(0, end)};

  posthaste::dsn::RecipientReport recipient;
  recipient.final_recipient = {(data[0] & 1U) != 0 ? "\xce\xb1" : "bob", "example.net"};
  recipient.action = (data[0] & 2U) != 0 ? posthaste::dsn::Action::failed : posthaste::dsn::Action::delayed;
  recipient.diagnostic = reply;
  recipient.remote_mta = reply;
  recipient.original_recipient = {"rfc822", reply};
  posthaste::dsn::Report report;
  report.reporting_mta = "mail.example.org";
  report.to = {"alice", "example.org"};
  report.unique = "u";
  report.envelope_id = reply;
  report.recipients.push_back(recipient);
  report.original = end == input.npos ? std::string_view{} : input.substr(end + 1);
  report.smtp_utf8 = (data[0] & 4U) != 0;
  report.return_whole = (data[0] & 8U) != 0;

  const auto notification = compose(report);
  if (!is_sound(notification.octets)) std::abort();
  const bool plain = !notification.eight_bit && !notification.smtp_utf8;
  if (plain == posthaste::has_eight_bit(notification.octets)) std::abort();
  if (!report.smtp_utf8 && !report.return_whole && !plain) std::abort();
  const auto root = posthaste::mime::parse_structure(notification.octets);
  if (root.children.size() != 2 && root.children.size() != 3) std::abort();
  return 0;
}
