#include "common/dns/name.h"

#include "common/base/octets.h"

namespace posthaste::dns {

std::string canonical(std::string_view name) {
  // A dot after a backslash belongs to the last label (RFC 1035 §5.1), unless the backslash is itself escaped.
  const std::size_t last_other = name.empty() ? name.npos : name.find_last_not_of('\\', name.size() - 2);
  const bool is_escaped = name.size() >= 2 && (name.size() - 2 - last_other) % 2 == 1;
  if (name.ends_with('.') && !is_escaped) name.remove_suffix(1);
  return lower(name);
}

}  // namespace posthaste::dns
