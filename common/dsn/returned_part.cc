#include "common/dsn/returned_part.h"

#include <algorithm>

#include "common/base/octets.h"
#include "common/dsn/text.h"
#include "common/mime/header.h"
#include "common/mime/transfer.h"

namespace posthaste::dsn {
namespace {

/// Whether `octets` can stand in a message as they are (RFC 2045 §2.8): lines of at most 998 octets that end in
/// CRLF, without NUL, CR or LF elsewhere.
bool is_7bit_or_8bit(std::string_view octets) {
  while (!octets.empty()) {
    const std::size_t line_end = octets.find(kCrlf);
    const std::string_view line = octets.substr(0, line_end);
    if (line.size() > kLineMaxOctets || line.find_first_of(std::string_view{"\r\n\0", 3}) != line.npos)
      return false;
    if (line_end == std::string_view::npos) return true;
    octets.remove_prefix(line_end + kCrlf.size());
  }
  return true;
}

/// RET=FULL concerns notifications of a failure alone (RFC 3461 §4.3).
bool tells_of_failure(const Report& report) {
  return std::ranges::any_of(report.recipients, [](const auto& r) { return r.action == Action::failed; });
}

/// message/rfc822 may not be encoded (RFC 2046 §5.2.1), so that a message which can't stand as it is returns its
/// header; so does one whose header is eight-bit without being internationalised, for it is no message/rfc822.
bool can_stand_whole(const Report& report) {
  if (!is_7bit_or_8bit(report.original)) return false;
  const std::string_view header = mime::split_message(report.original).header;
  return !has_eight_bit(header) || (report.smtp_utf8 && is_utf8(header));
}

Part whole(const Report& report) {
  const bool global = has_eight_bit(mime::split_message(report.original).header);  // RFC 6532 §3.7
  return {.content_type = global ? "message/global" : "message/rfc822",
          .transfer_encoding = has_eight_bit(report.original) ? "8bit" : "7bit",
          .body = std::string{report.original},
          .smtp_utf8 = global};
}

/// Broken and eight-bit headers are encoded (RFC 6522 §4), unless the sender can take them as UTF-8 (RFC 6533
/// §4.3).
Part header_alone(const Report& report, std::string_view header) {
  const bool stands = is_7bit_or_8bit(header);
  if (stands && !has_eight_bit(header)) {
    return {.content_type = "text/rfc822-headers", .body = std::string{header}};
  }
  if (stands && report.smtp_utf8 && is_utf8(header)) {
    return {.content_type = "message/global-headers",
            .transfer_encoding = "8bit",
            .body = std::string{header},
            .smtp_utf8 = true};
  }
  return {.content_type = "text/rfc822-headers",
          .transfer_encoding = "quoted-printable",
          .body = mime::encode_quoted_printable(header)};
}

}  // namespace

std::string_view returned_header(const Report& report) {
  std::string_view header = mime::split_message(report.original, kReturnedHeaderMaxOctets).header;
  if (header == kCrlf || header == "\n") return {};
  if (header.ends_with("\r\n\r\n")) header.remove_suffix(2);
  if (header.ends_with("\n\n")) header.remove_suffix(1);
  return header;
}

bool returns_whole(const Report& report) {
  return report.return_whole && tells_of_failure(report) && !report.original.empty() &&
         report.original.size() <= kReturnedMessageMaxOctets && can_stand_whole(report);
}

std::optional<Part> returned_part(const Report& report) {
  if (returns_whole(report)) return whole(report);
  const std::string_view header = returned_header(report);
  if (header.empty()) return std::nullopt;
  return header_alone(report, header);
}

}  // namespace posthaste::dsn
