#include "imapd/fetch/fetch_plan.h"

#include <algorithm>
#include <set>
#include <utility>
#include <variant>

#include "common/base/octets.h"
#include "common/mime/cached_fields.h"

namespace posthaste::imapd {
namespace {

/// True for the fields of the message's own header, which the header cache may hold.
bool is_header_fields(const imap::Section& section) {
  return section.parts.empty() && section.text == imap::SectionText::header_fields;
}

bool is_cached(const std::string& name) {
  return std::ranges::any_of(mime::kCachedFields,
                             [&name](const std::string& cached) { return iequals(cached, name); });
}

bool may_be_cached(const imap::Section& section) {
  return is_header_fields(section) && std::ranges::all_of(section.field_names, is_cached);
}

/// Finds the header's other sections, or begins with them.
FetchPlan::FieldPlace add_fields(std::vector<FieldSections>& all, const imap::FetchBody& body) {
  const auto is_of_this_header = [&body](const FieldSections& each) {
    return each.choices.size() < mime::FieldChoices::kMax &&
           each.sections.front().section.parts == body.section.parts;
  };
  auto found = std::ranges::find_if(all, is_of_this_header);
  if (found == all.end()) found = all.insert(found, FieldSections{});
  found->choices.add(body.section.field_names, body.section.text == imap::SectionText::header_fields);
  found->sections.push_back(body);
  found->cached = found->cached && may_be_cached(body.section);
  return {static_cast<std::size_t>(found - all.begin()), found->sections.size() - 1};
}

/// An attribute's value is the same each time.
void drop_repeated(std::vector<imap::FetchItem>& items) {
  std::set<imap::FetchAttribute> seen;
  std::erase_if(items, [&seen](const imap::FetchItem& item) {
    const auto* attribute = std::get_if<imap::FetchAttribute>(&item);
    return attribute != nullptr && !seen.insert(*attribute).second;
  });
}

/// Adds what one item needs; false when it is none of ours.
struct Planner {
  FetchPlan& plan;

  bool operator()(imap::FetchAttribute attribute) const {
    using enum imap::FetchAttribute;
    switch (attribute) {
      case envelope: plan.reads_summary = true; return true;
      case body_structure: plan.reads_summary = plan.says_body_structure = true; return true;
      case body: plan.reads_message = true; return true;
      case flags: plan.says_flags = true; return true;
      case uid: plan.says_uid = true; return true;
      case mod_seq: plan.says_mod_seq = true; return true;
      case email_id: plan.says_email_id = true; return true;
      case internal_date:
      case rfc822_size:
      case thread_id:
      case save_date: return true;
    }
    return false;
  }
  bool operator()(const imap::FetchBody& body) const {
    (may_be_cached(body.section) ? plan.reads_summary : plan.reads_message) = true;
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

std::optional<FetchPlan> plan_items(std::vector<imap::FetchItem> items) {
  FetchPlan plan;
  plan.items = std::move(items);
  drop_repeated(plan.items);
  for (const auto& item : plan.items) {
    if (!std::visit(Planner{plan}, item)) return std::nullopt;
    const auto* body = std::get_if<imap::FetchBody>(&item);
    const bool chooses = body != nullptr && chooses_fields(body->section);
    plan.field_places.push_back(chooses ? std::optional(add_fields(plan.field_sections, *body)) : std::nullopt);
  }
  return plan;
}

std::optional<FetchPlan> plan_fetch(const imap::Fetch& fetch) {
  std::vector<imap::FetchItem> items = fetch.items;
  const auto asks_for = [&items](imap::FetchAttribute attribute) {
    return std::ranges::count(items, imap::FetchItem{attribute}) > 0;
  };
  const bool by_uid = fetch.numbered_by == imap::NumberedBy::uid;
  if (by_uid && !asks_for(imap::FetchAttribute::uid)) items.insert(items.begin(), imap::FetchAttribute::uid);
  if (fetch.changed_since && !asks_for(imap::FetchAttribute::mod_seq)) {
    items.emplace_back(imap::FetchAttribute::mod_seq);
  }
  auto plan = plan_items(std::move(items));
  if (plan) plan->changed_since = fetch.changed_since;
  return plan;
}

bool chooses_fields(const imap::Section& section) {
  return section.text == imap::SectionText::header_fields || section.text == imap::SectionText::header_fields_not;
}

bool is_whole_message(const imap::Section& section) {
  return section.parts.empty() && section.text == imap::SectionText::content;
}

}  // namespace posthaste::imapd
