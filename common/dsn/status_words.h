// Enhanced status codes (RFC 3463, RFC 5248) in the words of a person who has never heard of them.
#pragma once

#include <string_view>

#include "common/smtp/reply.h"

namespace posthaste::dsn {

struct StatusWords {
  std::string_view reason;  // why the message does not arrive: a sentence
  std::string_view advice;  // what the sender may do when we have given up: a sentence
};

/// By subject and detail, by subject alone for a detail we do not know, and else by nothing.
[[nodiscard]] StatusWords words_for(const smtp::EnhancedCode& status) noexcept;

}  // namespace posthaste::dsn
