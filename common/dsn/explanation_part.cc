#include "common/dsn/explanation_part.h"

#include <algorithm>
#include <array>
#include <ranges>
#include <string_view>
#include <utility>

#include "common/base/octets.h"
#include "common/dsn/returned_part.h"
#include "common/dsn/status_part.h"
#include "common/dsn/status_words.h"
#include "common/dsn/text.h"
#include "common/mime/date.h"
#include "common/mime/encoded_word.h"
#include "common/mime/header.h"
#include "common/mime/transfer.h"

namespace posthaste::dsn {
namespace {

constexpr std::size_t kSubjectMaxOctets = 200;  // of the message that is reported on
constexpr std::size_t kNameMaxOctets = 300;
constexpr std::size_t kAddressMaxOctets = 900;

/// How a report speaks of the recipients that share an action.
struct GroupWords {
  Action action;
  std::string_view subject;   // begins the Subject field
  std::string_view happened;  // stands before "to this address:"
  std::string_view next;      // what comes next; empty: nothing
};

constexpr GroupWords kGroups[] = {
    {Action::failed, "Not delivered", "could not be delivered",
     "We have given up and will not try again. To send the message when the trouble is over, send it anew."},
    {Action::delayed, "Delayed", "has not been delivered yet",
     "You need not send the message again: we keep trying, and tell you if we have to give up."},
    {Action::delivered, "Delivered", "was delivered", "That does not mean that it has been read."},
    {Action::relayed, "Handed on", "was handed on",
     "The mail system that took it does not confirm deliveries. You will hear of it again only if it fails."},
    {Action::expanded, "Delivered", "was delivered, and goes on to the others for whom it stands,", ""},
};

auto recipients_with(const Report& report, Action action) {
  return report.recipients | std::views::filter([action](const auto& r) { return r.action == action; });
}

/// "Lunch", as its writer wrote it; empty without a subject.
std::string subject_of_original(const Report& report) {
  const auto text = mime::find_value(returned_header(report), "Subject");
  return text ? one_line(mime::decode_encoded_words(*text), kSubjectMaxOctets) : std::string{};
}

/// "Your message "Lunch" of Sun, 22 Nov 2026 10:53 UTC"
std::string your_message(const Report& report) {
  std::string words = "Your message";
  if (const auto text = subject_of_original(report); !text.empty()) words += " \"" + text + "\"";
  const auto date = mime::find_value(returned_header(report), "Date");
  if (const auto written = date ? mime::parse_date_time(*date) : std::nullopt) {
    words += " of " + spoken_date(written->time);
  }
  return words;
}

/// The recipient, and the address under which the sender knows them, if it is another one.
std::string address_lines(const RecipientReport& recipient) {
  std::string lines =
      "  " + one_line(in_brackets(recipient.final_recipient), kAddressMaxOctets) + std::string{kCrlf};
  const auto& original = recipient.original_recipient;
  if (original && !iequals(original->address, to_string(recipient.final_recipient))) {
    lines += wrapped("You wrote to " + one_line(original->address, kAddressMaxOctets) + ".", 4);
  }
  return lines;
}

/// What another server said, or what we saw ourselves.
std::string cause_lines(const RecipientReport& recipient) {
  const std::string host = one_line(recipient.remote_mta, kNameMaxOctets);
  if (!recipient.diagnostic.empty()) {
    return wrapped((host.empty() ? "The other mail system" : host) + " said:", 4) +
           wrapped(one_line(recipient.diagnostic, kDiagnosticMaxOctets), 6);
  }
  if (recipient.explanation.empty()) return {};
  return wrapped((host.empty() ? "What we saw:" : "What we saw at " + host + ":"), 4) +
         wrapped(one_line(recipient.explanation, kDiagnosticMaxOctets), 6);
}

std::string recipient_lines(const RecipientReport& recipient) {
  std::string lines = address_lines(recipient);
  const bool in_trouble = recipient.action == Action::failed || recipient.action == Action::delayed;
  if (!in_trouble) return lines;
  const auto words = words_for(status_of(recipient));
  std::string sentences{words.reason};
  if (recipient.action == Action::failed) sentences.append(" ").append(words.advice);
  lines += wrapped(sentences, 4) + cause_lines(recipient);
  if (recipient.action == Action::delayed && recipient.will_retry_until) {
    lines += wrapped("We keep trying until " + spoken_date(*recipient.will_retry_until) + ".", 4);
  }
  return lines;
}

std::string group_lines(const Report& report, const GroupWords& group) {
  auto recipients = recipients_with(report, group.action);
  const auto count = std::ranges::distance(recipients);
  if (count == 0) return {};
  std::string opening = your_message(report) + " " + std::string{group.happened};
  opening += count == 1 ? " to this address:" : " to these " + std::to_string(count) + " addresses:";
  std::string lines = wrapped(opening, 0);
  for (const auto& recipient : recipients) {
    lines += kCrlf;
    lines += recipient_lines(recipient);
  }
  lines += kCrlf;
  if (!group.next.empty()) lines += wrapped(group.next, 0) + std::string{kCrlf};
  return lines;
}

std::string closing_lines(const Report& report) {
  std::string sentences = "The technical details are attached";
  if (returns_whole(report)) {
    sentences += ", and so is your message.";
  } else {
    sentences += returned_header(report).empty() ? "." : ", and so is the header of your message.";
  }
  if (!report.trace_id.empty()) {
    sentences += " If you ask your postmaster about it, name the reference " +
                 one_line(report.trace_id, kNameMaxOctets) + ".";
  }
  return wrapped(sentences, 0);
}

}  // namespace

std::string subject(const Report& report) {
  const auto has_recipients = [&](const GroupWords& group) {
    return !recipients_with(report, group.action).empty();
  };
  const auto* first = std::ranges::find_if(kGroups, has_recipients);
  if (first == std::end(kGroups)) return "About your message";
  std::string text = std::string{first->subject} + ": your message";
  if (report.recipients.size() > 1) return text + " to " + std::to_string(report.recipients.size()) + " recipients";
  const std::string address = to_string(report.recipients.front().final_recipient);
  if (has_eight_bit(address) && !is_internationalised(report)) return text;
  return text + " to " + one_line(address, kAddressMaxOctets);
}

Part explanation_part(const Report& report) {
  std::string text =
      wrapped("This is the mail system at " + one_line(report.reporting_mta, kNameMaxOctets) + ".", 0);
  text += kCrlf;
  for (const auto& group : kGroups) text += group_lines(report, group);
  text += closing_lines(report);
  if (!has_eight_bit(text)) return {.content_type = "text/plain; charset=us-ascii", .body = std::move(text)};
  return {.content_type = "text/plain; charset=utf-8",
          .transfer_encoding = "quoted-printable",  // readable everywhere, whatever the way back can take
          .body = mime::encode_quoted_printable(text)};
}

}  // namespace posthaste::dsn
