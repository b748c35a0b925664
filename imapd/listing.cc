#include "imapd/listing.h"

#include <algorithm>
#include <utility>

#include "common/imap/list_pattern.h"
#include "common/imap/mailbox_name.h"
#include "common/imap/special_use.h"
#include "common/imap/writer.h"
#include "imapd/flags.h"

namespace posthaste::imapd {
namespace {

/// "a/b" for "a/b/c"; nothing for "a".
std::optional<std::string> parent_of(const std::string& name) {
  const auto delimiter = name.rfind(imap::kHierarchyDelimiter);
  if (delimiter == std::string::npos) return std::nullopt;
  return name.substr(0, delimiter);
}

/// What the client asked for; without a selection, all that exists.
bool is_chosen(const ListedName& name, const imap::ListSelection& selection) {
  if (selection.subscribed && !name.subscribed) return false;
  if (selection.special_use && !(name.mailbox && name.mailbox->special_use)) return false;
  return selection.subscribed || name.mailbox || name.has_children;
}

std::vector<std::string> attributes_of(const ListedName& name, const imap::List& list) {
  std::vector<std::string> attributes;
  if (!name.mailbox) {
    attributes.emplace_back("\\NonExistent");
    attributes.emplace_back("\\Noselect");  // implied, but not known to clients of RFC 3501
  }
  attributes.emplace_back(name.has_children ? "\\HasChildren" : "\\HasNoChildren");
  if (name.subscribed && (list.returns.subscribed || list.selection.subscribed))
    attributes.emplace_back("\\Subscribed");
  if (name.mailbox && name.mailbox->special_use) {
    attributes.emplace_back(imap::name_of(to_imap(*name.mailbox->special_use)));
  }
  return attributes;
}

const std::vector<std::string> kNoPatterns;

bool matches_any(const std::vector<std::string>& patterns, const std::string& name) {
  return std::ranges::any_of(patterns,
                             [&name](const std::string& pattern) { return imap::matches_pattern(pattern, name); });
}

}  // namespace

std::expected<Hierarchy, store::StoreError> Hierarchy::read(const store::Snapshot& snapshot) {
  auto mailboxes = snapshot.mailboxes();
  if (!mailboxes) return std::unexpected(mailboxes.error());
  auto subscriptions = snapshot.subscriptions();
  if (!subscriptions) return std::unexpected(subscriptions.error());
  Hierarchy hierarchy;
  for (auto& mailbox : *mailboxes) {
    std::string name = mailbox.name;
    hierarchy.names_[std::move(name)].mailbox = std::move(mailbox);
  }
  hierarchy.add_parents();
  for (auto& name : *subscriptions) {
    for (auto parent = parent_of(name); parent; parent = parent_of(*parent)) hierarchy.names_.try_emplace(*parent);
    hierarchy.names_[std::move(name)].subscribed = true;
  }
  return hierarchy;
}

/// Parents of mailboxes are names even where they are no mailboxes any more (RFC 9051 §6.3.4).
void Hierarchy::add_parents() {
  std::vector<std::string> existing;
  for (const auto& [name, listed] : names_) existing.push_back(name);
  for (const auto& name : existing) {
    for (auto parent = parent_of(name); parent; parent = parent_of(*parent)) names_[*parent].has_children = true;
  }
}

bool Hierarchy::has_chosen_below(const std::string& name, const imap::ListSelection& selection,
                                 const std::vector<std::string>& patterns) const {
  const std::string prefix = name + imap::kHierarchyDelimiter;
  for (auto below = names_.lower_bound(prefix); below != names_.end(); ++below) {
    if (!below->first.starts_with(prefix)) return false;
    if (is_chosen(below->second, selection) && !matches_any(patterns, below->first)) return true;
  }
  return false;
}

std::vector<ListLine> list_mailboxes(const Hierarchy& hierarchy, const imap::List& list) {
  std::vector<std::string> patterns;
  for (const auto& pattern : list.patterns) patterns.push_back(imap::interpret_pattern(list.reference, pattern));
  std::vector<ListLine> lines;
  for (const auto& [name, listed] : hierarchy.names()) {
    if (!matches_any(patterns, name)) continue;
    const bool chosen = is_chosen(listed, list.selection);
    // A name that is chosen tells of all below it, another one of those alone that are not told themselves (RFC
    // 5258 §3.5).
    const bool child_info = list.selection.recursive_match &&
                            hierarchy.has_chosen_below(name, list.selection, chosen ? kNoPatterns : patterns);
    if (!chosen && !child_info) continue;
    ListLine line{name, attributes_of(listed, list), child_info && list.selection.subscribed, std::nullopt};
    if (chosen && list.returns.status && listed.mailbox) line.status_of = listed.mailbox;
    lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<ListLine> list_subscriptions(const Hierarchy& hierarchy, const std::string& pattern) {
  std::map<std::string, ListLine> lines;
  for (const auto& [name, listed] : hierarchy.names()) {
    if (!listed.subscribed) continue;
    if (imap::matches_pattern(pattern, name)) {
      lines[name] = {name, {}, false, std::nullopt};
      continue;
    }
    // "%" stands for the parent whose child is subscribed.
    for (auto parent = parent_of(name); parent; parent = parent_of(*parent)) {
      if (imap::matches_pattern(pattern, *parent))
        lines.insert({*parent, {*parent, {"\\Noselect"}, false, std::nullopt}});
    }
  }
  std::vector<ListLine> sorted;
  for (auto& [name, line] : lines) sorted.push_back(std::move(line));
  return sorted;
}

ListLine list_name(const Hierarchy& hierarchy, const std::string& name, std::optional<std::string> old_name) {
  imap::List list;
  list.returns.subscribed = true;
  const auto listed = hierarchy.names().find(name);
  const ListedName gone;
  ListLine line{name, attributes_of(listed == hierarchy.names().end() ? gone : listed->second, list), false,
                std::nullopt};
  line.old_name = std::move(old_name);
  return line;
}

void append_list_line(std::string& out, std::string_view response, const ListLine& line,
                      imap::MailboxEncoding encoding) {
  imap::ResponseWriter writer{out, encoding};
  writer.raw("* ");
  writer.raw(response);
  writer.raw(" (");
  bool first = true;
  for (const auto& attribute : line.attributes) {
    if (!std::exchange(first, false)) writer.space();
    writer.raw(attribute);
  }
  writer.raw(") \"/\" ");
  writer.mailbox(line.name);
  if (line.child_info) writer.raw(" (CHILDINFO (\"SUBSCRIBED\"))");
  if (line.old_name) {
    writer.raw(" (\"OLDNAME\" (");
    writer.mailbox(*line.old_name);
    writer.raw("))");
  }
  writer.crlf();
}

}  // namespace posthaste::imapd
