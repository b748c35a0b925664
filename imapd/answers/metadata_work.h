// GETMETADATA's answer, in slices (RFC 5464 §4.2).
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "common/imap/mailbox_name.h"
#include "common/imap/metadata.h"
#include "common/mailbox/reader.h"

namespace posthaste::imapd {

/// What the operator says of the server to everybody (RFC 5464 §3.2.1.1).
inline constexpr std::string_view kServerAdminEntry = "/shared/admin";

class MetadataWork {
 public:
  struct Source {
    const mailbox::Reader& store;
    UserId user{};
    std::optional<MailboxId> mailbox;  // nothing: the server
    std::string administrator;         // the value of kServerAdminEntry
  };

  MetadataWork(Source source, imap::GetMetadata command, imap::MailboxEncoding encoding)
      : source_(std::move(source)), command_(std::move(command)), encoding_(encoding) {}

  /// The next responses. Never on a loop. Errors: unavailable, io.
  [[nodiscard]] std::expected<std::string, mailbox::StoreError> step();
  [[nodiscard]] bool done() const { return done_; }

  /// The longest value that was left out for being longer than the client wants (§4.2.1).
  [[nodiscard]] std::optional<std::uint64_t> longest_left_out() const { return longest_left_out_; }

 private:
  void take(std::string_view entry, std::string_view value);
  void take_what_is_not_stored();
  void append(std::string_view entry, std::optional<std::string_view> value);

  const Source source_;
  const imap::GetMetadata command_;
  const imap::MailboxEncoding encoding_;
  std::string from_;
  bool done_ = false;
  std::string values_;  // of the response under way
  std::set<std::string, std::less<>> found_;
  std::optional<std::uint64_t> longest_left_out_;
};

}  // namespace posthaste::imapd
