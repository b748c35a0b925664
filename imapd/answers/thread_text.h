// How a THREAD response shows threads (RFC 5256 §4).
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "common/reading/threading.h"

namespace posthaste::imapd {

/// Appends "(1)(2 3 (4)(5 6))"; `numbers` has the number of each message.
void append_threads(std::string& out, const reading::Forest& forest, std::span<const std::uint32_t> numbers);

}  // namespace posthaste::imapd
