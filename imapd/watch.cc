#include "imapd/watch.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "imapd/limits.h"
#include "imapd/listing.h"

namespace posthaste::imapd {
namespace {

using store::StoreError;

bool is_about_selected(const imap::NotifyGroup& group) {
  return group.filter == imap::NotifyFilter::selected || group.filter == imap::NotifyFilter::selected_delayed;
}

bool is_below(const std::string& name, const std::string& parent) {
  return name.size() > parent.size() && name.starts_with(parent) &&
         name[parent.size()] == imap::kHierarchyDelimiter;
}

}  // namespace

void ChangedMailboxes::note(const std::optional<store::Change>& change) {
  if (!change || some.size() >= kNotifiedMailboxesMax) {
    all = true;
    some.clear();
  } else if (!all) {
    some.insert(change->mailbox);
  }
}

/// The hierarchy, read when a name is first to be told.
class Watch::Names {
 public:
  Names(const store::Snapshot& snapshot, const Manner& manner) : snapshot_(snapshot), manner_(manner) {}

  std::expected<void, StoreError> tell(const std::string& name, std::optional<std::string> old_name,
                                       std::string& out) {
    if (!hierarchy_) {
      auto hierarchy = Hierarchy::read(snapshot_);
      if (!hierarchy) return std::unexpected(hierarchy.error());
      hierarchy_ = std::move(*hierarchy);
    }
    append_list_line(out, "LIST", list_name(*hierarchy_, name, std::move(old_name)),
                     manner_.dialect.mailbox_encoding());
    return {};
  }

 private:
  const store::Snapshot& snapshot_;
  const Manner& manner_;
  std::optional<Hierarchy> hierarchy_;
};

const imap::NotifyGroup* Watch::selected() const {
  const auto group = std::ranges::find_if(wanted_.groups, is_about_selected);
  return group == wanted_.groups.end() ? nullptr : &*group;
}

bool Watch::wants_metadata() const {
  return std::ranges::any_of(wanted_.groups, [](const imap::NotifyGroup& group) {
    return group.events.mailbox_metadata_change || group.events.server_metadata_change;
  });
}

bool Watch::wants_metadata_of(const std::string& mailbox) const {
  return wants(&imap::NotifyEvents::mailbox_metadata_change, mailbox);
}

bool Watch::wants_server_metadata() const {
  return std::ranges::any_of(wanted_.groups,
                             [](const imap::NotifyGroup& group) { return group.events.server_metadata_change; });
}

bool Watch::covers(const imap::NotifyGroup& group, const std::string& name) const {
  switch (group.filter) {
    case imap::NotifyFilter::selected:
    case imap::NotifyFilter::selected_delayed: return false;
    case imap::NotifyFilter::inboxes:  // any mailbox may be delivered to (RFC 5465 §6.3)
    case imap::NotifyFilter::personal: return true;
    case imap::NotifyFilter::subscribed: return subscribed_.contains(name);
    case imap::NotifyFilter::mailboxes: return std::ranges::count(group.mailboxes, name) > 0;
    case imap::NotifyFilter::subtree:
      return std::ranges::any_of(group.mailboxes,
                                 [&name](const std::string& root) { return name == root || is_below(name, root); });
  }
  std::unreachable();
}

bool Watch::wants(bool imap::NotifyEvents::*event, const std::string& name) const {
  return std::ranges::any_of(
      wanted_.groups, [&](const imap::NotifyGroup& group) { return group.events.*event && covers(group, name); });
}

/// RFC 5465 §5.1 to §5.3: of flags, without mod-sequences, only what changes a number.
bool Watch::wants_status(const Known& before, const Known& now, const Manner& manner) const {
  const bool counts_changed = before.uid_next != now.uid_next || before.messages != now.messages;
  if (counts_changed && wants(&imap::NotifyEvents::message_new, now.name)) return true;
  const bool flags_changed =
      before.unseen != now.unseen || (manner.dialect.condstore && before.highest_modseq != now.highest_modseq);
  return flags_changed && wants(&imap::NotifyEvents::flag_change, now.name);
}

std::vector<imap::StatusItem> Watch::status_items(const std::string& name, const Manner& manner) const {
  std::vector<imap::StatusItem> items{imap::StatusItem::messages, imap::StatusItem::uid_next,
                                      imap::StatusItem::uid_validity};
  if (wants(&imap::NotifyEvents::flag_change, name)) items.push_back(imap::StatusItem::unseen);
  if (manner.dialect.condstore) items.push_back(imap::StatusItem::highest_mod_seq);
  return items;
}

Watch::Known Watch::known(const store::MailboxInfo& info) {
  return {info.name, info.uid_next, info.messages, info.unseen, info.highest_modseq};
}

std::expected<Watch::Outcome, StoreError> Watch::begin(const store::Snapshot& snapshot, const Manner& manner,
                                                       std::string& out) {
  auto mailboxes = snapshot.mailboxes();
  if (!mailboxes) return std::unexpected(mailboxes.error());
  auto subscriptions = snapshot.subscriptions();
  if (!subscriptions) return std::unexpected(subscriptions.error());
  if (mailboxes->size() > kNotifiedMailboxesMax) return Outcome::overflow;
  subscribed_ = {subscriptions->begin(), subscriptions->end()};
  for (const store::MailboxInfo& info : *mailboxes) {
    mailboxes_[info.id] = known(info);
    if (!wanted_.status || info.id == manner.selected) continue;
    if (!wants(&imap::NotifyEvents::message_new, info.name)) continue;
    append_status(out, info, status_items(info.name, manner), manner.status);
  }
  return Outcome::told;
}

std::expected<Watch::Outcome, StoreError> Watch::tell(const store::Snapshot& snapshot,
                                                      const ChangedMailboxes& changed, const Manner& manner,
                                                      std::string& out) {
  Names names{snapshot, manner};
  std::set<MailboxId> to_look_at = changed.some;
  if (changed.all) {
    auto mailboxes = snapshot.mailboxes();
    if (!mailboxes) return std::unexpected(mailboxes.error());
    for (const auto& info : *mailboxes) to_look_at.insert(info.id);
    for (const auto& [id, mailbox] : mailboxes_) to_look_at.insert(id);
  }
  if (changed.all || changed.some.contains(store::kNoMailbox)) {
    auto told = tell_subscriptions(snapshot, names, out);
    if (!told) return std::unexpected(told.error());
  }
  for (const MailboxId id : to_look_at) {
    auto told = tell_mailbox(snapshot, id, manner, names, out);
    if (!told) return std::unexpected(told.error());
  }
  return mailboxes_.size() > kNotifiedMailboxesMax ? Outcome::overflow : Outcome::told;
}

std::expected<void, StoreError> Watch::tell_subscriptions(const store::Snapshot& snapshot, Names& names,
                                                          std::string& out) {
  auto subscriptions = snapshot.subscriptions();
  if (!subscriptions) return std::unexpected(subscriptions.error());
  const std::set<std::string> now{subscriptions->begin(), subscriptions->end()};
  std::vector<std::string> differ;
  std::ranges::set_symmetric_difference(subscribed_, now, std::back_inserter(differ));
  subscribed_.insert(now.begin(), now.end());  // the filter "subscribed" covers what was on the list or is now
  for (const std::string& name : differ) {
    if (!wants(&imap::NotifyEvents::subscription_change, name)) continue;
    auto told = names.tell(name, std::nullopt, out);
    if (!told) return told;
  }
  subscribed_ = now;
  return {};
}

std::expected<void, StoreError> Watch::tell_mailbox(const store::Snapshot& snapshot, MailboxId id,
                                                    const Manner& manner, Names& names, std::string& out) {
  const auto before = mailboxes_.find(id);
  auto info = snapshot.mailbox(id);
  if (!info) {
    if (info.error() != StoreError::no_such_mailbox) return std::unexpected(info.error());
    if (before == mailboxes_.end()) return {};
    const std::string name = std::move(before->second.name);
    mailboxes_.erase(before);
    if (!wants(&imap::NotifyEvents::mailbox_name, name)) return {};
    return names.tell(name, std::nullopt, out);
  }
  const Known now = known(*info);
  if (before == mailboxes_.end()) {
    mailboxes_[id] = now;
    if (!wants(&imap::NotifyEvents::mailbox_name, now.name)) return {};
    return names.tell(now.name, std::nullopt, out);
  }
  const Known was = std::exchange(before->second, now);
  const bool renamed = was.name != now.name && (wants(&imap::NotifyEvents::mailbox_name, now.name) ||
                                                wants(&imap::NotifyEvents::mailbox_name, was.name));
  if (renamed) {
    auto told = names.tell(now.name, was.name, out);
    if (!told) return told;
  }
  if (id != manner.selected && wants_status(was, now, manner)) {
    append_status(out, *info, status_items(now.name, manner), manner.status);
  }
  return {};
}

}  // namespace posthaste::imapd
