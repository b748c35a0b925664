// The second part: message/delivery-status (RFC 3464 §2), or message/global-delivery-status (RFC 6533 §4.1).
#pragma once

#include "common/dsn/part.h"
#include "common/dsn/report.h"

namespace posthaste::dsn {

/// The code to report: the recipient's own, or for one that has none the class that follows from what was done
/// (RFC 3461 §6.3 (g)).
[[nodiscard]] smtp::EnhancedCode status_of(const RecipientReport& recipient) noexcept;

/// Whether the report may hold UTF-8 outside of encodings: its sender has sent with SMTPUTF8, or has an address
/// that needs it.
[[nodiscard]] bool is_internationalised(const Report& report) noexcept;

[[nodiscard]] Part status_part(const Report& report);

}  // namespace posthaste::dsn
