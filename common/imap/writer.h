// Writes the pieces of responses to the end of a string (RFC 9051 §4 and §7).
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/base/ids.h"
#include "common/imap/date.h"
#include "common/imap/flags.h"
#include "common/imap/mailbox_name.h"

namespace posthaste::imap {

/// A quoted string is at most this long; beyond it a literal is sent, so that lines stay short (RFC 2683 §3.2.1.5).
inline constexpr std::size_t kQuotedMaxOctets = 1'024;

/// Appends to `out`, which must outlive it. Separators are the caller's: space(), open() and close().
class ResponseWriter {
 public:
  explicit ResponseWriter(std::string& out, MailboxEncoding encoding = MailboxEncoding::modified_utf7)
      : out_(out), encoding_(encoding) {}

  /// `text` as it is: atoms, response names, punctuation.
  void raw(std::string_view text) { out_.append(text); }
  void space() { out_.push_back(' '); }
  void open() { out_.push_back('('); }
  void close() { out_.push_back(')'); }
  void crlf() { out_.append("\r\n", 2); }
  void nil() { out_.append("NIL", 3); }
  void number(std::uint64_t value) {
    char digits[20];  // 2^64 - 1 has twenty
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    out_.append(digits, end);
  }

  /// Quoted when the text is short printable US-ASCII, otherwise a literal.
  void string(std::string_view text);
  /// The same, or NIL.
  void nstring(const std::optional<std::string>& text);
  /// An atom when it can be one, otherwise a string.
  void astring(std::string_view text);
  /// "{n}" CRLF and the octets. NUL, which no literal may hold, becomes 0x80 (RFC 9051 §4.3).
  void literal(std::string_view octets);
  /// "~{n}" CRLF and the octets, whatever they are (RFC 3516).
  void literal8(std::string_view octets);
  /// A mailbox's name, given in UTF-8, as this session's names travel.
  void mailbox(std::string_view name);
  /// "(\Seen $Forwarded)".
  void flags(const Flags& flags);
  /// `" 1-Feb-1994 21:52:25 -0800"`.
  void date_time(const DateTime& date_time);
  /// "1:3,5".
  void uids(std::span<const Uid> uids);

 private:
  std::string& out_;
  MailboxEncoding encoding_;
};

}  // namespace posthaste::imap
