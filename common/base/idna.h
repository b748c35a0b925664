// Internationalised domain names as DNS knows them (RFC 5891).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace posthaste {

/// `domain`, which may hold UTF-8, with each label in the form that is looked up: "xn--bcher-kva.example". A name
/// of ASCII letters comes back as it is. Nothing for what no registered name can be, or is longer than any.
[[nodiscard]] std::optional<std::string> to_a_labels(std::string_view domain);

/// `domain` in the one spelling in which domains are compared: lower case, and letters where it has A-labels, for
/// both are the same name (RFC 5890 §2.3.2.1): "bücher.example". What is neither ASCII nor a name that can be
/// looked up, and what would have a label of more than 63 octets so, has its ASCII letters folded alone.
[[nodiscard]] std::string fold_domain(std::string_view domain);

}  // namespace posthaste
