// Domain names as hosts know them that read ASCII alone (RFC 5891).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace posthaste::mime {

/// `domain` with each label that is not ASCII as its A-label (RFC 3492), nothing mapped: a U-label has its one form
/// already (RFC 5890 §2.3.2.1). Nothing for what is not UTF-8, and for labels that become longer than 63 octets.
[[nodiscard]] std::optional<std::string> to_a_labels(std::string_view domain);

}  // namespace posthaste::mime
