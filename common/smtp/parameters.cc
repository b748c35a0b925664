#include "common/smtp/parameters.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/base/octets.h"
#include "common/smtp/xtext.h"

namespace posthaste::smtp {
namespace {

/// keyword ["=" value], where "=" must have something behind it (RFC 5321 §4.1.2). The value is empty without "=".
struct Parameter {
  std::string_view keyword;
  std::string_view value;
  std::size_t offset = 0;  // octets from the start of all parameters
};

/// What is wrong with a parameter, or nothing.
using Fault = std::optional<ParseErrorKind>;

bool is_keyword(std::string_view text) {
  return !text.empty() && text.front() != '-' &&
         std::ranges::all_of(text, [](char c) { return is_alnum(c) || c == '-'; });
}

bool is_value(std::string_view text, Utf8 utf8) {
  if (utf8 == Utf8::allowed && !is_utf8(text)) return false;
  return !text.empty() && std::ranges::all_of(text, [utf8](char c) {
    return (is_printable(c) && c != '=') || (is_eight_bit(c) && utf8 == Utf8::allowed);
  });
}

/// Splits at spaces and checks the syntax that all parameters share.
std::expected<std::vector<Parameter>, ParseError> split_parameters(std::string_view text, Utf8 utf8) {
  std::vector<Parameter> parameters;
  for (std::size_t at = 0; at < text.size();) {
    if (is_wsp(text[at])) {
      ++at;
      continue;
    }
    const auto word = text.substr(at, text.find_first_of(" \t", at) - at);
    const std::size_t equals = word.find('=');
    const bool has_value = equals != std::string_view::npos;
    const Parameter parameter{word.substr(0, equals), has_value ? word.substr(equals + 1) : "", at};
    const auto same = [&](const Parameter& other) { return iequals(other.keyword, parameter.keyword); };
    const bool well_formed = is_keyword(parameter.keyword) && (!has_value || is_value(parameter.value, utf8));
    if (!well_formed || std::ranges::any_of(parameters, same)) {
      return std::unexpected(ParseError{ParseErrorKind::syntax, at});
    }
    parameters.push_back(parameter);
    at += word.size();
  }
  return parameters;
}

template <typename T>
Fault set(std::optional<T>& target, std::optional<T> value) {
  if (!value) return ParseErrorKind::syntax;
  target = std::move(value);
  return std::nullopt;
}

bool is_printable_text(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return is_printable(c) || c == ' '; });
}

std::optional<Body> parse_body(std::string_view value) {
  if (iequals(value, "7BIT")) return Body::seven_bit;
  if (iequals(value, "8BITMIME")) return Body::eight_bit_mime;
  if (iequals(value, "BINARYMIME")) return Body::binary_mime;
  return std::nullopt;
}

std::optional<Return> parse_ret(std::string_view value) {
  if (iequals(value, "FULL")) return Return::full;
  if (iequals(value, "HDRS")) return Return::headers;
  return std::nullopt;
}

std::optional<std::string> parse_envid(std::string_view value) {
  auto envid = xtext_decode(value);
  if (!envid || envid->empty() || !is_printable_text(*envid)) return std::nullopt;
  return envid;
}

/// "<>" or a mailbox in xtext (RFC 4954 §5).
std::optional<ReversePath> parse_auth(std::string_view value) {
  if (value == "<>") return ReversePath{};
  const auto decoded = xtext_decode(value);
  if (!decoded) return std::nullopt;
  auto mailbox = parse_mailbox(*decoded, Utf8::allowed);
  if (!mailbox) return std::nullopt;
  return ReversePath{std::move(*mailbox)};
}

std::optional<std::string> parse_trace_id(std::string_view value) {
  if (!is_trace_id(value)) return std::nullopt;
  return std::string{value};
}

/// "NEVER", or the events separated by commas (RFC 3461 §4.1).
std::optional<Notify> parse_notify(std::string_view value) {
  Notify notify;
  if (iequals(value, "NEVER")) return notify;
  while (true) {
    const std::size_t comma = value.find(',');
    const auto event = value.substr(0, comma);
    if (iequals(event, "SUCCESS")) {
      notify.success = true;
    } else if (iequals(event, "FAILURE")) {
      notify.failure = true;
    } else if (iequals(event, "DELAY")) {
      notify.delay = true;
    } else {
      return std::nullopt;
    }
    if (comma == std::string_view::npos) return notify;
    value.remove_prefix(comma + 1);
  }
}

/// addr-type ";" address (RFC 3461 §4.2, RFC 6533 §3).
std::optional<OriginalRecipient> parse_orcpt(std::string_view value) {
  const std::size_t semicolon = value.find(';');
  if (semicolon == std::string_view::npos || !is_keyword(value.substr(0, semicolon))) return std::nullopt;
  const auto type = value.substr(0, semicolon);
  const auto encoded = value.substr(semicolon + 1);
  const bool is_utf8_type = iequals(type, "utf-8");
  auto address = is_utf8_type ? unitext_decode(encoded) : xtext_decode(encoded);
  if (!address || address->empty()) return std::nullopt;
  const auto is_control = [](char c) { return !is_printable(c) && c != ' ' && !is_eight_bit(c); };
  if (is_utf8_type ? std::ranges::any_of(*address, is_control) : !is_printable_text(*address)) return std::nullopt;
  return OriginalRecipient{std::string{type}, std::move(*address)};
}

Fault read(const Parameter& parameter, PrivateParameters private_parameters, MailParameters& parameters) {
  const auto is = [&](std::string_view keyword) { return iequals(parameter.keyword, keyword); };
  const auto value = parameter.value;
  if (is("SIZE")) return set(parameters.size, parse_decimal(value));
  if (is("BODY")) return set(parameters.body, parse_body(value));
  if (is("SMTPUTF8")) {
    parameters.smtp_utf8 = true;
    return value.empty() ? Fault{} : ParseErrorKind::syntax;
  }
  if (is("RET")) return set(parameters.ret, parse_ret(value));
  if (is("ENVID")) {
    if (value.size() > kEnvidMaxOctets) return ParseErrorKind::too_long;
    return set(parameters.envid, parse_envid(value));
  }
  if (is("AUTH")) return set(parameters.auth, parse_auth(value));
  if (private_parameters == PrivateParameters::refused) return ParseErrorKind::unsupported;
  if (is("XDELIVERYID")) return set(parameters.delivery_id, parse_delivery_id(value));
  if (is("XTRACE")) return set(parameters.trace_id, parse_trace_id(value));
  return ParseErrorKind::unsupported;
}

Fault read(const Parameter& parameter, RcptParameters& parameters) {
  if (iequals(parameter.keyword, "NOTIFY")) return set(parameters.notify, parse_notify(parameter.value));
  if (iequals(parameter.keyword, "ORCPT")) {
    if (parameter.value.size() > kOrcptMaxOctets) return ParseErrorKind::too_long;
    return set(parameters.orcpt, parse_orcpt(parameter.value));
  }
  return ParseErrorKind::unsupported;
}

std::string_view to_string(Body body) {
  switch (body) {
    case Body::seven_bit: return "7BIT";
    case Body::eight_bit_mime: return "8BITMIME";
    case Body::binary_mime: return "BINARYMIME";
  }
  std::unreachable();
}

std::string to_string(const Notify& notify) {
  std::string events;
  if (notify.success) events += ",SUCCESS";
  if (notify.failure) events += ",FAILURE";
  if (notify.delay) events += ",DELAY";
  return events.empty() ? "NEVER" : events.substr(1);
}

std::string to_string(const OriginalRecipient& recipient) {
  const bool is_utf8_type = iequals(recipient.address_type, "utf-8");
  return recipient.address_type + ";" +
         (is_utf8_type ? unitext_encode(recipient.address) : xtext_encode(recipient.address));
}

}  // namespace

std::expected<MailParameters, ParseError> parse_mail_parameters(std::string_view text,
                                                                PrivateParameters private_parameters) {
  const auto split = split_parameters(text, Utf8::refused);
  if (!split) return std::unexpected(split.error());
  MailParameters parameters;
  for (const auto& parameter : *split) {
    const auto fault = read(parameter, private_parameters, parameters);
    if (fault) return std::unexpected(ParseError{*fault, parameter.offset});
  }
  return parameters;
}

std::expected<RcptParameters, ParseError> parse_rcpt_parameters(std::string_view text, Utf8 utf8) {
  const auto split = split_parameters(text, utf8);
  if (!split) return std::unexpected(split.error());
  RcptParameters parameters;
  for (const auto& parameter : *split) {
    const auto fault = read(parameter, parameters);
    if (fault) return std::unexpected(ParseError{*fault, parameter.offset});
  }
  return parameters;
}

std::string to_string(const MailParameters& parameters) {
  std::string text;
  if (parameters.size) text += " SIZE=" + std::to_string(*parameters.size);
  if (parameters.body) text.append(" BODY=").append(to_string(*parameters.body));
  if (parameters.smtp_utf8) text += " SMTPUTF8";
  if (parameters.ret) text += *parameters.ret == Return::full ? " RET=FULL" : " RET=HDRS";
  if (parameters.envid) text += " ENVID=" + xtext_encode(*parameters.envid);
  if (parameters.auth) {
    const auto& mailbox = *parameters.auth;
    text += " AUTH=" + (mailbox ? xtext_encode(to_string(*mailbox)) : "<>");
  }
  if (parameters.delivery_id) text += " XDELIVERYID=" + to_string(*parameters.delivery_id);
  if (parameters.trace_id) text += " XTRACE=" + *parameters.trace_id;
  return text;
}

std::string to_string(const RcptParameters& parameters) {
  std::string text;
  if (parameters.notify) text += " NOTIFY=" + to_string(*parameters.notify);
  if (parameters.orcpt) text += " ORCPT=" + to_string(*parameters.orcpt);
  return text;
}

}  // namespace posthaste::smtp
