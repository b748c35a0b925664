#include "common/mime/ascii_header.h"

#include <algorithm>
#include <utility>

#include "common/base/octets.h"

namespace posthaste::mime {
namespace {

constexpr std::size_t kWordMaxOctets = 4'096;  // a longer one is cut: nobody reads it
constexpr std::size_t kEncodedMaxOctets =
    15;  // of one encoded word, so that it has 75 characters at most (RFC 2047 §2)

/// What ends a word beside white space: RFC 5322's specials without ".", and what MIME adds to them.
bool is_special(char c) { return std::string_view{"()<>[]:;@\\,\"=/?"}.find(c) != std::string_view::npos; }

bool is_literal(char c) { return is_alnum(c) || std::string_view{"!*+-/"}.find(c) != std::string_view::npos; }

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U; }

}  // namespace

std::string_view AsciiHeader::feed(std::string_view octets) {
  if (!in_header_) return octets;
  const bool nothing_waits = word_.empty() && gap_.empty();
  const auto header_end = octets.find("\n\r\n");
  const auto header = octets.substr(0, header_end);
  if (nothing_waits && header_end != std::string_view::npos && std::ranges::none_of(header, is_eight_bit)) {
    in_header_ = false;  // the common case
    return octets;
  }
  out_.clear();
  while (in_header_ && !octets.empty()) {
    take(octets.front());
    octets.remove_prefix(1);
  }
  return out_.append(octets);
}

std::string AsciiHeader::finish() {
  out_.clear();
  end_word();
  return std::move(out_).append(std::exchange(gap_, {}));
}

void AsciiHeader::take(char c) {
  if (c == '\n') {
    end_word();
    out_.append(gap_).append("\n");
    gap_.clear();
    after_encoded_ = false;
    in_header_ = !line_is_empty_;
    line_is_empty_ = true;
    return;
  }
  if (c != '\r') line_is_empty_ = false;
  if (c == ' ' || c == '\t' || c == '\r') {
    end_word();
    gap_ += c;
  } else if (is_special(c)) {
    end_word();
    out_.append(gap_) += c;
    gap_.clear();
    after_encoded_ = false;
  } else {
    word_ += c;
    word_is_ascii_ = word_is_ascii_ && !is_eight_bit(c);
    if (word_.size() >= kWordMaxOctets && !is_continuation(c)) end_word();
  }
}

void AsciiHeader::end_word() {
  if (word_.empty()) return;
  if (word_is_ascii_) {
    out_.append(gap_).append(word_);
  } else if (after_encoded_) {
    out_ += ' ';
    write_encoded(gap_ + word_);  // white space between two encoded words is not shown (RFC 2047 §6.2)
  } else {
    out_ += gap_;
    write_encoded(word_);
  }
  after_encoded_ = !word_is_ascii_;
  gap_.clear();
  word_.clear();
  word_is_ascii_ = true;
}

/// In encoded words of whole characters, each on a line of its own from the second on.
void AsciiHeader::write_encoded(std::string_view word) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  const bool utf8 = is_utf8(word);
  for (bool first = true; !word.empty(); first = false) {
    std::size_t count = std::min(word.size(), kEncodedMaxOctets);
    while (utf8 && count < word.size() && count > 1 && is_continuation(word[count])) --count;
    out_.append(first ? "=?" : "\r\n =?").append(utf8 ? "utf-8" : "unknown-8bit").append("?q?");
    for (const char c : word.substr(0, count)) {
      if (is_literal(c)) {
        out_ += c;
      } else if (c == ' ') {
        out_ += '_';
      } else {
        const auto octet = static_cast<unsigned char>(c);
        out_.append("=") += kHex[octet >> 4U];
        out_ += kHex[octet & 0xfU];
      }
    }
    out_ += "?=";
    word.remove_prefix(count);
  }
}

}  // namespace posthaste::mime
