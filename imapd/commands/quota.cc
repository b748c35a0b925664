// GETQUOTA, GETQUOTAROOT and SETQUOTA (RFC 9208). All mailboxes of a user lie under one root, called "". Without
// any limit there is none: a QUOTA response names one resource at least (§7).
#include "common/imap/writer.h"
#include "imapd/session.h"

namespace posthaste::imapd {
namespace {

constexpr std::uint64_t kStorageUnitOctets = 1'024;  // RFC 9208 §5.1

bool is_limited(const mailbox::UserInfo& info) { return info.limits.octets || info.limits.messages; }

void append_quota(std::string& out, const mailbox::UserInfo& info) {
  out += "* QUOTA \"\" (";
  bool first = true;
  const auto resource = [&](std::string_view name, std::uint64_t used, std::uint64_t limit) {
    if (!std::exchange(first, false)) out += ' ';
    out.append(name).append(" ").append(std::to_string(used)).append(" ").append(std::to_string(limit));
  };
  if (info.limits.octets) {
    const std::uint64_t used = (info.used_octets + kStorageUnitOctets - 1) / kStorageUnitOctets;
    resource("STORAGE", used, *info.limits.octets / kStorageUnitOctets);
  }
  if (info.limits.messages) resource("MESSAGE", info.used_messages, *info.limits.messages);
  out += ")\r\n";
}

std::expected<mailbox::UserInfo, mailbox::StoreError> user_of(const mailbox::Snapshot& snapshot) {
  auto info = snapshot.user();
  if (!info) return std::unexpected(info.error());
  return info->value_or(mailbox::UserInfo{});
}

}  // namespace

net::Task<Reply> Session::run(imap::GetQuota command) {
  if (!command.root.empty()) co_return reply_for(Refusal::no_such_root);
  const auto info = co_await look_up(user_of);
  if (!info) co_return reply_for(info.error());
  if (!is_limited(*info)) co_return reply_for(Refusal::no_such_root);
  append_quota(stream_.output(), *info);
  co_return reply_for(Done::all_told);
}

net::Task<Reply> Session::run(imap::GetQuotaRoot command) {
  const auto info = co_await look_up(user_of);
  if (!info) co_return reply_for(info.error());
  imap::ResponseWriter writer{stream_.output(), dialect_.mailbox_encoding()};
  writer.raw("* QUOTAROOT ");
  writer.mailbox(command.mailbox);
  if (is_limited(*info)) {
    writer.raw(" \"\"\r\n");
    append_quota(stream_.output(), *info);
  } else {
    writer.raw("\r\n");
  }
  co_return reply_for(Done::all_told);
}

net::Task<Reply> Session::run(imap::SetQuota) { co_return reply_for(Refusal::quota_not_yours); }

}  // namespace posthaste::imapd
