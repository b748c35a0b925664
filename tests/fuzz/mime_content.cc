// Parameters: limits hold, their values come back as UTF-8, and joining their sections changes none of them.
#include "common/mime/content.h"

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "common/base/octets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto content_type = posthaste::mime::parse_content_type(text)) {
    if (content_type->type.empty() || content_type->subtype.empty()) std::abort();
    if (content_type->parameters.size() > posthaste::mime::kParametersMax) std::abort();
    const auto joined = join_continuations(content_type->parameters);
    for (const auto* name : {"name", "charset", "boundary"}) {
      const auto value = find_parameter(content_type->parameters, name);
      if (value && !posthaste::is_utf8(*value)) std::abort();
      const bool may_hold_words = value && value->contains("=?");  // which are read in values without sections
      if (!may_hold_words && find_parameter(joined, name) != value) std::abort();
    }
    if (joined.size() > content_type->parameters.size()) std::abort();
    if (!has_continuations(content_type->parameters) && joined != content_type->parameters) std::abort();
    for (const auto& parameter : content_type->parameters) {
      if (parameter.name.empty()) std::abort();
    }
  }
  const auto disposition = posthaste::mime::parse_disposition(text);
  if (disposition && disposition->type.empty()) std::abort();
  if (posthaste::mime::parse_languages(text).size() > posthaste::mime::kLanguagesMax) std::abort();
  return 0;
}
