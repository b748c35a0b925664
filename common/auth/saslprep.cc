#include "common/auth/saslprep.h"

#include <stringprep.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "common/base/octets.h"

namespace posthaste::auth {
namespace {

struct Free {
  void operator()(char* text) const noexcept { std::free(text); }
};

}  // namespace

std::optional<std::string> saslprep(std::string_view text, StringKind kind) {
  if (text.empty() || text.find('\0') != std::string_view::npos || !is_utf8(text)) return std::nullopt;
  if (std::ranges::all_of(text, [](char c) { return c == ' ' || is_printable(c); })) return std::string{text};
  const std::string zero_ended{text};
  char* out = nullptr;
  const auto flags = kind == StringKind::stored ? STRINGPREP_NO_UNASSIGNED : Stringprep_profile_flags{};
  if (stringprep_profile(zero_ended.c_str(), &out, "SASLprep", flags) != STRINGPREP_OK) return std::nullopt;
  const std::unique_ptr<char, Free> prepared{out};
  if (*prepared == '\0') return std::nullopt;
  return std::string{prepared.get()};
}

}  // namespace posthaste::auth
