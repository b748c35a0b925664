// ENABLE (RFC 5161), and what it or the first use of an extension turns on.
#include <string_view>
#include <utility>

#include "common/base/octets.h"
#include "imapd/session.h"

namespace posthaste::imapd {
namespace {

struct Extension {
  std::string_view name;  // as CAPABILITY spells it
  bool Dialect::*member;
};

constexpr Extension kExtensions[] = {
    {"CONDSTORE", &Dialect::condstore}, {"QRESYNC", &Dialect::qresync},  {"IMAP4rev2", &Dialect::rev2},
    {"UTF8=ACCEPT", &Dialect::utf8},    {"UIDONLY", &Dialect::uid_only}, {"METADATA", &Dialect::metadata},
};

}  // namespace

net::Task<Reply> Session::run(imap::Enable command) {
  std::string enabled = "* ENABLED";
  Dialect dialect = dialect_;
  for (const std::string& capability : command.capabilities) {  // the unknown is passed over (RFC 5161 §3.1)
    for (const auto& [name, member] : kExtensions) {
      if (!iequals(capability, name)) continue;
      dialect.*member = true;
      enabled.append(" ").append(name);
    }
  }
  if (dialect.metadata) {
    auto known = co_await know_metadata();
    if (!known) co_return reply_for(known.error());
  }
  stream_.write(enabled + "\r\n");
  const bool knows_mod_seqs = dialect.condstore || dialect.qresync;
  dialect.condstore = dialect_.condstore;
  dialect_ = dialect;
  if (knows_mod_seqs) enable_condstore();
  co_return reply_for(Done::all_told);
}

void Session::enable_condstore() {
  if (std::exchange(dialect_.condstore, true) || !selected_) return;
  append_reply(stream_.output(), "*",
               reply_for(Done::told_up_to, "HIGHESTMODSEQ " + std::to_string(number(selected_->all_told()))));
}

}  // namespace posthaste::imapd
