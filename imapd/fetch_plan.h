// What a FETCH needs to read for each message, decided once.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "common/imap/fetch.h"

namespace posthaste::imapd {

struct FetchPlan {
  std::vector<imap::FetchItem> items;
  bool reads_summary = false;  // envelope, body structure, cached header
  bool reads_message = false;  // octets of the message itself
  bool sets_seen = false;
  bool says_uid = false;
  bool says_flags = false;
  bool says_mod_seq = false;
  std::optional<ModSeq> changed_since;  // messages that have not changed since are passed over
  std::size_t sections = 0;             // items that are cut out of the message
};

/// The plan for a FETCH or UID FETCH, which answers with UID in any case (RFC 9051 §6.4.9), and with MODSEQ when
/// it has CHANGEDSINCE (RFC 7162 §3.1.4.1). Nothing when it asks for what we do not offer.
[[nodiscard]] std::optional<FetchPlan> plan_fetch(const imap::Fetch& fetch);
/// The plan for these items alone. Nothing as above.
[[nodiscard]] std::optional<FetchPlan> plan_items(std::vector<imap::FetchItem> items);

/// True for the fields of the message's own header, which the header cache may hold.
[[nodiscard]] bool is_header_fields(const imap::Section& section);
/// True for BODY[] and its like.
[[nodiscard]] bool is_whole_message(const imap::Section& section);

}  // namespace posthaste::imapd
