#include "imapd/fetch_plan.h"

#include <algorithm>
#include <variant>

#include "common/mime/cached_fields.h"

namespace posthaste::imapd {
namespace {

bool is_cached(const std::string& name) {
  return std::ranges::any_of(mime::kCachedFields,
                             [&name](const std::string& cached) { return iequals(cached, name); });
}

/// Adds what one item needs; false when it is none of ours.
struct Planner {
  FetchPlan& plan;

  bool operator()(imap::FetchAttribute attribute) const {
    using enum imap::FetchAttribute;
    switch (attribute) {
      case envelope:
      case body_structure: plan.reads_summary = true; return true;
      case body: plan.reads_message = true; return true;
      case flags: plan.says_flags = true; return true;
      case internal_date:
      case rfc822_size:
      case uid:
      case email_id:
      case thread_id:
      case save_date: return true;
      case mod_seq: return false;
    }
    return false;
  }
  bool operator()(const imap::FetchBody& body) const {
    const bool cached = is_header_fields(body.section) && std::ranges::all_of(body.section.field_names, is_cached);
    (cached ? plan.reads_summary : plan.reads_message) = true;
    if (!body.peek) plan.sets_seen = true;
    ++plan.sections;
    return true;
  }
  bool operator()(const imap::FetchBinary& binary) const {
    plan.reads_message = true;
    if (!binary.peek) plan.sets_seen = true;
    ++plan.sections;
    return true;
  }
  bool operator()(const imap::FetchBinarySize&) const {
    plan.reads_message = true;
    ++plan.sections;
    return true;
  }
  bool operator()(const imap::FetchPreview& preview) const {
    if (!preview.lazy) plan.reads_message = true;
    return true;
  }
};

}  // namespace

std::optional<FetchPlan> plan_fetch(const imap::Fetch& fetch) {
  if (fetch.changed_since || fetch.vanished) return std::nullopt;
  FetchPlan plan;
  plan.items = fetch.items;
  const imap::FetchItem uid{imap::FetchAttribute::uid};
  if (fetch.numbered_by == imap::NumberedBy::uid && std::ranges::count(plan.items, uid) == 0) {
    plan.items.insert(plan.items.begin(), uid);
  }
  for (const auto& item : plan.items) {
    if (!std::visit(Planner{plan}, item)) return std::nullopt;
  }
  return plan;
}

bool is_header_fields(const imap::Section& section) {
  return section.parts.empty() && section.text == imap::SectionText::header_fields;
}

bool is_whole_message(const imap::Section& section) {
  return section.parts.empty() && section.text == imap::SectionText::content;
}

}  // namespace posthaste::imapd
