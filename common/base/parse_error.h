// What a pure parser says about input that fits no rule: a kind and the octet where it happened.
#pragma once

#include <cstddef>

namespace posthaste {

enum class ParseErrorKind {
  syntax,       // an octet that no rule allows, or input that ends too soon
  too_long,     // a protocol limit is passed
  unsupported,  // well formed, but a parameter, charset or command that we do not know
};

struct ParseError {
  ParseErrorKind kind = ParseErrorKind::syntax;
  std::size_t offset = 0;  // octets from the start of the input
  bool operator==(const ParseError&) const = default;
};

}  // namespace posthaste
