// What a stored message's header cache holds: deliveryd writes it, imapd answers HEADER.FIELDS from it.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "common/mime/header.h"

namespace posthaste::mime {

/// The cache is bound to this list: a name may be taken off it, but one that is added is missing from older caches.
// clang-format off
inline const std::array<std::string, 28> kCachedFields{
    "Date", "Subject", "From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Message-ID", "In-Reply-To",
    "References", "Content-Type", "Content-Transfer-Encoding", "MIME-Version", "List-Id",
    "List-Post", "List-Unsubscribe", "Importance", "X-Priority", "Priority", "Newsgroups",
    "User-Agent", "X-Mailer", "Disposition-Notification-To", "X-Spam-Status", "X-Spam-Flag",
    "Delivered-To", "Return-Path"};
// clang-format on

/// A header with more than this in its cached fields has no cache.
inline constexpr std::size_t kHeaderCacheMaxOctets = 16'384;

/// The octets of the fields in kCachedFields, in the order of the header, and its empty line if it has one: a
/// header block itself. Empty when it would be larger than kHeaderCacheMaxOctets, so an empty cache tells nothing.
[[nodiscard]] inline std::string cached_header(std::string_view header) {
  std::string cache = header_fields(header, kCachedFields);
  if (cache.size() > kHeaderCacheMaxOctets) cache.clear();
  return cache;
}

}  // namespace posthaste::mime
