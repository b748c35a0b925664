// The reading end of a command: a place in its octets, and the terminal rules that every command is made of.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/imap/mailbox_name.h"
#include "common/imap/syntax_error.h"

namespace posthaste::imap {

/// How many octets a string argument may have; a message is read by literal() and bounded by its session.
inline constexpr std::size_t kStringMaxOctets = 65'536;

/// The octets of a literal in place, still where the command holds them.
struct Literal {
  std::string_view octets;
  bool binary = false;  // announced as literal8
};

/// A place in a command. Each rule either moves past what it reads and returns it, or returns an error at the
/// octet that does not fit. Views live as long as the command's octets.
class Cursor {
 public:
  explicit Cursor(std::string_view octets, MailboxEncoding encoding = MailboxEncoding::modified_utf7)
      : octets_(octets), encoding_(encoding) {}

  [[nodiscard]] bool at_end() const { return offset_ == octets_.size(); }
  [[nodiscard]] std::size_t offset() const { return offset_; }
  [[nodiscard]] std::string_view rest() const { return octets_.substr(offset_); }
  [[nodiscard]] bool next_is(char c) const { return !at_end() && octets_[offset_] == c; }
  /// Nothing has been read when it is not `prefix`, compared without case, that comes next.
  bool skip(std::string_view prefix);
  bool skip(char c);
  /// As far as `belongs` holds; possibly nothing.
  std::string_view take_while(bool (*belongs)(char));
  void skip_spaces();
  /// Goes back to a place it has been at.
  void rewind(std::size_t offset) { offset_ = offset; }

  [[nodiscard]] std::unexpected<SyntaxError> error(SyntaxErrorKind kind = SyntaxErrorKind::syntax) const;
  [[nodiscard]] std::unexpected<SyntaxError> error_at(std::size_t offset, SyntaxErrorKind kind) const;

  Parsed<void> expect(char c);
  Parsed<void> space() { return expect(' '); }
  Parsed<std::string_view> atom();
  /// A word of the grammar: letters, digits and "._-", up to anything else.
  Parsed<std::string_view> label();
  Parsed<std::string> quoted();
  Parsed<Literal> literal();
  Parsed<std::string> string();
  Parsed<std::string> astring();
  Parsed<std::optional<std::string>> nstring();
  Parsed<std::uint32_t> nz_number();
  Parsed<std::uint64_t> number64();
  Parsed<std::uint64_t> nz_number64();
  /// A mailbox's canonical name, in UTF-8. Errors: syntax; bad_mailbox_name.
  Parsed<std::string> mailbox();
  /// A LIST pattern or reference, in UTF-8 (list-mailbox); nothing for one in no encoding of names, which no name
  /// fits. Errors: syntax; too_long.
  Parsed<std::optional<std::string>> list_mailbox();

  /// "(" rule *(SP rule) ")", or "()"; spaces at its inner edges are forgiven. `rule` takes a Cursor&, and
  /// `count_max` bounds what it yields. Errors: those of the rule; too_long.
  template <typename Rule>
  auto list_of(Rule rule, std::size_t count_max)
      -> Parsed<std::vector<typename decltype(rule(*this))::value_type>> {
    std::vector<typename decltype(rule(*this))::value_type> items;
    if (auto open = expect('('); !open) return std::unexpected(open.error());
    skip_spaces();
    while (!skip(')')) {
      if (items.size() == count_max) return error(SyntaxErrorKind::too_long);
      auto item = rule(*this);
      if (!item) return std::unexpected(item.error());
      items.push_back(std::move(*item));
      if (next_is(')')) continue;
      if (auto gap = space(); !gap) return std::unexpected(gap.error());
      skip_spaces();
    }
    return items;
  }

 private:
  Parsed<std::uint64_t> digits(std::uint64_t max);

  std::string_view octets_;
  std::size_t offset_ = 0;
  MailboxEncoding encoding_;
};

}  // namespace posthaste::imap
