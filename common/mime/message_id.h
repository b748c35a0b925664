// Message identifiers: the fields Message-ID, In-Reply-To and References (RFC 5322 §3.6.4).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace posthaste::mime {

inline constexpr std::size_t kMessageIdsMax = 1'000;  // of one field; what follows is not read

/// The identifiers in the body of a field, folded or not, without angle brackets, quoting and white space: what is
/// the same identifier is the same text (RFC 5256 §3, THREAD). What is none, such as a phrase, is passed over.
[[nodiscard]] std::vector<std::string> parse_message_ids(std::string_view text,
                                                         std::size_t ids_max = kMessageIdsMax);

}  // namespace posthaste::mime
