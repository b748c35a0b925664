#include "common/mailbox/name.h"

#include <algorithm>

#include "common/base/octets.h"
#include "common/mailbox/operations.h"

namespace posthaste::mailbox {
namespace {

constexpr std::string_view kInbox = "INBOX";

}  // namespace

std::string canonical_name(std::string_view name) {
  const std::string_view first = name.substr(0, name.find('/'));
  if (!iequals(first, kInbox)) return std::string(name);
  return std::string(kInbox).append(name.substr(first.size()));
}

bool is_mailbox_name(std::string_view name) {
  if (name.empty() || name.size() > kMailboxNameMaxOctets || !is_utf8(name)) return false;
  if (name.front() == '/' || name.back() == '/' || name.find("//") != std::string_view::npos) return false;
  return std::ranges::none_of(name, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\x7f'; });
}

}  // namespace posthaste::mailbox
