#include "common/auth/address.h"

#include <cstddef>

#include "common/base/idna.h"
#include "common/base/octets.h"

namespace posthaste::auth {
namespace {

constexpr std::size_t kLabelMaxOctets = 63;  // RFC 1035 §2.3.4

bool is_atext(char c) {  // RFC 5322 §3.2.3, RFC 6531 §3.3
  constexpr std::string_view kMarks = "!#$%&'*+-/=?^_`{|}~";
  return is_alnum(c) || is_eight_bit(c) || kMarks.find(c) != std::string_view::npos;
}

bool is_let_dig(char c) { return is_alnum(c) || is_eight_bit(c); }

std::unexpected<ParseError> syntax_at(std::size_t offset) {
  return std::unexpected(ParseError{ParseErrorKind::syntax, offset});
}

std::unexpected<ParseError> too_long_at(std::size_t offset) {
  return std::unexpected(ParseError{ParseErrorKind::too_long, offset});
}

/// Dot-string: atoms with single dots between them (RFC 5321 §4.1.2).
std::expected<std::string, ParseError> parse_local_part(std::string_view text) {
  bool inside_atom = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '.' ? !inside_atom : !is_atext(text[i])) return syntax_at(i);
    inside_atom = text[i] != '.';
  }
  if (!inside_atom) return syntax_at(text.size());
  if (text.size() > kLocalPartMaxOctets) return too_long_at(kLocalPartMaxOctets);
  if (!is_utf8(text)) return syntax_at(0);
  return lower(text);
}

/// sub-domain: a letter or digit at both ends, hyphens within (RFC 5321 §4.1.2).
std::expected<void, ParseError> check_label(std::string_view label) {
  for (std::size_t i = 0; i < label.size(); ++i) {
    const bool at_an_end = i == 0 || i + 1 == label.size();
    if (!is_let_dig(label[i]) && (at_an_end || label[i] != '-')) return syntax_at(i);
  }
  if (label.empty()) return syntax_at(0);
  if (label.size() > kLabelMaxOctets) return too_long_at(kLabelMaxOctets);
  return {};
}

}  // namespace

std::string to_string(const Address& address) { return address.local_part + "@" + address.domain; }

namespace {

std::expected<void, ParseError> check_domain(std::string_view text) {
  std::size_t start = 0;
  while (true) {
    const auto label = text.substr(start, text.substr(start).find('.'));
    const auto checked = check_label(label);
    if (!checked) return std::unexpected(ParseError{checked.error().kind, start + checked.error().offset});
    start += label.size();
    if (start == text.size()) break;
    ++start;
  }
  if (text.size() > kDomainMaxOctets) return too_long_at(kDomainMaxOctets);
  if (!is_utf8(text)) return syntax_at(0);
  return {};
}

}  // namespace

std::expected<std::string, ParseError> parse_domain(std::string_view text) {
  std::string folded = fold_domain(text);
  const auto checked = check_domain(folded);
  if (!checked) {
    const auto as_written = check_domain(text);
    return std::unexpected(as_written ? ParseError{checked.error().kind, 0} : as_written.error());
  }
  return folded;
}

std::expected<Address, ParseError> parse_address(std::string_view text) {
  const auto at = text.find('@');
  auto local_part = parse_local_part(text.substr(0, at));
  if (!local_part) return std::unexpected(local_part.error());
  if (at == std::string_view::npos) return syntax_at(text.size());
  auto domain = parse_domain(text.substr(at + 1));
  if (!domain) return std::unexpected(ParseError{domain.error().kind, at + 1 + domain.error().offset});
  return Address{std::move(*local_part), std::move(*domain)};
}

std::string fold_address(std::string_view text) {
  const auto at = text.rfind('@');
  if (at == std::string_view::npos) return lower(text);
  return lower(text.substr(0, at)) + "@" + fold_domain(text.substr(at + 1));
}

std::expected<Address, ParseError> parse_alias_address(std::string_view text) {
  if (!text.starts_with('@')) return parse_address(text);
  auto domain = parse_domain(text.substr(1));
  if (!domain) return std::unexpected(ParseError{domain.error().kind, 1 + domain.error().offset});
  return Address{"", std::move(*domain)};
}

Subaddress split_subaddress(std::string_view local_part, std::optional<char> delimiter) noexcept {
  if (!delimiter) return {local_part, std::nullopt};
  const auto found = local_part.find(*delimiter, 1);
  if (found == std::string_view::npos) return {local_part, std::nullopt};
  return {local_part.substr(0, found), local_part.substr(found + 1)};
}

}  // namespace posthaste::auth
