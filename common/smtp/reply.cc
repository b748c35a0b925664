#include "common/smtp/reply.h"

#include <algorithm>
#include <array>
#include <utility>

#include "common/base/octets.h"

namespace posthaste::smtp {
namespace {

constexpr std::size_t kCodeDigits = 3;

/// The enhanced code that `text` starts with, and the text behind it (RFC 2034 §4).
struct CodedText {
  EnhancedCode code;
  std::string_view text;
};

/// A number of one to three digits, taken from the front of `text`.
std::optional<int> take_number(std::string_view& text) {
  const auto end = std::ranges::find_if_not(text, is_digit);
  const auto digits = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  if (digits.size() > 3) return std::nullopt;
  const auto number = parse_decimal(digits);
  if (!number) return std::nullopt;
  text.remove_prefix(digits.size());
  return static_cast<int>(*number);
}

std::optional<CodedText> split_enhanced_code(std::string_view text) {
  std::array<int, 3> parts{};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i != 0) {
      if (!text.starts_with('.')) return std::nullopt;
      text.remove_prefix(1);
    }
    const auto number = take_number(text);
    if (!number) return std::nullopt;
    parts[i] = *number;
  }
  if (!text.empty() && text.front() != ' ') return std::nullopt;
  return CodedText{{parts[0], parts[1], parts[2]}, text.substr(text.empty() ? 0 : 1)};
}

}  // namespace

Reply::Reply(int reply_code, std::string text) : code(reply_code), lines{std::move(text)} {}
Reply::Reply(int reply_code, EnhancedCode enhanced, std::string text)
    : code(reply_code), enhanced_code(enhanced), lines{std::move(text)} {}

ReplyClass reply_class(int code) noexcept {
  if (code < 300) return ReplyClass::completion;
  if (code < 400) return ReplyClass::intermediate;
  if (code < 500) return ReplyClass::transient;
  return ReplyClass::permanent;
}

bool is_positive(const Reply& reply) noexcept { return reply.code < 400; }
bool is_transient(const Reply& reply) noexcept { return reply_class(reply.code) == ReplyClass::transient; }
bool is_permanent(const Reply& reply) noexcept { return reply_class(reply.code) == ReplyClass::permanent; }

std::string to_string(const EnhancedCode& code) {
  return std::to_string(code.status_class) + "." + std::to_string(code.subject) + "." + std::to_string(code.detail);
}

std::string to_wire(const Reply& reply) {
  const auto says_nothing = [](char c) { return !is_printable(c) && !is_wsp(c) && !is_eight_bit(c); };
  const std::string code = std::to_string(reply.code);
  const std::string enhanced = reply.enhanced_code ? to_string(*reply.enhanced_code) + " " : "";
  const std::size_t text_max_octets = kReplyLineMaxOctets - code.size() - 1 - enhanced.size() - kCrlf.size();
  std::string wire;
  for (std::size_t i = 0; i < reply.lines.size(); ++i) {
    const auto text = std::string_view{reply.lines[i]}.substr(0, text_max_octets);
    wire.append(code).append(i + 1 == reply.lines.size() ? " " : "-").append(enhanced).append(text);
    std::replace_if(wire.end() - static_cast<std::ptrdiff_t>(text.size()), wire.end(), says_nothing, '?');
    wire += kCrlf;
  }
  return wire;
}

std::expected<ReplyLine, ParseError> parse_reply_line(std::string_view line) {
  if (line.empty() || line.front() < '2' || line.front() > '5') {
    return std::unexpected(ParseError{ParseErrorKind::syntax, 0});
  }
  const auto digits = line.substr(0, kCodeDigits);
  if (digits.size() < kCodeDigits || !std::ranges::all_of(digits, is_digit)) {
    return ReplyLine{(line.front() - '0') * 100, true, std::string{line}};
  }
  const int code = (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0');
  line.remove_prefix(kCodeDigits);
  const bool last = !line.starts_with('-');
  if (!last || (!line.empty() && is_wsp(line.front()))) line.remove_prefix(1);
  return ReplyLine{code, last, std::string{line}};
}

std::optional<Reply> join_reply(std::span<const ReplyLine> lines) {
  if (lines.empty()) return std::nullopt;
  for (const auto& line : lines) {
    if (line.last != (&line == &lines.back())) return std::nullopt;
  }
  Reply reply{lines.back().code, ""};
  reply.lines.clear();
  for (const auto& line : lines) {
    const auto coded = split_enhanced_code(line.text);
    const bool agrees = coded && coded->code.status_class == reply.code / 100;
    if (agrees && !reply.enhanced_code) reply.enhanced_code = coded->code;
    const bool repeats = agrees && coded->code == *reply.enhanced_code;
    reply.lines.emplace_back(repeats ? coded->text : std::string_view{line.text});
  }
  return reply;
}

}  // namespace posthaste::smtp
