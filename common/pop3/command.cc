#include "common/pop3/command.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "common/base/ids.h"
#include "common/base/octets.h"

namespace posthaste::pop3 {
namespace {

using Result = std::expected<Command, CommandError>;

constexpr std::size_t kMechanismMaxOctets = 20;  // RFC 4422 §3.1
constexpr std::size_t kDigestDigits = 32;        // RFC 1939 §7

std::unexpected<CommandError> error(CommandError kind) { return std::unexpected(kind); }

std::expected<MessageNumber, CommandError> message_number(std::string_view text) {
  const auto value = parse_decimal(text);
  if (!value || *value == 0 || *value > std::numeric_limits<std::uint32_t>::max()) {
    return error(CommandError::bad_message_number);
  }
  return static_cast<MessageNumber>(*value);
}

/// A name or password: UTF-8 without control characters.
std::expected<std::string, CommandError> credential(std::string_view text) {
  if (!is_utf8(text)) return error(CommandError::not_utf8);
  const auto is_control = [](char c) { return !is_printable(c) && !is_wsp(c) && !is_eight_bit(c); };
  if (text.empty() || std::ranges::any_of(text, is_control)) return error(CommandError::syntax);
  return std::string{text};
}

/// A command that stands alone.
template <typename T>
Result bare(std::string_view arguments) {
  if (!arguments.empty()) return error(CommandError::syntax);
  return T{};
}

/// A command on one message.
template <typename T>
Result on_message(std::string_view arguments) {
  if (arguments.empty()) return error(CommandError::syntax);
  const auto message = message_number(arguments);
  if (!message) return error(message.error());
  return T{*message};
}

/// A command on one message or on all.
template <typename T>
Result on_messages(std::string_view arguments) {
  if (arguments.empty()) return T{};
  const auto message = message_number(arguments);
  if (!message) return error(message.error());
  return T{*message};
}

Result user(std::string_view arguments) {
  auto name = credential(arguments);
  if (!name) return error(name.error());
  return User{std::move(*name)};
}

Result pass(std::string_view arguments) {
  auto password = credential(arguments);
  if (!password) return error(password.error());
  return Pass{std::move(*password)};
}

/// name SP digest
Result apop(std::string_view arguments) {
  const std::size_t space = arguments.rfind(' ');
  if (space == std::string_view::npos) return error(CommandError::syntax);
  auto name = credential(arguments.substr(0, space));
  if (!name) return error(name.error());
  const auto digest = arguments.substr(space + 1);
  if (digest.size() != kDigestDigits || !std::ranges::all_of(digest, is_hex)) return error(CommandError::syntax);
  return Apop{std::move(*name), lower(digest)};
}

/// [mechanism [SP initial-response]] (RFC 5034 §4)
Result auth(std::string_view arguments) {
  if (arguments.empty()) return Auth{};
  const std::size_t space = arguments.find(' ');
  const auto mechanism = arguments.substr(0, space);
  const auto is_mechanism_octet = [](char c) { return is_alnum(c) || c == '-' || c == '_'; };
  if (mechanism.empty() || mechanism.size() > kMechanismMaxOctets ||
      !std::ranges::all_of(mechanism, is_mechanism_octet)) {
    return error(CommandError::syntax);
  }
  if (space == std::string_view::npos) return Auth{upper(mechanism), std::nullopt};
  const auto response = arguments.substr(space + 1);
  if (response.empty() || !std::ranges::all_of(response, is_printable)) return error(CommandError::syntax);
  return Auth{upper(mechanism), std::string{response}};
}

/// msg SP n (RFC 1939 §7)
Result top(std::string_view arguments) {
  const std::size_t space = arguments.find(' ');
  if (space == std::string_view::npos) return error(CommandError::syntax);
  const auto message = message_number(arguments.substr(0, space));
  if (!message) return error(message.error());
  const auto body_lines = parse_decimal(arguments.substr(space + 1));
  if (!body_lines) return error(CommandError::syntax);
  return Top{*message, *body_lines};
}

/// "*" or 1*8ALPHA *("-" 1*8alphanum) (RFC 4647 §2.1)
bool is_language_range(std::string_view text) {
  if (text == "*") return true;
  for (bool first = true;; first = false) {
    const std::size_t hyphen = text.find('-');
    const auto subtag = text.substr(0, hyphen);
    const bool fits = first ? std::ranges::all_of(subtag, is_alpha) : std::ranges::all_of(subtag, is_alnum);
    if (!fits || subtag.empty() || subtag.size() > 8) return false;
    if (hyphen == std::string_view::npos) return true;
    text.remove_prefix(hyphen + 1);
  }
}

Result lang(std::string_view arguments) {
  if (arguments.empty()) return Lang{};
  if (!is_language_range(arguments)) return error(CommandError::syntax);
  return Lang{std::string{arguments}};
}

struct Keyword {
  std::string_view name;
  Result (*parse)(std::string_view arguments);
};

constexpr Keyword kKeywords[] = {
    {"USER", user},
    {"PASS", pass},
    {"APOP", apop},
    {"AUTH", auth},
    {"CAPA", bare<Capa>},
    {"STLS", bare<Stls>},
    {"STAT", bare<Stat>},
    {"LIST", on_messages<List>},
    {"UIDL", on_messages<Uidl>},
    {"RETR", on_message<Retr>},
    {"TOP", top},
    {"DELE", on_message<Dele>},
    {"NOOP", bare<Noop>},
    {"RSET", bare<Rset>},
    {"QUIT", bare<Quit>},
    {"UTF8", bare<Utf8>},
    {"LANG", lang},
};

std::string to_string(MessageNumber message) { return std::to_string(number(message)); }

std::string with_message(std::string keyword, const std::optional<MessageNumber>& message) {
  return message ? keyword + " " + to_string(*message) : keyword;
}

struct Printer {
  std::string operator()(const User& user) const { return "USER " + user.name; }
  std::string operator()(const Pass& pass) const { return "PASS " + pass.password; }
  std::string operator()(const Apop& apop) const { return "APOP " + apop.name + " " + apop.digest; }
  std::string operator()(const Auth& auth) const {
    return "AUTH" + (auth.mechanism ? " " + *auth.mechanism : "") +
           (auth.initial_response ? " " + *auth.initial_response : "");
  }
  std::string operator()(const Capa& /*capa*/) const { return "CAPA"; }
  std::string operator()(const Stls& /*stls*/) const { return "STLS"; }
  std::string operator()(const Stat& /*stat*/) const { return "STAT"; }
  std::string operator()(const List& list) const { return with_message("LIST", list.message); }
  std::string operator()(const Uidl& uidl) const { return with_message("UIDL", uidl.message); }
  std::string operator()(const Retr& retr) const { return with_message("RETR", retr.message); }
  std::string operator()(const Top& top) const {
    return with_message("TOP", top.message) + " " + std::to_string(top.body_lines);
  }
  std::string operator()(const Dele& dele) const { return with_message("DELE", dele.message); }
  std::string operator()(const Noop& /*noop*/) const { return "NOOP"; }
  std::string operator()(const Rset& /*rset*/) const { return "RSET"; }
  std::string operator()(const Quit& /*quit*/) const { return "QUIT"; }
  std::string operator()(const Utf8& /*utf8*/) const { return "UTF8"; }
  std::string operator()(const Lang& lang) const { return "LANG" + (lang.range ? " " + *lang.range : ""); }
};

}  // namespace

std::expected<Command, CommandError> parse_command(std::string_view line) {
  const std::size_t line_octets = line.size() + kCrlf.size();
  auto text = line;
  while (!text.empty() && is_wsp(text.back())) text.remove_suffix(1);
  const auto name = text.substr(0, text.find(' '));
  const auto is = [name](std::string_view keyword) { return iequals(keyword, name); };
  const auto* keyword = std::ranges::find_if(kKeywords, is, &Keyword::name);
  if (keyword == std::end(kKeywords)) return error(CommandError::unknown_command);
  if (line_octets > (is("AUTH") ? kAuthLineMaxOctets : kCommandLineMaxOctets)) {
    return error(CommandError::line_too_long);
  }
  if (is("PASS")) text = line;
  return keyword->parse(text.substr(std::min(name.size() + 1, text.size())));
}

std::string to_line(const Command& command) { return std::visit(Printer{}, command); }

}  // namespace posthaste::pop3
