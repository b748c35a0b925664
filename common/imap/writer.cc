#include "common/imap/writer.h"

#include <algorithm>

#include "common/imap/sequence_set.h"
#include "common/imap/syntax.h"

namespace posthaste::imap {

namespace {

bool may_be_quoted(std::string_view text) {
  if (text.size() > kQuotedMaxOctets) return false;
  for (const char c : text) {
    if (!is_printable(c) && c != ' ') return false;
  }
  return true;
}

bool needs_escape(std::string_view text) { return text.find_first_of("\"\\") != std::string_view::npos; }

void append_quoted(std::string& out, std::string_view text) {
  out.push_back('"');
  if (needs_escape(text)) {
    for (const char c : text) {
      if (is_quoted_special(c)) out.push_back('\\');
      out.push_back(c);
    }
  } else {
    out.append(text);
  }
  out.push_back('"');
}

bool may_be_astring_atom(std::string_view text) {
  // "NIL" as an atom could be read as nothing at all.
  return !text.empty() && !iequals(text, "NIL") && std::ranges::all_of(text, is_astring_char);
}

}  // namespace

void ResponseWriter::string(std::string_view text) {
  if (may_be_quoted(text)) {
    append_quoted(out_, text);
  } else {
    literal(text);
  }
}

void ResponseWriter::nstring(const std::optional<std::string>& text) {
  if (text) {
    string(*text);
  } else {
    nil();
  }
}

void ResponseWriter::astring(std::string_view text) {
  if (may_be_astring_atom(text)) {
    raw(text);
  } else {
    string(text);
  }
}

void ResponseWriter::literal(std::string_view octets) {
  out_.push_back('{');
  number(octets.size());
  out_.append("}\r\n", 3);
  const auto start = out_.size();
  out_.append(octets);
  replace_nul(out_, start);
}

void ResponseWriter::literal8(std::string_view octets) {
  out_.append("~{", 2);
  number(octets.size());
  out_.append("}\r\n", 3);
  out_.append(octets);
}

void ResponseWriter::mailbox(std::string_view name) {
  if (encoding_ == MailboxEncoding::modified_utf7) {
    astring(encode_modified_utf7(name));
  } else if (has_eight_bit(name)) {
    append_quoted(out_, name);  // QUOTED-CHAR has UTF-8 (RFC 9051 §9)
  } else {
    astring(name);
  }
}

void ResponseWriter::flags(const Flags& flags) { append_flags(out_, flags); }

void ResponseWriter::date_time(const DateTime& date_time) { append_date_time(out_, date_time); }

void ResponseWriter::uids(std::span<const Uid> uids) { append_compact(out_, uids); }

}  // namespace posthaste::imap
