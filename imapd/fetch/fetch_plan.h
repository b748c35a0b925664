// What a FETCH needs to read for each message, decided once.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "common/imap/fetch.h"
#include "common/mime/field_choices.h"

namespace posthaste::imapd {

/// Sections that choose fields from one header: HEADER.FIELDS and HEADER.FIELDS.NOT.
struct FieldSections {
  std::vector<imap::FetchBody> sections;
  mime::FieldChoices choices;  // one for each of them
  bool cached = true;          // the header cache holds all that they name
};

struct FetchPlan {
  std::vector<imap::FetchItem> items;
  bool reads_summary = false;  // envelope, body structure, cached header
  bool reads_message = false;  // octets of the message itself
  bool sets_seen = false;
  bool says_body_structure = false;
  bool says_uid = false;
  bool says_flags = false;
  bool says_mod_seq = false;
  bool says_email_id = false;
  std::optional<ModSeq> changed_since;  // messages that have not changed since are passed over
  std::size_t sections = 0;             // items that are cut out of the message
  std::vector<FieldSections> field_sections;
  /// For each item that chooses fields: which of field_sections, and which section of those.
  struct FieldPlace {
    std::size_t sections = 0;
    std::size_t section = 0;
  };
  std::vector<std::optional<FieldPlace>> field_places;
};

/// The plan for a FETCH or UID FETCH, which answers with UID in any case (RFC 9051 §6.4.9), and with MODSEQ when
/// it has CHANGEDSINCE (RFC 7162 §3.1.4.1). Nothing when it asks for what we do not offer.
[[nodiscard]] std::optional<FetchPlan> plan_fetch(const imap::Fetch& fetch);
/// The plan for these items alone; an attribute that is asked for twice is told once. Nothing as above.
[[nodiscard]] std::optional<FetchPlan> plan_items(std::vector<imap::FetchItem> items);

/// True for HEADER.FIELDS and HEADER.FIELDS.NOT.
[[nodiscard]] bool chooses_fields(const imap::Section& section);
/// True for BODY[] and its like.
[[nodiscard]] bool is_whole_message(const imap::Section& section);

}  // namespace posthaste::imapd
