// Mailbox names: UTF-8 inside, modified UTF-7 or UTF-8 on the wire (RFC 3501 §5.1.3, RFC 9051 §5.1).
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace posthaste::imap {

inline constexpr char kHierarchyDelimiter = '/';
inline constexpr std::size_t kMailboxNameMaxOctets = 400;   // in UTF-8, as in common/store
inline constexpr std::size_t kMailboxLevelMaxOctets = 255;  // in UTF-8
inline constexpr std::size_t kMailboxLevelsMax = 32;

/// How mailbox names travel: modified UTF-7, or, once the client has enabled IMAP4rev2 or UTF8=ACCEPT, UTF-8
/// (RFC 9051 §A.1, RFC 6855 §3).
enum class MailboxEncoding { modified_utf7, utf8 };

enum class MailboxNameError {
  encoding,  // not modified UTF-7 as RFC 3501 §5.1.3 has it, or not UTF-8
  control,   // C0, DEL, C1, or U+2028 and U+2029 (RFC 9051 §5.1)
  empty,     // no name, or an empty level: "a//b", "/a"
  wildcard,  // "*" or "%", which no LIST pattern could tell from wildcards
  too_long,  // a name, a level or a depth beyond its limit
};

/// Modified UTF-7 to UTF-8. Nothing for what an encoder would not have written: octets beyond printable ASCII,
/// an unfinished or needless shift, ASCII inside a shift, bits left over, a lone surrogate.
[[nodiscard]] std::optional<std::string> decode_modified_utf7(std::string_view text);

/// `utf8`, which is valid UTF-8, as modified UTF-7.
[[nodiscard]] std::string encode_modified_utf7(std::string_view utf8);

/// The canonical form of a name in UTF-8: INBOX in capitals, alone or as the first level, and no delimiter at
/// the end (RFC 9051 §6.3.4 ignores one in CREATE; some clients always write it).
[[nodiscard]] std::expected<std::string, MailboxNameError> canonical_mailbox_name(std::string_view utf8);

/// The canonical name, in UTF-8, of what came over the wire.
[[nodiscard]] std::expected<std::string, MailboxNameError> parse_mailbox_name(std::string_view wire,
                                                                              MailboxEncoding encoding);

/// True for INBOX itself, of a canonical name.
[[nodiscard]] constexpr bool is_inbox(std::string_view canonical) noexcept { return canonical == "INBOX"; }

}  // namespace posthaste::imap
