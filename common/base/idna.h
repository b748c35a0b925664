// Internationalised domain names as DNS knows them (RFC 5891).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace posthaste {

/// `domain`, which may hold UTF-8, with each label in the form that is looked up: "xn--bcher-kva.example". A name
/// of ASCII letters comes back as it is. Nothing for what no registered name can be, or is longer than any.
[[nodiscard]] std::optional<std::string> to_a_labels(std::string_view domain);

}  // namespace posthaste
