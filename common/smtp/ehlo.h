// What a server says it can do in its reply to EHLO or LHLO (RFC 5321 §4.1.1.1).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/smtp/reply.h"

namespace posthaste::smtp {

struct Extensions {
  bool pipelining = false;                         // RFC 2920
  bool eight_bit_mime = false;                     // RFC 6152
  bool chunking = false;                           // RFC 3030
  bool binary_mime = false;                        // RFC 3030
  bool start_tls = false;                          // RFC 3207
  bool dsn = false;                                // RFC 3461
  bool smtp_utf8 = false;                          // RFC 6531
  bool enhanced_status_codes = false;              // RFC 2034
  bool size = false;                               // RFC 1870
  std::optional<std::uint64_t> size_max_octets{};  // nothing when no fixed maximum was told, RFC 1870 §4
  std::vector<std::string> auth_mechanisms{};      // in upper case, RFC 4954
  bool private_parameters = false;                 // XDELIVERYID: takes XDELIVERYID and XTRACE with MAIL
  bool operator==(const Extensions&) const = default;
};

/// Reads the lines after the first, which greets. Keywords are known in any case, unknown ones and malformed ones
/// are passed over. "AUTH=" is taken for "AUTH ", as old servers write it.
[[nodiscard]] Extensions parse_ehlo(const Reply& reply);

}  // namespace posthaste::smtp
