#include "common/memory_store/edit.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "common/base/octets.h"
#include "common/mailbox/mailbox_use.h"
#include "common/mailbox/name.h"

namespace posthaste::memory_store {
namespace {

using mailbox::kDefaultMailboxes;
using mailbox::kInbox;
using mailbox::StoreError;

constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();

std::optional<std::size_t> position_of(const std::vector<std::string>& keywords, std::string_view name) {
  const auto found = std::ranges::find_if(keywords, [name](const auto& known) { return iequals(known, name); });
  if (found == keywords.end()) return std::nullopt;
  return static_cast<std::size_t>(found - keywords.begin());
}

void change_flags(mailbox::Message& message, mailbox::FlagMode mode, mailbox::FlagSet flags,
                  mailbox::KeywordBits keywords) {
  switch (mode) {
    case mailbox::FlagMode::add:
      message.flags = message.flags.with(flags);
      message.keywords |= keywords;
      return;
    case mailbox::FlagMode::remove:
      message.flags = message.flags.without(flags);
      message.keywords &= ~keywords;
      return;
    case mailbox::FlagMode::replace:
      message.flags = flags;
      message.keywords = keywords;
      return;
  }
}

}  // namespace

Edit::Result<mailbox::OperationResult> Edit::run(const mailbox::Operation& operation) {
  if (!user_ && !std::holds_alternative<mailbox::DeleteUser>(operation)) create_user();
  return std::visit([this](const auto& kind) { return execute(kind); }, operation);
}

Edit::Result<mailbox::Appended> Edit::deliver(const mailbox::Deliver& message) {
  if (!user_) create_user();
  Mailbox* target = find(message.mailbox);
  if (target == nullptr) target = find_in_any_case(message.mailbox);
  const auto use_of = [this](std::string_view name) {
    const Mailbox* above = find(name);
    return above != nullptr ? above->info.special_use : std::nullopt;
  };
  if (target == nullptr || mailbox::lies_where_the_user_writes(target->info.name, use_of)) target = find(kInbox);
  const auto done = execute(mailbox::Append{target->info.id, message.blob, message.flags, message.keywords,
                                            message.internal_date, std::nullopt});
  if (!done) return std::unexpected(done.error());
  return std::get<mailbox::Appended>(*done);
}

// --- Messages

Edit::Done Edit::execute(const mailbox::Append& operation) {
  Mailbox* target = find(operation.mailbox);
  if (target == nullptr) return std::unexpected(StoreError::no_such_mailbox);
  if (operation.expected_uid_validity && *operation.expected_uid_validity != target->info.uid_validity) {
    return std::unexpected(StoreError::conflict);
  }
  const auto keywords = learn(target->info, operation.keywords);
  if (!keywords) return std::unexpected(keywords.error());
  if (target->info.uid_next == mailbox::kAllUids.last) return std::unexpected(StoreError::full);

  const auto blob = keep_(operation.blob);
  mailbox::Message message;
  message.uid = target->info.uid_next;
  message.modseq = next_modseq();
  message.flags = operation.flags;
  message.keywords = *keywords;
  message.internal_date = operation.internal_date;
  message.save_date = std::chrono::floor<std::chrono::seconds>(now_);
  message.octets = static_cast<std::uint32_t>(blob->octets.size());
  message.blob = blob->id;
  add(*target, message, blob);
  if (const auto room = check_quota(); !room) return std::unexpected(room.error());
  changed(*target, message.modseq);
  return mailbox::Appended{target->info.id, target->info.uid_validity, message.uid, message.blob};
}

Edit::Done Edit::execute(const mailbox::StoreFlags& operation) {
  Mailbox* target = find(operation.mailbox);
  if (target == nullptr) return std::unexpected(StoreError::no_such_mailbox);
  std::vector<std::string> names = operation.keywords;
  if (operation.mode == mailbox::FlagMode::remove) {
    std::erase_if(names, [&](const auto& name) { return !position_of(target->info.keywords, name); });
  }
  mailbox::MailboxInfo learnt = target->info;
  const auto keywords = learn(learnt, names);
  if (!keywords) return std::unexpected(keywords.error());
  const ModSeq modseq = next_modseq();
  mailbox::FlagsStored stored;
  for (const mailbox::Message& message : messages_in(*target, operation.uids, kAll)) {
    if (operation.unchanged_since && message.modseq > *operation.unchanged_since) {
      stored.modified.add(message.uid);
      continue;
    }
    mailbox::Message after = message;
    change_flags(after, operation.mode, operation.flags, *keywords);
    if (after == message) continue;
    stored.changed.add(message.uid);
    after.modseq = modseq;
    count(target->info, message, -1);
    count(target->info, after, 1);
    target->messages[message.uid] = after;
  }
  if (stored.changed.empty()) return stored;
  target->info.keywords = std::move(learnt.keywords);
  changed(*target, modseq);
  return stored;
}

Edit::Done Edit::execute(const mailbox::Expunge& operation) {
  Mailbox* target = find(operation.mailbox);
  if (target == nullptr) return std::unexpected(StoreError::no_such_mailbox);
  mailbox::Expunged expunged;
  for (const mailbox::Message& message : messages_in(*target, operation.uids, kAll)) {
    const bool goes =
        operation.which == mailbox::ExpungeWhich::all || message.flags.contains(mailbox::SystemFlag::deleted);
    if (goes) expunged.uids.add(message.uid);
  }
  if (!expunged.uids.empty()) remove(*target, expunged.uids, next_modseq());
  return expunged;
}

Edit::Done Edit::execute(const mailbox::Copy& operation) {
  const Mailbox* from = find(operation.from);
  Mailbox* to = find(operation.to);
  if (from == nullptr || to == nullptr) return std::unexpected(StoreError::no_such_mailbox);
  const auto messages = messages_in(*from, operation.uids, kAll);
  const ModSeq modseq = next_modseq();
  const auto copied = copy(*from, *to, messages, modseq);
  if (!copied || messages.empty()) return copied ? Done{*copied} : std::unexpected(copied.error());
  if (const auto room = check_quota(); !room) return std::unexpected(room.error());
  changed(*to, modseq);
  return *copied;
}

Edit::Done Edit::execute(const mailbox::Move& operation) {
  Mailbox* from = find(operation.from);
  Mailbox* to = find(operation.to);
  if (from == nullptr || to == nullptr) return std::unexpected(StoreError::no_such_mailbox);
  const auto messages = messages_in(*from, operation.uids, kAll);
  const ModSeq modseq = next_modseq();
  const auto moved = copy(*from, *to, messages, modseq);
  if (!moved || messages.empty()) return moved ? Done{*moved} : std::unexpected(moved.error());
  remove(*from, moved->source, modseq);
  changed(*to, modseq);
  return *moved;
}

// --- Mailboxes

Edit::Done Edit::execute(const mailbox::CreateMailbox& operation) {
  const std::string name = mailbox::canonical_name(operation.name);
  if (!mailbox::is_mailbox_name(name)) return std::unexpected(StoreError::invalid_name);
  if (find(name) != nullptr) return std::unexpected(StoreError::already_exists);
  if (operation.special_use && use_is_taken(*operation.special_use)) {
    return std::unexpected(StoreError::already_exists);
  }
  if (user_->mailboxes.size() + 1 + missing_parents(name) > limits_.mailboxes_max) {
    return std::unexpected(StoreError::too_many_mailboxes);
  }
  create_parents(name);
  return create(name, operation.special_use);
}

Edit::Done Edit::execute(const mailbox::DeleteMailbox& operation) {
  Mailbox* target = find(operation.name);
  if (target == nullptr) return std::unexpected(StoreError::no_such_mailbox);
  if (target->info.name == kInbox) return std::unexpected(StoreError::cannot);
  const mailbox::MailboxChanged result{target->info.id, target->info.uid_validity};
  const ModSeq modseq = next_modseq();
  drop(*target, {mailbox::kAllUids});
  user_->names.erase(target->info.name);
  user_->mailboxes.erase(result.mailbox);
  user_->modseq = modseq;
  user_->deleted.add(modseq, result.mailbox, limits_.tombstones_max);
  changes_.push_back({id_, result.mailbox, modseq});
  return result;
}

Edit::Done Edit::execute(const mailbox::RenameMailbox& operation) {
  const std::string from = mailbox::canonical_name(operation.from);
  const std::string to = mailbox::canonical_name(operation.to);
  if (!mailbox::is_mailbox_name(to)) return std::unexpected(StoreError::invalid_name);
  std::vector<std::pair<MailboxId, std::string>> renames;
  if (const Mailbox* itself = find(from)) renames.emplace_back(itself->info.id, to);
  for (const auto& [name, id] : user_->names) {
    if (name.starts_with(from + '/')) renames.emplace_back(id, to + name.substr(from.size()));
  }
  if (renames.empty() || !mailbox::is_mailbox_name(from)) return std::unexpected(StoreError::no_such_mailbox);
  if (find(to) != nullptr) return std::unexpected(StoreError::already_exists);
  Mailbox* first = find(renames.front().first);
  if (first->info.name == kInbox) return rename_inbox(*first, to);
  if (to.starts_with(from + '/')) return std::unexpected(StoreError::cannot);
  for (const auto& [id, name] : renames) {
    if (!mailbox::is_mailbox_name(name)) return std::unexpected(StoreError::invalid_name);
    if (find(name) != nullptr) return std::unexpected(StoreError::already_exists);
  }
  if (user_->mailboxes.size() + missing_parents(to) > limits_.mailboxes_max) {
    return std::unexpected(StoreError::too_many_mailboxes);
  }
  create_parents(to);
  for (const auto& [id, name] : renames) {
    Mailbox& renamed = *find(id);
    user_->names.erase(renamed.info.name);
    user_->names[name] = id;
    renamed.info.name = name;
    changed(renamed, next_modseq());
  }
  return mailbox::MailboxChanged{first->info.id, first->info.uid_validity};
}

Edit::Done Edit::rename_inbox(Mailbox& inbox, const std::string& to) {
  std::vector<mailbox::Annotation> annotations;
  for (const auto& [entry, value] : inbox.annotations) annotations.push_back({entry, value.value});
  if (const auto room = check_annotations({}, annotations); !room) return std::unexpected(room.error());
  if (user_->mailboxes.size() + 1 + missing_parents(to) > limits_.mailboxes_max) {
    return std::unexpected(StoreError::too_many_mailboxes);
  }
  create_parents(to);
  const mailbox::MailboxChanged created = create(to, std::nullopt);
  if (!annotations.empty()) {
    const auto annotated = execute(mailbox::SetMetadata{created.mailbox, std::move(annotations)});
    if (!annotated) return annotated;
  }
  Mailbox& target = *find(created.mailbox);
  const auto messages = messages_in(inbox, {mailbox::kAllUids}, mailbox::kRenamedMessagesMax);
  if (messages.empty()) return created;
  const ModSeq modseq = next_modseq();
  const auto moved = copy(inbox, target, messages, modseq);
  if (!moved) return std::unexpected(moved.error());
  remove(inbox, moved->source, modseq);
  changed(target, modseq);
  return created;
}

Edit::Done Edit::execute(const mailbox::SetSubscribed& operation) {
  const std::string name = mailbox::canonical_name(operation.name);
  if (!mailbox::is_mailbox_name(name)) return std::unexpected(StoreError::invalid_name);
  if (user_->subscriptions.contains(name) == operation.subscribed) return mailbox::Done{};
  if (operation.subscribed && user_->subscriptions.size() >= limits_.mailboxes_max) {
    return std::unexpected(StoreError::too_many_mailboxes);
  }
  if (operation.subscribed) {
    user_->subscriptions.insert(name);
  } else {
    user_->subscriptions.erase(name);
  }
  user_->modseq = next_modseq();
  changes_.push_back({id_, mailbox::kNoMailbox, user_->modseq});
  return mailbox::Done{};
}

Edit::Done Edit::execute(const mailbox::SetSpecialUse& operation) {
  Mailbox* target = find(operation.name);
  if (target == nullptr) return std::unexpected(StoreError::no_such_mailbox);
  const mailbox::MailboxChanged result{target->info.id, target->info.uid_validity};
  if (target->info.special_use == operation.special_use) return result;
  if (operation.special_use && use_is_taken(*operation.special_use)) {
    return std::unexpected(StoreError::already_exists);
  }
  target->info.special_use = operation.special_use;
  changed(*target, next_modseq());
  return result;
}

// --- Users

Edit::Done Edit::execute(const mailbox::CreateUser&) {
  return mailbox::Done{};  // run() did it
}

Edit::Done Edit::execute(const mailbox::DeleteUser&) {
  if (!user_) return mailbox::Done{};
  for (const auto& [id, gone] : user_->mailboxes) changes_.push_back({id_, id, next_modseq()});
  user_.reset();
  return mailbox::Done{};
}

Edit::Done Edit::execute(const mailbox::SetQuota& operation) {
  user_->limits = operation.limits;
  return mailbox::Done{};
}

void Edit::create_user() {
  user_ = std::make_shared<User>();
  for (const mailbox::DefaultMailbox& each : kDefaultMailboxes) {
    create(each.name, each.special_use);
    user_->subscriptions.insert(each.name);
    user_->modseq = next_modseq();
    changes_.push_back({id_, mailbox::kNoMailbox, user_->modseq});
  }
}

// --- Annotations

Edit::Done Edit::execute(const mailbox::SetMetadata& operation) {
  Mailbox* target = operation.mailbox ? find(*operation.mailbox) : nullptr;
  if (operation.mailbox && target == nullptr) return std::unexpected(StoreError::no_such_mailbox);
  Annotations& annotations = target != nullptr ? target->annotations : user_->annotations;
  std::map<std::string, std::optional<std::string>> last;
  for (const mailbox::Annotation& annotation : operation.annotations) {
    if (annotation.entry.empty() || annotation.entry.size() > mailbox::kEntryMaxOctets) {
      return std::unexpected(StoreError::invalid_name);
    }
    if (annotation.value && annotation.value->size() > mailbox::kAnnotationMaxOctets) {
      return std::unexpected(StoreError::cannot);
    }
    last[annotation.entry] = annotation.value;
  }
  std::vector<mailbox::Annotation> wanted;
  for (auto& [entry, value] : last) {
    const auto before = annotations.find(entry);
    const bool same = before != annotations.end() ? value == before->second.value : !value;
    if (!same) wanted.push_back({entry, std::move(value)});
  }
  if (wanted.empty()) return mailbox::Done{};
  if (const auto room = check_annotations(annotations, wanted); !room) return std::unexpected(room.error());
  user_->modseq = next_modseq();
  user_->metadata_modseq = user_->modseq;
  for (mailbox::Annotation& annotation : wanted) {
    if (annotation.value) {
      annotations[annotation.entry] = {user_->modseq, std::move(*annotation.value)};
    } else {
      annotations.erase(annotation.entry);
    }
  }
  changes_.push_back({id_, operation.mailbox.value_or(mailbox::kNoMailbox), user_->modseq});
  return mailbox::Done{};
}

Edit::Result<void> Edit::check_annotations(const Annotations& there,
                                           const std::vector<mailbox::Annotation>& wanted) const {
  std::uint64_t before = 0;
  std::uint64_t octets_before = 0;
  std::uint64_t after = 0;
  std::uint64_t octets_after = 0;
  for (const mailbox::Annotation& annotation : wanted) {
    if (const auto found = there.find(annotation.entry); found != there.end()) {
      ++before;
      octets_before += annotation.entry.size() + found->second.value.size();
    }
    if (!annotation.value) continue;
    ++after;
    octets_after += annotation.entry.size() + annotation.value->size();
  }
  std::uint64_t all = 0;
  std::uint64_t octets = 0;
  const auto add = [&](const Annotations& annotations) {
    all += annotations.size();
    for (const auto& [entry, value] : annotations) octets += entry.size() + value.value.size();
  };
  add(user_->annotations);
  for (const auto& [id, each] : user_->mailboxes) add(each.annotations);
  const bool too_many = after > before && (there.size() - before + after > mailbox::kAnnotationsMax ||
                                           all - before + after > mailbox::kUserAnnotationsMax);
  const bool too_large =
      octets_after > octets_before && octets - octets_before + octets_after > mailbox::kUserAnnotationsMaxOctets;
  if (too_many || too_large) return std::unexpected(StoreError::too_many_annotations);
  return {};
}

// --- Parts

Mailbox* Edit::find(MailboxId id) {
  const auto found = user_->mailboxes.find(id);
  return found == user_->mailboxes.end() ? nullptr : &found->second;
}

Mailbox* Edit::find(std::string_view name) {
  const auto found = user_->names.find(mailbox::canonical_name(name));
  return found == user_->names.end() ? nullptr : find(found->second);
}

Mailbox* Edit::find_in_any_case(std::string_view name) {
  for (const auto& [known, id] : user_->names) {
    if (known.size() == name.size() && iequals(known, name)) return find(id);
  }
  return nullptr;
}

void Edit::changed(Mailbox& mailbox, ModSeq modseq) {
  user_->modseq = std::max(user_->modseq, modseq);
  mailbox.info.highest_modseq = std::max(mailbox.info.highest_modseq, modseq);
  changes_.push_back({id_, mailbox.info.id, modseq});
}

/// UIDVALIDITY = max(now, the user's last + 1): never used before (RFC 9051 §2.3.1.1).
mailbox::MailboxChanged Edit::create(const std::string& name, std::optional<mailbox::SpecialUse> use) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now_).time_since_epoch().count();
  const auto clock = static_cast<UidValidity>(static_cast<std::uint32_t>(std::max<std::int64_t>(seconds, 1)));
  user_->last_uid_validity = std::max(clock, next(user_->last_uid_validity));
  const MailboxId id = user_->next_mailbox;
  user_->next_mailbox = next(id);
  Mailbox& created = user_->mailboxes[id];
  created.info.id = id;
  created.info.name = name;
  created.info.uid_validity = user_->last_uid_validity;
  created.info.uid_next = Uid{1};
  created.info.special_use = use;
  user_->names[name] = id;
  changed(created, next_modseq());
  return {id, created.info.uid_validity};
}

void Edit::create_parents(std::string_view name) {
  for (std::size_t slash = name.find('/'); slash != std::string_view::npos; slash = name.find('/', slash + 1)) {
    if (find(name.substr(0, slash)) == nullptr) create(std::string(name.substr(0, slash)), std::nullopt);
  }
}

std::size_t Edit::missing_parents(std::string_view name) {
  std::size_t missing = 0;
  for (std::size_t slash = name.find('/'); slash != std::string_view::npos; slash = name.find('/', slash + 1)) {
    if (find(name.substr(0, slash)) == nullptr) ++missing;
  }
  return missing;
}

bool Edit::use_is_taken(mailbox::SpecialUse use) const {
  return std::ranges::any_of(user_->mailboxes,
                             [use](const auto& each) { return each.second.info.special_use == use; });
}

Edit::Result<void> Edit::check_quota() const {
  std::uint64_t messages = 0;
  std::uint64_t octets = 0;
  for (const auto& [id, each] : user_->mailboxes) {
    messages += each.info.messages;
    octets += each.info.octets;
  }
  const auto& limits = user_->limits;
  const bool over = (limits.octets && octets > *limits.octets) || (limits.messages && messages > *limits.messages);
  if (over) return std::unexpected(StoreError::over_quota);
  return {};
}

Edit::Result<mailbox::KeywordBits> Edit::learn(mailbox::MailboxInfo& mailbox,
                                               const std::vector<std::string>& names) {
  mailbox::KeywordBits bits;
  std::vector<std::string> known = mailbox.keywords;
  for (const std::string& name : names) {
    if (name.empty() || name.size() > mailbox::kKeywordMaxOctets) return std::unexpected(StoreError::invalid_name);
    auto position = position_of(known, name);
    if (!position) {
      if (known.size() == mailbox::kKeywordsMax) return std::unexpected(StoreError::too_many_keywords);
      position = known.size();
      known.push_back(name);
    }
    bits.set(*position);
  }
  mailbox.keywords = std::move(known);
  return bits;
}

std::vector<mailbox::Message> Edit::messages_in(const Mailbox& mailbox, const mailbox::UidSet& uids,
                                                std::size_t messages_max) {
  std::vector<mailbox::Message> messages;
  for (const mailbox::UidRange& range : uids.ranges()) {
    auto found = mailbox.messages.lower_bound(range.first);
    for (; found != mailbox.messages.end() && found->first <= range.last; ++found) {
      if (messages.size() == messages_max) return messages;
      messages.push_back(found->second);
    }
  }
  return messages;
}

void Edit::count(mailbox::MailboxInfo& info, const mailbox::Message& message, std::int32_t by) {
  const auto add = [by](std::uint32_t& number) { number += static_cast<std::uint32_t>(by); };
  add(info.messages);
  if (!message.flags.contains(mailbox::SystemFlag::seen)) add(info.unseen);
  if (message.flags.contains(mailbox::SystemFlag::deleted)) add(info.deleted);
  info.octets += static_cast<std::uint64_t>(by) * message.octets;
}

void Edit::add(Mailbox& mailbox, const mailbox::Message& message, const std::shared_ptr<const StoredBlob>& blob) {
  mailbox.messages[message.uid] = message;
  mailbox.info.uid_next = next(message.uid);
  count(mailbox.info, message, 1);
  Held& held = user_->blobs[message.blob];
  held.blob = blob;
  ++held.messages;
}

mailbox::UidSet Edit::drop(Mailbox& mailbox, const mailbox::UidSet& uids) {
  mailbox::UidSet gone;
  for (const mailbox::Message& message : messages_in(mailbox, uids, kAll)) {
    gone.add(message.uid);
    count(mailbox.info, message, -1);
    mailbox.messages.erase(message.uid);
    const auto held = user_->blobs.find(message.blob);
    if (--held->second.messages == 0) user_->blobs.erase(held);
  }
  return gone;
}

void Edit::remove(Mailbox& mailbox, const mailbox::UidSet& uids, ModSeq modseq) {
  mailbox.vanished.add(modseq, drop(mailbox, uids), limits_.tombstones_max);
  mailbox.info.vanished_floor = mailbox.vanished.floor;
  changed(mailbox, modseq);
}

Edit::Result<mailbox::Copied> Edit::copy(const Mailbox& from, Mailbox& to,
                                         const std::vector<mailbox::Message>& messages, ModSeq modseq) {
  if (number(mailbox::kAllUids.last) - number(to.info.uid_next) < messages.size()) {
    return std::unexpected(StoreError::full);
  }
  mailbox::KeywordBits used;
  for (const mailbox::Message& message : messages) used |= message.keywords;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < from.info.keywords.size(); ++i) {
    if (used.test(i)) names.push_back(from.info.keywords[i]);
  }
  if (const auto learnt = learn(to.info, names); !learnt) return std::unexpected(learnt.error());
  const std::vector<std::string> keywords = from.info.keywords;  // `to` may be the same
  mailbox::Copied copied;
  copied.uid_validity = to.info.uid_validity;
  for (mailbox::Message message : messages) {
    const auto before = std::exchange(message.keywords, {});
    for (std::size_t i = 0; i < keywords.size(); ++i) {
      const auto position = position_of(to.info.keywords, keywords[i]);
      if (before.test(i) && position) message.keywords.set(*position);
    }
    copied.source.add(message.uid);
    copied.destination.add(to.info.uid_next);
    message.uid = to.info.uid_next;
    message.modseq = modseq;
    message.save_date = std::chrono::floor<std::chrono::seconds>(now_);
    add(to, message, user_->blobs.at(message.blob).blob);
  }
  return copied;
}

}  // namespace posthaste::memory_store
