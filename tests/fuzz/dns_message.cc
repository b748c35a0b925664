// A server's packet: whatever is in it, names are printable and can be asked for in their turn, and found means
// found. The first octet chooses the type that was asked for, at "example.org" under the id 0x1234.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "common/base/octets.h"
#include "common/dns/message.h"

using posthaste::dns::Alias;
using posthaste::dns::build_query;
using posthaste::dns::Cname;
using posthaste::dns::Found;
using posthaste::dns::Mx;
using posthaste::dns::Ptr;
using posthaste::dns::Type;

namespace {

void check_name(const std::string& name) {
  if (name.empty()) return;  // the root
  if (!std::ranges::all_of(name, posthaste::is_printable)) std::abort();
  if (name != posthaste::lower(name)) std::abort();
  if (!build_query(1, name, Type::a)) std::abort();
}

void check(const Found& found) {
  if (found.answer.records.empty()) std::abort();
  check_name(found.answer.canonical_name);
  for (const auto& record : found.answer.records) {
    if (const auto* mx = std::get_if<Mx>(&record)) check_name(mx->exchange);
    if (const auto* ptr = std::get_if<Ptr>(&record)) check_name(ptr->name);
    if (const auto* cname = std::get_if<Cname>(&record)) check_name(cname->target);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::array kTypes{Type::a, Type::cname, Type::ptr, Type::mx, Type::txt, Type::aaaa, Type::tlsa};
  if (size == 0) return 0;
  const std::string_view input{reinterpret_cast<const char*>(data), size};
  const auto query = build_query(0x1234, "example.org", kTypes[data[0] % kTypes.size()]);
  const auto response = posthaste::dns::parse_response(input.substr(1), *query);
  if (!response) return 0;
  if (const auto* found = std::get_if<Found>(&*response)) check(*found);
  if (const auto* alias = std::get_if<Alias>(&*response)) check_name(alias->target);
  return 0;
}
