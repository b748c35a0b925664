#include "common/base/http_request.h"

#include <algorithm>

#include "common/base/octets.h"

namespace posthaste {

bool is_http_request(std::string_view line) noexcept {
  constexpr std::string_view kVersion = " HTTP/";
  const auto is_upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  const auto method = line.substr(0, line.find(' '));
  if (method.empty() || !std::ranges::all_of(method, is_upper)) return false;
  const auto version = line.rfind(kVersion);
  return version != std::string_view::npos && version >= method.size() && version + kVersion.size() < line.size() &&
         is_digit(line[version + kVersion.size()]);
}

}  // namespace posthaste
