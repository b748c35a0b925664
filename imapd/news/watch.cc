#include "imapd/news/watch.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "imapd/answers/listing.h"
#include "imapd/limits.h"

namespace posthaste::imapd {
namespace {

using mailbox::StoreError;

bool is_about_selected(const imap::NotifyGroup& group) {
  return group.filter == imap::NotifyFilter::selected || group.filter == imap::NotifyFilter::selected_delayed;
}

}  // namespace

void ChangedMailboxes::note(const std::optional<mailbox::Change>& change) {
  if (!change || some.size() >= kNotifiedMailboxesMax) {
    all = true;
    some.clear();
  } else if (!all) {
    some.insert(change->mailbox);
  }
}

Watch::Watch(imap::Notify wanted) : wanted_(std::move(wanted)) {
  for (std::size_t i = 0; i < wanted_.groups.size(); ++i) {
    const imap::NotifyGroup& group = wanted_.groups[i];
    switch (group.filter) {
      case imap::NotifyFilter::selected:
      case imap::NotifyFilter::selected_delayed: break;
      case imap::NotifyFilter::inboxes:  // any mailbox may be delivered to (RFC 5465 §6.3)
      case imap::NotifyFilter::personal: personal_.set(i); break;
      case imap::NotifyFilter::subscribed: subscribing_.set(i); break;
      case imap::NotifyFilter::mailboxes:
        for (const auto& name : group.mailboxes) named_[name].set(i);
        break;
      case imap::NotifyFilter::subtree:
        for (const auto& name : group.mailboxes) (name.empty() ? personal_ : rooted_[name]).set(i);
        break;
    }
  }
}

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
  return wants(&imap::NotifyEvents::mailbox_metadata_change, covering(mailbox));
}

bool Watch::wants_server_metadata() const {
  return std::ranges::any_of(wanted_.groups,
                             [](const imap::NotifyGroup& group) { return group.events.server_metadata_change; });
}

Watch::Groups Watch::covering(std::string_view name) const {
  Groups groups = personal_;
  if (subscribing_.any() && subscribed_.contains(name)) groups |= subscribing_;
  if (const auto found = named_.find(name); found != named_.end()) groups |= found->second;
  if (rooted_.empty()) return groups;
  for (std::size_t level = 0; level != std::string_view::npos;) {
    level = name.find(imap::kHierarchyDelimiter, level + 1);
    if (const auto found = rooted_.find(name.substr(0, level)); found != rooted_.end()) groups |= found->second;
  }
  return groups;
}

bool Watch::wants(bool imap::NotifyEvents::*event, const Groups& covering) const {
  for (std::size_t i = 0; i < wanted_.groups.size(); ++i) {
    if (covering.test(i) && wanted_.groups[i].events.*event) return true;
  }
  return false;
}

/// RFC 5465 §5.1 to §5.3: of flags, without mod-sequences, only what changes a number.
bool Watch::wants_status(const Known& before, const Known& now, const Groups& covering,
                         const Manner& manner) const {
  const bool counts_changed = before.uid_next != now.uid_next || before.messages != now.messages;
  if (counts_changed && wants(&imap::NotifyEvents::message_new, covering)) return true;
  const bool flags_changed =
      before.unseen != now.unseen || (manner.dialect.condstore && before.highest_modseq != now.highest_modseq);
  return flags_changed && wants(&imap::NotifyEvents::flag_change, covering);
}

std::vector<imap::StatusItem> Watch::status_items(const Groups& covering, const Manner& manner) const {
  std::vector<imap::StatusItem> items{imap::StatusItem::messages, imap::StatusItem::uid_next,
                                      imap::StatusItem::uid_validity};
  const bool with_flags = wants(&imap::NotifyEvents::flag_change, covering);
  if (with_flags) items.push_back(imap::StatusItem::unseen);
  if (with_flags || manner.dialect.condstore) items.push_back(imap::StatusItem::highest_mod_seq);
  return items;
}

Watch::Known Watch::known(const mailbox::MailboxInfo& info) {
  return {info.name, info.uid_next, info.messages, info.unseen, info.highest_modseq};
}

WatchWork::WatchWork(Watch& watch, const mailbox::Reader& store, UserId user, Watch::Manner manner)
    : watch_(watch), store_(store), user_(user), manner_(std::move(manner)), begins_(true), changed_{true, {}} {}

WatchWork::WatchWork(Watch& watch, const mailbox::Reader& store, UserId user, Watch::Manner manner,
                     ChangedMailboxes changed)
    : watch_(watch),
      store_(store),
      user_(user),
      manner_(std::move(manner)),
      begins_(false),
      changed_(std::move(changed)) {}

std::expected<std::string, StoreError> WatchWork::step() {
  std::string out;
  if (!planned_) {
    auto planned = plan(out);
    if (!planned) return std::unexpected(planned.error());
    if (overflows_) return std::string{};
  }
  auto seen = look();
  if (!seen) return std::unexpected(seen.error());
  std::string statuses;
  for (Seen& one : *seen) {
    if (!begins_)
      compare(std::move(one), statuses);
    else if (one.second)
      begin_with(*one.second, statuses);
  }
  auto told = tell_names(out);  // before anything is said of a new name
  if (!told) return std::unexpected(told.error());
  out += statuses;
  overflows_ = watch_.mailboxes_.size() > kNotifiedMailboxesMax;
  return out;
}

WatchWork::Read WatchWork::plan(std::string& out) {
  std::vector<mailbox::MailboxName> mailboxes;
  std::optional<std::vector<std::string>> subscriptions;
  {
    const auto snapshot = store_.read(user_);
    if (!snapshot) return std::unexpected(snapshot.error());
    if (changed_.all) {
      auto names = snapshot->mailbox_names();
      if (!names) return std::unexpected(names.error());
      mailboxes = std::move(*names);
    }
    if (changed_.all || changed_.some.contains(mailbox::kNoMailbox)) {
      auto names = snapshot->subscriptions();
      if (!names) return std::unexpected(names.error());
      subscriptions = std::move(*names);
    }
  }
  overflows_ = mailboxes.size() > kNotifiedMailboxesMax;
  if (begins_) {
    for (const auto& mailbox : mailboxes) to_look_at_.push_back(mailbox.id);  // told by their names
  } else {
    std::set<MailboxId> to_look_at = changed_.some;
    for (const auto& mailbox : mailboxes) to_look_at.insert(mailbox.id);
    if (changed_.all) {
      for (const auto& [id, mailbox] : watch_.mailboxes_) to_look_at.insert(id);
    }
    to_look_at_.assign(to_look_at.begin(), to_look_at.end());
  }
  if (subscriptions) take_subscriptions(std::move(*subscriptions));
  planned_ = true;
  return tell_names(out);
}

void WatchWork::take_subscriptions(std::vector<std::string> subscriptions) {
  std::set<std::string, std::less<>> now{subscriptions.begin(), subscriptions.end()};
  auto& before = watch_.subscribed_;
  if (!begins_) {
    std::vector<std::string> differ;
    std::ranges::set_symmetric_difference(before, now, std::back_inserter(differ));
    before.insert(now.begin(), now.end());  // the filter "subscribed" covers what was on the list or is now
    for (const std::string& name : differ) {
      if (!watch_.wants(&imap::NotifyEvents::subscription_change, watch_.covering(name))) continue;
      new_names_.push_back({name, std::nullopt});
    }
  }
  before = std::move(now);
}

std::expected<std::vector<WatchWork::Seen>, StoreError> WatchWork::look() {
  std::vector<Seen> seen;
  const auto snapshot = store_.read(user_);
  if (!snapshot) return std::unexpected(snapshot.error());
  for (; next_ < to_look_at_.size() && seen.size() < kListedAtOnce; ++next_) {
    const MailboxId id = to_look_at_[next_];
    auto info = snapshot->mailbox(id);
    if (!info && info.error() != StoreError::no_such_mailbox) return std::unexpected(info.error());
    seen.emplace_back(id, info ? std::optional(std::move(*info)) : std::nullopt);
  }
  return seen;
}

void WatchWork::begin_with(const mailbox::MailboxInfo& info, std::string& out) {
  watch_.mailboxes_[info.id] = Watch::known(info);
  if (!watch_.wanted_.status || info.id == manner_.selected) return;
  const auto covering = watch_.covering(info.name);
  if (!watch_.wants(&imap::NotifyEvents::message_new, covering)) return;
  append_status(out, info, watch_.status_items(covering, manner_), manner_.status);
}

void WatchWork::compare(Seen seen, std::string& out) {
  auto& [id, info] = seen;
  const auto wants_name = [this](const std::string& name) {
    return watch_.wants(&imap::NotifyEvents::mailbox_name, watch_.covering(name));
  };
  const auto before = watch_.mailboxes_.find(id);
  if (!info) {
    if (before == watch_.mailboxes_.end()) return;
    std::string name = std::move(before->second.name);
    watch_.mailboxes_.erase(before);
    if (wants_name(name)) new_names_.push_back({std::move(name), std::nullopt});
    return;
  }
  const Watch::Known now = Watch::known(*info);
  if (before == watch_.mailboxes_.end()) {
    watch_.mailboxes_[id] = now;
    if (wants_name(now.name)) new_names_.push_back({now.name, std::nullopt});
    return;
  }
  const Watch::Known was = std::exchange(before->second, now);
  if (was.name != now.name && (wants_name(now.name) || wants_name(was.name))) {
    new_names_.push_back({now.name, was.name});
  }
  if (id == manner_.selected) return;
  const auto covering = watch_.covering(now.name);
  if (watch_.wants_status(was, now, covering, manner_)) {
    append_status(out, *info, watch_.status_items(covering, manner_), manner_.status);
  }
}

WatchWork::Read WatchWork::tell_names(std::string& out) {
  std::vector<ListLine> lines;
  for (std::size_t begin = 0; begin < new_names_.size(); begin += kListedAtOnce) {
    const auto snapshot = store_.read(user_);
    if (!snapshot) return std::unexpected(snapshot.error());
    const std::size_t end = std::min(begin + kListedAtOnce, new_names_.size());
    for (std::size_t i = begin; i < end; ++i) {
      auto line = list_name(*snapshot, new_names_[i].name, std::move(new_names_[i].old_name));
      if (!line) return std::unexpected(line.error());
      lines.push_back(std::move(*line));
    }
  }
  new_names_.clear();
  for (const ListLine& line : lines) append_list_line(out, "LIST", line, manner_.dialect.mailbox_encoding());
  return {};
}

}  // namespace posthaste::imapd
