// SCRAM messages of a stranger: the first is refused or taken apart without loss; no final one proves anything.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "common/auth/scram.h"

using posthaste::auth::ClientBinds;
using posthaste::auth::ScramExchange;
using posthaste::auth::ScramHash;
using posthaste::auth::ScramKeys;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto line_end = text.find('\n');
  const auto first = posthaste::auth::parse_scram_client_first(text.substr(0, line_end));
  if (!first) return 0;
  if (first->gs2_header + first->bare != text.substr(0, line_end)) std::abort();
  if ((first->binds == ClientBinds::yes) == first->binding_name.empty()) std::abort();
  if (line_end == std::string_view::npos) return 0;
  const ScramKeys keys{"salt", 4096, std::string(32, 's'), std::string(32, 'k')};
  const std::string channel = first->binds == ClientBinds::yes ? "channel" : "";
  const ScramExchange exchange{ScramHash::sha256, *first, {keys, keys}, "server", channel};
  if (exchange.finish(text.substr(line_end + 1))) std::abort();  // nobody knows what hashes to 32 times 's'
  return 0;
}
