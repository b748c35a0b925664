// The table behind casemap(): each entry is a code point, what it becomes, and "|", in UTF-8.
#pragma once

#include <string_view>

namespace posthaste::mime {

extern const std::string_view kCasemapTable;

}  // namespace posthaste::mime
