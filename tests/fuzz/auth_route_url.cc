// A route's URL, written out, is read as the same route.
#include <cstdint>
#include <cstdlib>

#include "common/auth/route.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view url{reinterpret_cast<const char*>(data), size};
  const auto route = posthaste::auth::parse_route_url(url);
  if (!route) return 0;
  if (route->host.empty() || (route->port == 0) != route->is_unix()) std::abort();
  if (posthaste::auth::parse_route_url(to_url(*route)) != route) std::abort();
  return 0;
}
