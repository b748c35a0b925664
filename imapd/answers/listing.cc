#include "imapd/answers/listing.h"

#include <algorithm>
#include <utility>

#include "common/imap/mailbox_name.h"
#include "common/imap/special_use.h"
#include "common/imap/writer.h"
#include "imapd/answers/flags.h"
#include "imapd/limits.h"

namespace posthaste::imapd {
namespace {

using mailbox::StoreError;

/// "a/b" for "a/b/c"; nothing for "a".
std::optional<std::string_view> parent_of(std::string_view name) {
  const auto delimiter = name.rfind(imap::kHierarchyDelimiter);
  if (delimiter == std::string_view::npos) return std::nullopt;
  return name.substr(0, delimiter);
}

std::vector<std::string> interpret(const imap::List& list) {
  std::vector<std::string> patterns;
  for (const auto& pattern : list.patterns) patterns.push_back(imap::interpret_pattern(list.reference, pattern));
  return patterns;
}

std::vector<std::string> attributes_of(const ListedName& name, bool with_subscribed) {
  std::vector<std::string> attributes;
  if (!name.mailbox) {
    attributes.emplace_back("\\NonExistent");
    attributes.emplace_back("\\Noselect");  // implied, but not known to clients of RFC 3501
  }
  attributes.emplace_back(name.has_children ? "\\HasChildren" : "\\HasNoChildren");
  if (name.subscribed && with_subscribed) attributes.emplace_back("\\Subscribed");
  if (name.special_use) attributes.emplace_back(imap::name_of(to_imap(*name.special_use)));
  return attributes;
}

}  // namespace

Hierarchy::Hierarchy(std::vector<mailbox::MailboxName> mailboxes, std::vector<std::string> subscriptions) {
  for (const auto& mailbox : mailboxes) {
    ListedName& listed = at(mailbox.name);
    listed.mailbox = mailbox.id;
    // Parents of mailboxes are names even where they are no mailboxes any more (RFC 9051 §6.3.4).
    for (auto* parent = listed.parent; parent != nullptr && !parent->has_children; parent = parent->parent) {
      parent->has_children = true;
    }
  }
  for (const auto& name : subscriptions) at(name).subscribed = true;
}

ListedName& Hierarchy::at(std::string_view name) {
  if (const auto found = names_.find(name); found != names_.end()) return found->second;
  const auto parent = parent_of(name);
  ListedName* above = parent ? &at(*parent) : nullptr;
  ListedName& listed = names_[std::string(name)];
  listed.parent = above;
  return listed;
}

ListWork::ListWork(const mailbox::Reader& store, UserId user, Kind kind, imap::List list)
    : store_(store), user_(user), kind_(kind), list_(std::move(list)), patterns_(interpret(list_)) {}

std::expected<std::vector<ListLine>, StoreError> ListWork::step() {
  std::vector<ListLine> lines;
  const std::uint64_t enough = patterns_.steps() + kMatchStepsAtOnce;
  while (phase_ != Phase::done && lines.empty() && patterns_.steps() < enough) {
    Read done;
    switch (phase_) {
      case Phase::read_names: done = read_names(); break;
      case Phase::read_uses: done = read_uses(); break;
      case Phase::match: match(); break;
      case Phase::tell: done = tell(lines); break;
      case Phase::done: break;
    }
    if (!done) return std::unexpected(done.error());
  }
  return lines;
}

void ListWork::enter(Phase phase) {
  phase_ = phase;
  at_ = hierarchy_->names().begin();
}

ListWork::Read ListWork::read_names() {
  std::vector<mailbox::MailboxName> mailboxes;
  std::vector<std::string> subscriptions;
  {
    const auto snapshot = store_.read(user_);
    if (!snapshot) return std::unexpected(snapshot.error());
    auto names = snapshot->mailbox_names();
    if (!names) return std::unexpected(names.error());
    auto subscribed = snapshot->subscriptions();
    if (!subscribed) return std::unexpected(subscribed.error());
    mailboxes = std::move(*names);
    subscriptions = std::move(*subscribed);
  }
  hierarchy_.emplace(std::move(mailboxes), std::move(subscriptions));
  enter(list_.selection.special_use ? Phase::read_uses : Phase::match);
  return {};
}

/// Which names are chosen must be known before any is told, where special uses choose.
ListWork::Read ListWork::read_uses() {
  std::vector<Name*> some;
  while (at_ != hierarchy_->names().end() && some.size() < kListedAtOnce) some.push_back(&*at_++);
  const auto infos = read_infos(some);
  if (!infos) return std::unexpected(infos.error());
  for (std::size_t i = 0; i < some.size(); ++i) {
    if ((*infos)[i]) some[i]->second.special_use = (*infos)[i]->special_use;
  }
  if (at_ == hierarchy_->names().end()) enter(Phase::match);
  return {};
}

/// Some of the names.
void ListWork::match() {
  const std::uint64_t enough = patterns_.steps() + kMatchStepsAtOnce;
  for (; at_ != hierarchy_->names().end() && patterns_.steps() < enough; ++at_) {
    auto& [name, listed] = *at_;
    listed.is_matched = patterns_.match(name);
    if (!list_.selection.recursive_match || !is_chosen(listed)) continue;
    for (auto* above = listed.parent; above != nullptr; above = above->parent) {
      const bool is_known = above->has_chosen_below && (above->has_unmatched_below || listed.is_matched);
      if (is_known) break;  // and so above it
      above->has_chosen_below = true;
      above->has_unmatched_below |= !listed.is_matched;
    }
  }
  if (at_ == hierarchy_->names().end()) enter(Phase::tell);
}

ListWork::Read ListWork::tell(std::vector<ListLine>& lines) {
  std::vector<Name*> some;
  for (; at_ != hierarchy_->names().end() && some.size() < kListedAtOnce; ++at_) {
    if (is_told(at_->second)) some.push_back(&*at_);
  }
  if (at_ == hierarchy_->names().end()) phase_ = Phase::done;
  std::expected<Infos, StoreError> infos = Infos(some.size());
  if (kind_ == Kind::list) infos = read_infos(some);
  if (!infos) return std::unexpected(infos.error());
  for (std::size_t i = 0; i < some.size(); ++i) {
    auto& [name, listed] = *some[i];
    auto& info = (*infos)[i];
    if (info) {
      info->name = name;  // it may have another one by now
      listed.special_use = info->special_use;
    } else if (kind_ == Kind::list) {
      listed.mailbox.reset();
    }
    if (is_told(listed)) lines.push_back(line_of(*some[i], std::move(info)));
  }
  return {};
}

/// What the client asked for; without a selection, all that exists.
bool ListWork::is_chosen(const ListedName& name) const {
  const imap::ListSelection& selection = list_.selection;
  if (selection.subscribed && !name.subscribed) return false;
  if (selection.special_use && !name.special_use) return false;
  return selection.subscribed || name.mailbox || name.has_children;
}

/// A name that is chosen tells of all below it, another one of those alone that are not told themselves (RFC 5258
/// §3.5).
bool ListWork::is_told(const ListedName& name) const {
  return name.is_matched && (is_chosen(name) || name.has_unmatched_below);
}

ListLine ListWork::line_of(const Name& name, std::optional<mailbox::MailboxInfo> info) const {
  const auto& [text, listed] = name;
  const bool chosen = is_chosen(listed);
  if (kind_ == Kind::lsub) {
    // "%" stands for the parent whose child is subscribed.
    return {text, chosen ? std::vector<std::string>{} : std::vector<std::string>{"\\Noselect"}, false,
            std::nullopt};
  }
  const bool with_subscribed = list_.returns.subscribed || list_.selection.subscribed;
  const bool child_info = list_.selection.subscribed && listed.has_chosen_below;
  ListLine line{text, attributes_of(listed, with_subscribed), child_info, std::nullopt};
  if (chosen && list_.returns.status) line.status_of = std::move(info);
  return line;
}

std::expected<ListWork::Infos, StoreError> ListWork::read_infos(const std::vector<Name*>& names) const {
  Infos infos(names.size());
  const auto snapshot = store_.read(user_);
  if (!snapshot) return std::unexpected(snapshot.error());
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!names[i]->second.mailbox) continue;
    auto info = snapshot->mailbox(*names[i]->second.mailbox);
    if (!info && info.error() != StoreError::no_such_mailbox) return std::unexpected(info.error());
    if (info) infos[i] = std::move(*info);
  }
  return infos;
}

std::expected<ListLine, StoreError> list_name(const mailbox::Snapshot& snapshot, const std::string& name,
                                              std::optional<std::string> old_name) {
  ListedName listed;
  const auto info = snapshot.mailbox(name);
  if (!info && info.error() != StoreError::no_such_mailbox) return std::unexpected(info.error());
  if (info) {
    listed.mailbox = info->id;
    listed.special_use = info->special_use;
  }
  const auto subscribed = snapshot.is_subscribed(name);
  if (!subscribed) return std::unexpected(subscribed.error());
  const auto has_children = snapshot.has_mailbox_below(name);
  if (!has_children) return std::unexpected(has_children.error());
  listed.subscribed = *subscribed;
  listed.has_children = *has_children;
  ListLine line{name, attributes_of(listed, true), false, std::nullopt};
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
