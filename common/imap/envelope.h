// Prints a message's envelope as FETCH ENVELOPE answers it (RFC 9051 §7.5.2).
#pragma once

#include <string>

#include "common/mime/envelope.h"

namespace posthaste::imap {

/// Appends `("date" "subject" ((...)) ...)`. Eight-bit octets go out as literals.
void append_envelope(std::string& out, const mime::Envelope& envelope);

}  // namespace posthaste::imap
