#include "common/dsn/status_part.h"

#include <algorithm>
#include <string>
#include <utility>

#include "common/base/date.h"
#include "common/base/octets.h"
#include "common/dsn/text.h"
#include "common/smtp/xtext.h"

namespace posthaste::dsn {
namespace {

constexpr std::size_t kNameMaxOctets = 300;     // of a host, or what a client calls itself
constexpr std::size_t kAddressMaxOctets = 900;  // ORCPT is 500 at most, and grows where it is encoded

constexpr std::string_view name_of(Action action) {
  switch (action) {
    case Action::failed: return "failed";
    case Action::delayed: return "delayed";
    case Action::delivered: return "delivered";
    case Action::relayed: return "relayed";
    case Action::expanded: return "expanded";
  }
  std::unreachable();
}

/// A field that is folded only when it must be, for values of which every octet counts.
std::string field(std::string_view name, std::string_view value) {
  return folded_field(name, value, kLineMaxOctets);
}

/// A host whose full name is not known has a type of its own (RFC 3461 §6.3 (b)).
std::string mta_name(std::string_view host) {
  const bool known = (smtp::is_domain(host) && host.find('.') != host.npos) || smtp::is_address_literal(host);
  return (known ? "dns; " : "x-local-hostname; ") + ascii_line(host, kNameMaxOctets);
}

/// An address with its type. What is not ASCII is of the type utf-8, and that has a 7-bit form for parts that are
/// not global (RFC 6533 §3).
std::string typed_address(std::string_view type, std::string_view address, bool global) {
  const bool utf8 = iequals(type, "utf-8") || (has_eight_bit(address) && is_utf8(address));
  if (!utf8) return ascii_line(type, kNameMaxOctets) + ";" + ascii_line(address, kAddressMaxOctets, Spaces::kept);
  if (global) return "utf-8;" + one_line(address, kAddressMaxOctets, Spaces::kept);
  return "utf-8;" + ascii_line(smtp::unitext_encode(address), kAddressMaxOctets);
}

/// RFC 3464 §2.2, in its order.
std::string message_fields(const Report& report) {
  std::string fields;
  if (report.envelope_id) {
    fields += field("Original-Envelope-Id", ascii_line(*report.envelope_id, kAddressMaxOctets, Spaces::kept));
  }
  fields += field("Reporting-MTA", mta_name(report.reporting_mta));
  if (report.received_from_mta) {
    fields += field("Received-From-MTA", "dns; " + ascii_line(*report.received_from_mta, kNameMaxOctets));
  }
  if (report.arrival) fields += field("Arrival-Date", rfc5322_date(*report.arrival));
  return fields;
}

/// The reply of another server is of the type smtp; what we saw ourselves is not (RFC 3464 §2.3.6).
std::string diagnostic_field(const RecipientReport& recipient) {
  if (!recipient.diagnostic.empty()) {
    return folded_field("Diagnostic-Code", "smtp; " + ascii_line(recipient.diagnostic, kDiagnosticMaxOctets));
  }
  if (recipient.explanation.empty()) return {};
  return folded_field("Diagnostic-Code", "x-posthaste; " + ascii_line(recipient.explanation, kDiagnosticMaxOctets));
}

/// RFC 3464 §2.3, in its order.
std::string recipient_fields(const RecipientReport& recipient, std::string_view trace_id, bool global) {
  std::string fields;
  if (const auto& original = recipient.original_recipient) {
    fields += field("Original-Recipient", typed_address(original->address_type, original->address, global));
  }
  fields += field("Final-Recipient", typed_address("rfc822", to_string(recipient.final_recipient), global));
  fields += field("Action", name_of(recipient.action));
  fields += field("Status", to_string(status_of(recipient)));
  if (!recipient.remote_mta.empty()) fields += field("Remote-MTA", mta_name(recipient.remote_mta));
  fields += diagnostic_field(recipient);
  if (recipient.last_attempt) fields += field("Last-Attempt-Date", rfc5322_date(*recipient.last_attempt));
  if (!trace_id.empty()) fields += field("Final-Log-ID", ascii_line(trace_id, kNameMaxOctets));
  if (recipient.action == Action::delayed && recipient.will_retry_until) {
    fields += field("Will-Retry-Until", rfc5322_date(*recipient.will_retry_until));
  }
  return fields;
}

bool has_eight_bit_address(const RecipientReport& recipient) {
  return has_eight_bit(to_string(recipient.final_recipient)) ||
         (recipient.original_recipient && has_eight_bit(recipient.original_recipient->address));
}

}  // namespace

smtp::EnhancedCode status_of(const RecipientReport& recipient) noexcept {
  if (recipient.status.status_class != 0) return recipient.status;
  switch (recipient.action) {
    case Action::failed: return {5, 0, 0};
    case Action::delayed: return {4, 0, 0};
    case Action::delivered:
    case Action::relayed:
    case Action::expanded: return {2, 0, 0};
  }
  std::unreachable();
}

bool is_internationalised(const Report& report) noexcept {
  return report.smtp_utf8 || has_eight_bit(report.to.local_part) || has_eight_bit(report.to.domain);
}

Part status_part(const Report& report) {
  const bool global = is_internationalised(report) && std::ranges::any_of(report.recipients, has_eight_bit_address);
  std::string body = message_fields(report);
  for (const auto& recipient : report.recipients) {
    body += kCrlf;
    body += recipient_fields(recipient, report.trace_id, global);
  }
  const bool eight_bit = has_eight_bit(body);
  return {.content_type = eight_bit ? "message/global-delivery-status" : "message/delivery-status",
          .transfer_encoding = eight_bit ? "8bit" : "7bit",
          .body = std::move(body),
          .smtp_utf8 = eight_bit};
}

}  // namespace posthaste::dsn
