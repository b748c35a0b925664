// HTTP's first line, recognized by those who speak something else.
#pragma once

#include <string_view>

namespace posthaste {

/// Whether a line, without its end, is an HTTP request line (RFC 9112 §3; RFC 9113 §3.4 for "PRI * HTTP/2.0"). A
/// web page can make a browser send one to any port, with commands of ours in the body behind it: whoever reads it
/// where another protocol belongs must not go on reading.
[[nodiscard]] bool is_http_request(std::string_view line) noexcept;

}  // namespace posthaste
