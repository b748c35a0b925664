#include "common/smtp/command.h"

#include <algorithm>
#include <utility>

#include "common/base/http_request.h"
#include "common/base/octets.h"

namespace posthaste::smtp {
namespace {

using Result = std::expected<Command, CommandError>;

constexpr std::size_t kMechanismMaxOctets = 20;  // RFC 4422 §3.1

/// What follows the verb and one space.
struct Arguments {
  std::string_view text;
  std::size_t offset = 0;  // octets from the start of the line
};

std::unexpected<CommandError> error(CommandErrorKind kind, std::size_t offset) {
  return std::unexpected(CommandError{kind, offset});
}
std::unexpected<CommandError> syntax(std::size_t offset) { return error(CommandErrorKind::syntax, offset); }

/// A command that stands alone.
template <typename T>
Result bare(Arguments arguments, CommandOptions /*options*/) {
  if (!arguments.text.empty()) return syntax(arguments.offset);
  return T{};
}

template <typename T>
Result hello(Arguments arguments, CommandOptions /*options*/) {
  const auto is_name_octet = [](char c) { return is_printable(c) || is_wsp(c) || is_eight_bit(c); };
  const auto name = trim(arguments.text);
  const auto wrong = std::ranges::find_if_not(name, is_name_octet);
  if (name.empty() || wrong != name.end() || name.size() > kDomainMaxOctets) {
    return syntax(arguments.offset + static_cast<std::size_t>(wrong - name.begin()));
  }
  return T{std::string{name}};
}

/// Octets of `text` up to and with the ">" that ends a path, or up to a space or tab when it has no brackets.
std::size_t path_length(std::string_view text) {
  const bool bracketed = text.starts_with('<');
  bool quoted = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '"') quoted = !quoted;
    if (quoted && text[at] == '\\') ++at;
    if (quoted || at >= text.size()) continue;
    if (bracketed && text[at] == '>') return at + 1;
    if (!bracketed && is_wsp(text[at])) return at;
  }
  return bracketed ? std::min(text.find_first_of(" \t"), text.size()) : text.size();
}

/// The path behind "FROM:" or "TO:", and the parameters behind the path.
struct Envelope {
  Arguments path;
  Arguments parameters;
};

/// Where `text` goes on behind spaces and tabs from `at`.
std::size_t behind_wsp(std::string_view text, std::size_t at) {
  while (at < text.size() && is_wsp(text[at])) ++at;
  return at;
}

/// Spaces and tabs may stand before and behind `word` and its ":", as many clients have them.
std::expected<Envelope, CommandError> split_envelope(Arguments arguments, std::string_view word) {
  const auto text = arguments.text;
  const std::size_t word_start = behind_wsp(text, 0);
  if (!istarts_with(text.substr(word_start), word)) return syntax(arguments.offset + word_start);
  const std::size_t colon = behind_wsp(text, word_start + word.size());
  if (colon == text.size() || text[colon] != ':') return syntax(arguments.offset + colon);
  const std::size_t start = behind_wsp(text, colon + 1);
  const std::size_t end = start + path_length(text.substr(start));
  if (end != text.size() && !is_wsp(text[end])) return syntax(arguments.offset + end);
  return Envelope{{arguments.text.substr(start, end - start), arguments.offset + start},
                  {arguments.text.substr(end), arguments.offset + end}};
}

CommandError address_error(CommandErrorKind kind, const Arguments& path, Utf8 utf8, ParseError cause) {
  const bool not_announced =
      utf8 == Utf8::refused && cause.offset < path.text.size() && is_eight_bit(path.text[cause.offset]);
  return {not_announced ? CommandErrorKind::utf8_not_announced : kind, path.offset + cause.offset};
}

CommandError parameter_error(const Arguments& parameters, ParseError cause) {
  const bool unsupported = cause.kind == ParseErrorKind::unsupported;
  return {unsupported ? CommandErrorKind::unsupported_parameter : CommandErrorKind::bad_parameter,
          parameters.offset + cause.offset};
}

/// "FROM:" Reverse-path [SP Mail-parameters]
Result mail(Arguments arguments, CommandOptions options) {
  const auto envelope = split_envelope(arguments, "FROM");
  if (!envelope) return std::unexpected(envelope.error());
  auto parameters = parse_mail_parameters(envelope->parameters.text, options.private_parameters);
  const bool ascii_only = parameters && !parameters->smtp_utf8;  // wrong parameters are told after the path
  const Utf8 utf8 = ascii_only ? Utf8::refused : Utf8::allowed;
  auto path = parse_reverse_path(envelope->path.text, utf8);
  if (!path) {
    return std::unexpected(address_error(CommandErrorKind::bad_sender_address, envelope->path, utf8, path.error()));
  }
  if (!parameters) return std::unexpected(parameter_error(envelope->parameters, parameters.error()));
  return Mail{std::move(*path), std::move(*parameters)};
}

/// "TO:" Forward-path [SP Rcpt-parameters]
Result rcpt(Arguments arguments, CommandOptions options) {
  const auto envelope = split_envelope(arguments, "TO");
  if (!envelope) return std::unexpected(envelope.error());
  auto path = parse_forward_path(envelope->path.text, options.recipient_utf8);
  if (!path) {
    return std::unexpected(address_error(CommandErrorKind::bad_recipient_address, envelope->path,
                                         options.recipient_utf8, path.error()));
  }
  auto parameters = parse_rcpt_parameters(envelope->parameters.text, options.recipient_utf8);
  if (!parameters) return std::unexpected(parameter_error(envelope->parameters, parameters.error()));
  return Rcpt{std::move(*path), std::move(*parameters)};
}

/// chunk-size [SP "LAST"] (RFC 3030 §2), with any number of spaces between them.
Result bdat(Arguments arguments, CommandOptions /*options*/) {
  const auto text = trim(arguments.text);
  const auto digits = text.substr(0, text.find_first_of(" \t"));
  const auto rest = trim(text.substr(digits.size()));
  const auto size = parse_decimal(digits);
  if (!size || !(rest.empty() || iequals(rest, "LAST"))) {
    return error(CommandErrorKind::bad_chunk_size, arguments.offset);
  }
  return Bdat{*size, !rest.empty()};
}

/// NOOP takes a string that means nothing (RFC 5321 §4.1.1.9).
Result noop(Arguments /*arguments*/, CommandOptions /*options*/) { return Noop{}; }

bool is_text(std::string_view text) {
  return is_utf8(text) &&
         std::ranges::all_of(text, [](char c) { return is_printable(c) || is_wsp(c) || is_eight_bit(c); });
}

/// VRFY and EXPN: a user, a mailbox or a list, [SP "SMTPUTF8"] (RFC 6531 §3.7.4.2).
template <typename T>
Result query(Arguments arguments, CommandOptions /*options*/) {
  static constexpr std::string_view kSmtpUtf8 = " SMTPUTF8";
  auto text = arguments.text;
  const bool smtp_utf8 =
      text.size() > kSmtpUtf8.size() && iequals(text.substr(text.size() - kSmtpUtf8.size()), kSmtpUtf8);
  if (smtp_utf8) text.remove_suffix(kSmtpUtf8.size());
  if (trim(text).empty() || !is_text(text)) return syntax(arguments.offset);
  if (!smtp_utf8 && has_eight_bit(text)) return error(CommandErrorKind::utf8_not_announced, arguments.offset);
  return T{std::string{trim(text)}, smtp_utf8};
}

Result help(Arguments arguments, CommandOptions /*options*/) {
  if (!is_text(arguments.text)) return syntax(arguments.offset);
  return Help{std::string{arguments.text}};
}

/// sasl-mech [SP initial-response] (RFC 4954 §4)
Result auth(Arguments arguments, CommandOptions /*options*/) {
  const std::size_t space = arguments.text.find(' ');
  const auto mechanism = arguments.text.substr(0, space);
  const auto is_mechanism_octet = [](char c) { return is_alnum(c) || c == '-' || c == '_'; };
  if (mechanism.empty() || mechanism.size() > kMechanismMaxOctets ||
      !std::ranges::all_of(mechanism, is_mechanism_octet)) {
    return syntax(arguments.offset);
  }
  if (space == std::string_view::npos) return Auth{upper(mechanism), std::nullopt};
  const auto response = arguments.text.substr(space + 1);
  if (response.empty() || !std::ranges::all_of(response, is_printable)) return syntax(arguments.offset + space + 1);
  return Auth{upper(mechanism), std::string{response}};
}

struct Verb {
  std::string_view name;
  std::size_t line_max_octets;
  Result (*parse)(Arguments, CommandOptions);
};

constexpr Verb kVerbs[] = {
    {"EHLO", kCommandLineMaxOctets, hello<Ehlo>}, {"HELO", kCommandLineMaxOctets, hello<Helo>},
    {"LHLO", kCommandLineMaxOctets, hello<Lhlo>}, {"MAIL", kEnvelopeLineMaxOctets, mail},
    {"RCPT", kEnvelopeLineMaxOctets, rcpt},       {"DATA", kCommandLineMaxOctets, bare<Data>},
    {"BDAT", kCommandLineMaxOctets, bdat},        {"RSET", kCommandLineMaxOctets, bare<Rset>},
    {"NOOP", kCommandLineMaxOctets, noop},        {"VRFY", kCommandLineMaxOctets, query<Vrfy>},
    {"EXPN", kCommandLineMaxOctets, query<Expn>}, {"HELP", kCommandLineMaxOctets, help},
    {"QUIT", kCommandLineMaxOctets, bare<Quit>},  {"STARTTLS", kCommandLineMaxOctets, bare<StartTls>},
    {"AUTH", kAuthLineMaxOctets, auth},
};

std::string with_text(std::string_view verb, const std::string& text) {
  return std::string{verb} + (text.empty() ? "" : " " + text);
}

struct Printer {
  std::string operator()(const Helo& helo) const { return "HELO " + helo.client_name; }
  std::string operator()(const Ehlo& ehlo) const { return "EHLO " + ehlo.client_name; }
  std::string operator()(const Lhlo& lhlo) const { return "LHLO " + lhlo.client_name; }
  std::string operator()(const Mail& mail) const {
    return "MAIL FROM:" + to_string(mail.reverse_path) + to_string(mail.parameters);
  }
  std::string operator()(const Rcpt& rcpt) const {
    return "RCPT TO:" + to_string(rcpt.forward_path) + to_string(rcpt.parameters);
  }
  std::string operator()(const Data& /*data*/) const { return "DATA"; }
  std::string operator()(const Bdat& bdat) const {
    return "BDAT " + std::to_string(bdat.chunk_octets) + (bdat.last ? " LAST" : "");
  }
  std::string operator()(const Rset& /*rset*/) const { return "RSET"; }
  std::string operator()(const Noop& /*noop*/) const { return "NOOP"; }
  std::string operator()(const Vrfy& vrfy) const {
    return "VRFY " + vrfy.text + (vrfy.smtp_utf8 ? " SMTPUTF8" : "");
  }
  std::string operator()(const Expn& expn) const {
    return "EXPN " + expn.text + (expn.smtp_utf8 ? " SMTPUTF8" : "");
  }
  std::string operator()(const Help& help) const { return with_text("HELP", help.text); }
  std::string operator()(const Quit& /*quit*/) const { return "QUIT"; }
  std::string operator()(const StartTls& /*start_tls*/) const { return "STARTTLS"; }
  std::string operator()(const Auth& auth) const {
    return with_text("AUTH " + auth.mechanism, auth.initial_response.value_or(""));
  }
};

}  // namespace

std::expected<Command, CommandError> parse_command(std::string_view line, CommandOptions options) {
  const std::size_t line_octets = line.size() + kCrlf.size();
  while (!line.empty() && is_wsp(line.back())) line.remove_suffix(1);
  const auto name = line.substr(0, line.find_first_of(" \t"));
  const auto* verb = std::ranges::find_if(kVerbs, [name](const Verb& known) { return iequals(known.name, name); });
  if (verb == std::end(kVerbs)) {
    return error(is_http_request(line) ? CommandErrorKind::http_request : CommandErrorKind::unknown_command, 0);
  }
  if (line_octets > verb->line_max_octets) {
    const bool chunk = verb->parse == bdat;
    return error(chunk ? CommandErrorKind::bad_chunk_size : CommandErrorKind::line_too_long, verb->line_max_octets);
  }
  const std::size_t offset = std::min(name.size() + 1, line.size());
  return verb->parse({line.substr(offset), offset}, options);
}

std::string to_line(const Command& command) { return std::visit(Printer{}, command); }

}  // namespace posthaste::smtp
