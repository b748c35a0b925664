#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "common/base/date.h"
#include "common/base/octets.h"
#include "common/dsn/explanation_part.h"
#include "common/dsn/part.h"
#include "common/dsn/report.h"
#include "common/dsn/returned_part.h"
#include "common/dsn/status_part.h"
#include "common/dsn/text.h"
#include "common/mime/header.h"

namespace posthaste::dsn {
namespace {

constexpr std::size_t kMessageIdMaxOctets = 250;

/// A delimiter that no part holds (RFC 2046 §5.1.1). The caller's random octets settle it at the first try, but for
/// a message that has been given them.
std::string boundary_for(const Report& report, const std::vector<Part>& parts) {
  std::string boundary = "report-" + report.unique;
  const auto holds = [&boundary](const Part& part) { return part.body.find("--" + boundary) != std::string::npos; };
  while (std::ranges::any_of(parts, holds)) boundary += '-';
  return boundary;
}

/// The msg-id of the message that is reported on. Nothing for one that is no msg-id (RFC 5322 §3.6.4).
std::optional<std::string> original_message_id(const Report& report) {
  auto id = mime::find_value(returned_header(report), "Message-ID");
  if (!id || id->size() < 3 || id->size() > kMessageIdMaxOctets) return std::nullopt;
  if (!id->starts_with('<') || id->find('>') != id->size() - 1) return std::nullopt;
  if (!std::ranges::all_of(*id, is_printable)) return std::nullopt;
  return id;
}

/// Auto-Submitted keeps vacation programs and lists silent (RFC 3834 §5). A human is reached by answering, as
/// RFC 3464 §2 asks for, through Reply-To: From names nobody, as users and their filters know it.
std::string header_of(const Report& report, std::string_view boundary) {
  const std::string& host = report.reporting_mta;
  std::string header = folded_field("From", "Mail Delivery System <MAILER-DAEMON@" + host + ">");
  header += folded_field("To", in_brackets(report.to));
  header += folded_field("Reply-To", "<postmaster@" + host + ">");
  header += folded_field("Subject", subject(report));
  header += folded_field("Date", rfc5322_date(report.now));
  header += folded_field("Message-ID", "<" + report.unique + "@" + host + ">");
  if (const auto id = original_message_id(report)) {
    header += folded_field("In-Reply-To", *id);
    header += folded_field("References", *id);
  }
  header += "Auto-Submitted: auto-replied\r\n";
  header += "MIME-Version: 1.0\r\n";
  header += "Content-Type: multipart/report; report-type=delivery-status;\r\n boundary=\"" + std::string{boundary};
  header += "\"\r\n";
  return header;
}

void append_part(std::string& octets, const Part& part, std::string_view boundary) {
  octets.append("\r\n--").append(boundary).append(kCrlf);
  octets.append("Content-Type: ").append(part.content_type).append(kCrlf);
  if (part.transfer_encoding != "7bit") {
    octets.append("Content-Transfer-Encoding: ").append(part.transfer_encoding).append(kCrlf);
  }
  octets.append(kCrlf).append(part.body);
}

}  // namespace

Notification compose(const Report& report) {
  std::vector<Part> parts;
  parts.push_back(explanation_part(report));
  parts.push_back(status_part(report));
  if (auto returned = returned_part(report)) parts.push_back(std::move(*returned));

  const std::string boundary = boundary_for(report, parts);
  Notification notification;
  notification.octets = header_of(report, boundary);
  notification.eight_bit = std::ranges::any_of(parts, [](const Part& p) { return p.transfer_encoding == "8bit"; });
  notification.smtp_utf8 = has_eight_bit(notification.octets) || std::ranges::any_of(parts, &Part::smtp_utf8);
  if (notification.eight_bit) notification.octets += "Content-Transfer-Encoding: 8bit\r\n";  // RFC 2045 §6.4
  for (const auto& part : parts) append_part(notification.octets, part, boundary);
  notification.octets += "\r\n--" + boundary + "--\r\n";
  return notification;
}

}  // namespace posthaste::dsn
