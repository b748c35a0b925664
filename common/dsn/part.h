// A part of the multipart/report before it is put together.
#pragma once

#include <string>
#include <string_view>

namespace posthaste::dsn {

struct Part {
  std::string_view content_type;
  std::string_view transfer_encoding = "7bit";
  std::string body;
  bool smtp_utf8 = false;  // of a kind that only internationalised mail systems know (RFC 6533 §4)
};

}  // namespace posthaste::dsn
