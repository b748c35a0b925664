#include "common/smtp/path.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "common/base/octets.h"

namespace posthaste::smtp {
namespace {

using Unexpected = std::unexpected<ParseError>;

/// atext (RFC 5322 §3.2.3), save the letters beyond ASCII.
constexpr bool is_atext(char c) noexcept {
  return is_alnum(c) || std::string_view{"!#$%&'*+-/=?^_`{|}~"}.find(c) != std::string_view::npos;
}

/// Octets of the UTF8-non-ascii character at `at` (RFC 6531 §3.3), 0 if there is none.
std::size_t utf8_non_ascii(std::string_view text, std::size_t at) noexcept {
  if (at >= text.size() || !is_eight_bit(text[at])) return 0;
  const auto lead = static_cast<unsigned char>(text[at]);
  const std::size_t length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  return is_utf8(text.substr(at, length)) ? length : 0;
}

/// An address as inet_pton(3) reads it.
struct Literal {
  int family = AF_INET;
  in6_addr address{};  // room for either kind
};

std::optional<Literal> parse_literal(std::string_view text) noexcept {
  static constexpr std::string_view kIpv6Tag = "IPv6:";
  if (text.size() < 2 || text.front() != '[' || text.back() != ']') return std::nullopt;
  auto address = text.substr(1, text.size() - 2);
  const bool ipv6 = istarts_with(address, kIpv6Tag);
  if (ipv6) address.remove_prefix(kIpv6Tag.size());
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (address.size() >= terminated.size() || address.find('\0') != std::string_view::npos) return std::nullopt;
  std::ranges::copy(address, terminated.begin());
  Literal literal{ipv6 ? AF_INET6 : AF_INET, {}};
  if (inet_pton(literal.family, terminated.data(), &literal.address) != 1) return std::nullopt;
  return literal;
}

/// One function per rule of RFC 5321 §4.1.2, each starting where the one before stopped. A rule that does not fit
/// leaves `at_` on the octet that is to blame.
class PathParser {
 public:
  PathParser(std::string_view text, Utf8 utf8) : text_(text), utf8_(utf8) {}

  std::expected<ReversePath, ParseError> reverse_path() {
    if (text_ == "<>") return ReversePath{};
    auto mailbox = path();
    if (!mailbox) return Unexpected{mailbox.error()};
    return ReversePath{std::move(*mailbox)};
  }

  std::expected<ForwardPath, ParseError> forward_path() {
    if (iequals(text_, "<Postmaster>")) return LocalPostmaster{};
    auto mailbox = path();
    if (!mailbox) return Unexpected{mailbox.error()};
    return ForwardPath{std::move(*mailbox)};
  }

  std::expected<Mailbox, ParseError> path() {
    if (text_.size() > kPathMaxOctets) return Unexpected{{ParseErrorKind::too_long, kPathMaxOctets}};
    const bool bracketed = take('<');
    if (!source_route()) return syntax();
    auto parsed = mailbox();
    if (!parsed) return parsed;
    if (take('>') != bracketed || !done()) return syntax();
    return parsed;
  }

  std::expected<Mailbox, ParseError> whole_mailbox() {
    auto parsed = mailbox();
    if (parsed && !done()) return syntax();
    return parsed;
  }

  bool whole_domain() { return domain(Labels::strict) && done() && text_.size() <= kDomainMaxOctets; }

 private:
  enum class Labels {
    strict,
    loose
  };  // RFC 5321's, or with "_" and hyphens anywhere as host names in use have them

  bool done() const noexcept { return at_ == text_.size(); }
  bool sees(char c) const noexcept { return !done() && text_[at_] == c; }
  bool take(char c) noexcept {
    if (!sees(c)) return false;
    ++at_;
    return true;
  }
  Unexpected syntax() const { return Unexpected{{ParseErrorKind::syntax, at_}}; }

  bool take_atext() noexcept {
    if (done() || !is_atext(text_[at_])) return false;
    ++at_;
    return true;
  }

  /// A character beyond ASCII, where these are allowed.
  bool take_utf8() noexcept {
    if (utf8_ == Utf8::refused) return false;
    const std::size_t length = utf8_non_ascii(text_, at_);
    at_ += length;
    return length != 0;
  }

  /// [ A-d-l ":" ]
  bool source_route() {
    if (!sees('@')) return true;
    do {
      if (!take('@') || !domain(Labels::loose)) return false;
    } while (take(','));
    return take(':');
  }

  std::expected<Mailbox, ParseError> mailbox() {
    const std::size_t start = at_;
    Mailbox parsed;
    parsed.quoted = sees('"');
    if (parsed.quoted ? !quoted_string(parsed.local_part) : !dotted_atoms(parsed.local_part)) return syntax();
    if (at_ - start > kLocalPartMaxOctets) {
      return Unexpected{{ParseErrorKind::too_long, start + kLocalPartMaxOctets}};
    }
    if (!take('@')) return syntax();
    const std::size_t domain_start = at_;
    const bool literal = sees('[');
    if (literal ? !address_literal() : !domain(Labels::loose)) return syntax();
    if (at_ - domain_start > kDomainMaxOctets) {
      return Unexpected{{ParseErrorKind::too_long, domain_start + kDomainMaxOctets}};
    }
    parsed.domain = text_.substr(domain_start, at_ - domain_start);
    if (!literal) take('.');  // the root, which says nothing (RFC 1034 §3.1)
    return parsed;
  }

  /// RFC 5321's Dot-string, Atom *("." Atom), and what mobile operators gave out: dots in pairs and at either end.
  bool dotted_atoms(std::string& local_part) {
    const std::size_t start = at_;
    while (take_atext() || take_utf8() || take('.')) continue;
    local_part = text_.substr(start, at_ - start);
    return !local_part.empty();
  }

  /// DQUOTE *QcontentSMTP DQUOTE
  bool quoted_string(std::string& local_part) {
    take('"');
    while (!take('"')) {
      const std::size_t start = at_;
      if (take_utf8()) {
        local_part += text_.substr(start, at_ - start);
        continue;
      }
      take('\\');
      if (done() || (!is_printable(text_[at_]) && text_[at_] != ' ')) return false;
      local_part += text_[at_++];
    }
    return true;
  }

  /// sub-domain *("." sub-domain)
  bool domain(Labels labels) {
    do {
      if (!sub_domain(labels)) return false;
    } while (!sees_last_dot() && take('.'));
    return true;
  }
  bool sees_last_dot() const noexcept { return at_ + 1 >= text_.size() || text_[at_ + 1] == '>'; }

  /// Let-dig [Ldh-str], or a U-label. That one is bounded by the domain alone: its 63 octets count in A-label form.
  bool sub_domain(Labels labels) {
    const std::size_t start = at_;
    const bool loose = labels == Labels::loose;
    bool ascii = true;
    while (!done()) {
      if (is_alnum(text_[at_]) || (sees('-') && (loose || at_ != start)) || (sees('_') && loose)) {
        ++at_;
      } else if (take_utf8()) {
        ascii = false;
      } else {
        break;
      }
    }
    if (ascii && at_ - start > kLabelMaxOctets) {
      at_ = start + kLabelMaxOctets;
      return false;
    }
    return at_ != start && (loose || text_[at_ - 1] != '-');
  }

  bool address_literal() {
    const std::size_t close = text_.find(']', at_);
    if (close == std::string_view::npos || !is_address_literal(text_.substr(at_, close + 1 - at_))) return false;
    at_ = close + 1;
    return true;
  }

  std::string_view text_;
  Utf8 utf8_;
  std::size_t at_ = 0;
};

}  // namespace

std::expected<ReversePath, ParseError> parse_reverse_path(std::string_view text, Utf8 utf8) {
  return PathParser{text, utf8}.reverse_path();
}

std::expected<ForwardPath, ParseError> parse_forward_path(std::string_view text, Utf8 utf8) {
  return PathParser{text, utf8}.forward_path();
}

std::expected<Mailbox, ParseError> parse_mailbox(std::string_view text, Utf8 utf8) {
  return PathParser{text, utf8}.whole_mailbox();
}

bool is_domain(std::string_view text, Utf8 utf8) noexcept { return PathParser{text, utf8}.whole_domain(); }

bool is_address_literal(std::string_view text) noexcept { return parse_literal(text).has_value(); }

std::optional<std::string> address_in_literal(std::string_view text) {
  const auto literal = parse_literal(text);
  if (!literal) return std::nullopt;
  std::array<char, INET6_ADDRSTRLEN> printed{};
  return std::string{inet_ntop(literal->family, &literal->address, printed.data(), printed.size())};
}

Mailbox mailbox_of(const ForwardPath& path, std::string_view own_domain) {
  if (const auto* mailbox = std::get_if<Mailbox>(&path)) return *mailbox;
  return {"postmaster", std::string{own_domain}};
}

std::string to_string(const Mailbox& mailbox) {
  const auto is_atom_octet = [](char c) { return is_atext(c) || is_eight_bit(c) || c == '.'; };
  const auto& local_part = mailbox.local_part;
  const bool is_plain = !local_part.empty() && std::ranges::all_of(local_part, is_atom_octet);
  if (is_plain && !mailbox.quoted) return local_part + "@" + mailbox.domain;
  std::string text{'"'};
  for (const char c : local_part) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text + "\"@" + mailbox.domain;
}

std::string to_string(const ReversePath& path) { return path ? "<" + to_string(*path) + ">" : "<>"; }

std::string to_string(const ForwardPath& path) {
  const auto* mailbox = std::get_if<Mailbox>(&path);
  return mailbox != nullptr ? "<" + to_string(*mailbox) + ">" : "<Postmaster>";
}

}  // namespace posthaste::smtp
