// What is kept beside a message so that lists of messages are answered without reading it.
#pragma once

#include <cstddef>
#include <string_view>

#include "common/mailbox/message.h"

namespace posthaste::deliveryd {

/// Larger messages are summarized on the I/O executor: what is smaller has 8,000 parts at most, a few milliseconds.
inline constexpr std::size_t kSummarizedOnLoopMaxOctets = std::size_t{64} * 1024;

/// `envelope` and `body_structure` as FETCH sends them (imap::append_envelope, imap::append_body_structure);
/// `header_cache` as mime::cached_header() makes it. Any octets are a message.
[[nodiscard]] mailbox::Summary summarize(std::string_view message);

}  // namespace posthaste::deliveryd
