#include "common/mime/encoded_word.h"

#include <algorithm>
#include <cstddef>
#include <optional>

#include "common/base/octets.h"
#include "common/mime/charset.h"
#include "common/mime/lexer.h"
#include "common/mime/transfer.h"

namespace posthaste::mime {
namespace {

/// Octets of one charset, of an encoded word or of adjacent ones.
struct EncodedText {
  std::string_view charset;
  std::string octets;
};

struct EncodedWord {
  EncodedText content;
  std::size_t size;  // octets of the encoded word itself
};

/// The "Q" encoding (RFC 2047 §4.2): quoted-printable, but for the underscore and white space at the end.
std::string decode_q(std::string_view text) {
  std::string spaced{text};
  std::ranges::replace(spaced, '_', ' ');
  std::string octets = decode_quoted_printable(spaced + '=');  // a soft line break guards white space at the end
  return octets;
}

/// The encoded-word (RFC 2047 §2) that `text` begins with. Its length is not checked, and spaces may stand in it.
std::optional<EncodedWord> encoded_word(std::string_view text) {
  const std::size_t charset_end = text.find_first_of("? \t\r\n", 2);
  if (charset_end == std::string_view::npos || charset_end == 2) return std::nullopt;
  std::string_view rest = text.substr(charset_end);
  if (rest.size() < 3 || rest[0] != '?' || rest[2] != '?') return std::nullopt;
  const char encoding = to_upper(rest[1]);
  if (encoding != 'Q' && encoding != 'B') return std::nullopt;
  rest.remove_prefix(3);
  const std::size_t content_octets = rest.find_first_of("?\r\n");
  if (content_octets == std::string_view::npos || !rest.substr(content_octets).starts_with("?="))
    return std::nullopt;
  const std::string_view content = rest.substr(0, content_octets);
  std::string_view charset = text.substr(2, charset_end - 2);
  charset = charset.substr(0, charset.find('*'));  // a language may follow (RFC 2231 §5)
  return EncodedWord{{charset, encoding == 'Q' ? decode_q(content) : decode_base64(content)},
                     charset_end + 3 + content_octets + 2};
}

}  // namespace

std::string decode_encoded_words(std::string_view text) {
  std::string decoded;
  std::optional<EncodedText> pending;  // read when its last neighbour has come
  const auto flush = [&] {
    if (pending) decoded += to_utf8(pending->charset, pending->octets);
    pending.reset();
  };
  std::size_t plain = 0;  // where the text begins that is not yet in `decoded` or `pending`
  std::size_t search = 0;
  for (std::size_t at = 0; (at = text.find("=?", search)) != std::string_view::npos;) {
    auto word = encoded_word(text.substr(at));
    if (!word) {
      search = at + 2;
      continue;
    }
    const std::string_view between = text.substr(plain, at - plain);
    const bool adjacent = pending && std::ranges::all_of(between, is_fws);
    if (adjacent && iequals(pending->charset, word->content.charset)) {
      pending->octets += word->content.octets;
    } else {
      flush();
      if (!adjacent) decoded += to_utf8("utf-8", between);
      pending = std::move(word->content);
    }
    plain = search = at + word->size;
  }
  flush();
  decoded += to_utf8("utf-8", text.substr(plain));
  return decoded;
}

}  // namespace posthaste::mime
