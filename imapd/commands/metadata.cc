// GETMETADATA and SETMETADATA, and what is told of changes that others make (RFC 5464, RFC 5465 §5.6 and §5.7).
#include <algorithm>

#include "common/imap/writer.h"
#include "imapd/answers/metadata_work.h"
#include "imapd/session.h"

namespace posthaste::imapd {
namespace {

/// Whom RFC 5321 §4.5.1 wants in every domain.
std::string administrator_of(const std::string& address) {
  return "mailto:postmaster" + address.substr(std::min(address.rfind('@'), address.size()));
}

bool is_too_long(const imap::MetadataValue& value) {
  return value.value && value.value->size() > mailbox::kAnnotationMaxOctets;
}

std::vector<mailbox::Annotation> annotations_of(std::vector<imap::MetadataValue> values) {
  std::vector<mailbox::Annotation> annotations;
  for (imap::MetadataValue& value : values) {
    annotations.push_back({std::move(value.entry), std::move(value.value)});
  }
  return annotations;
}

void append_changes(std::string& out, imap::MailboxEncoding encoding, std::string_view mailbox,
                    const std::set<std::string>& entries) {
  imap::ResponseWriter writer{out, encoding};
  writer.raw("* METADATA ");
  writer.mailbox(mailbox);
  for (const std::string& entry : entries) {
    writer.space();
    writer.astring(entry);
  }
  writer.crlf();
}

/// A mailbox's name, or nothing for the server, and the entries of it that have changed.
using NamedChanges = std::vector<std::pair<std::optional<std::string>, std::set<std::string>>>;

/// The snapshot is gone when they are told.
std::expected<NamedChanges, mailbox::StoreError> read_changes(const mailbox::Reader& store, UserId user,
                                                              KnownMetadata& known) {
  NamedChanges named;
  auto snapshot = store.read(user);
  if (!snapshot) return std::unexpected(snapshot.error());
  auto changes = known.changes(*snapshot);
  if (!changes) return std::unexpected(changes.error());
  for (auto& [mailbox, entries] : *changes) {
    std::optional<std::string> name;
    if (mailbox) {
      auto info = snapshot->mailbox(*mailbox);
      if (!info) return std::unexpected(info.error());
      name = std::move(info->name);
    }
    named.emplace_back(std::move(name), std::move(entries));
  }
  return named;
}

}  // namespace

net::Task<std::expected<std::optional<MailboxId>, Reply>> Session::find_annotated(std::optional<std::string> name) {
  if (!name) co_return std::optional<MailboxId>{};
  const auto info = co_await find_mailbox(std::move(*name));
  if (!info) co_return std::unexpected(reply_for(info.error()));
  co_return std::optional{info->id};
}

net::Task<Reply> Session::run(imap::GetMetadata command) {
  const auto mailbox = co_await find_annotated(command.mailbox);
  if (!mailbox) co_return mailbox.error();
  MetadataWork work{{around_.store, login_->user, *mailbox, administrator_of(login_->address)},
                    std::move(command),
                    dialect_.mailbox_encoding()};
  while (!work.done()) {
    auto step = [&work] { return work.step(); };
    auto responses = co_await off_loop(std::move(step));
    if (!responses) co_return reply_for(responses.error());
    stream_.write(*responses);
    auto relieved = co_await relieve();
    if (!relieved) co_return farewell(net::StreamError::closed);
  }
  if (const auto longest = work.longest_left_out()) {
    co_return reply_for(Done::shorter_told, "METADATA LONGENTRIES " + std::to_string(*longest));
  }
  co_return reply_for(Done::all_told);
}

net::Task<Reply> Session::run(imap::SetMetadata command) {
  // What is shared on the server is everybody's, and the operator's to say.
  const bool is_private = std::ranges::all_of(
      command.values, [](const imap::MetadataValue& value) { return imap::is_private_entry(value.entry); });
  if (!command.mailbox && !is_private) co_return reply_for(Refusal::shared_metadata);
  if (std::ranges::any_of(command.values, is_too_long)) co_return annotation_too_long();
  const auto mailbox = co_await find_annotated(command.mailbox);
  if (!mailbox) co_return mailbox.error();
  mailbox::SetMetadata change{*mailbox, annotations_of(std::move(command.values))};
  std::vector<mailbox::Annotation> own;
  if (known_metadata_) own = change.annotations;
  auto done = co_await apply<mailbox::Done>(std::move(change));
  if (!done) co_return reply_for(done.error());
  if (known_metadata_) known_metadata_->note_own(*mailbox, own, done->second);
  co_return reply_for(Done::metadata_set);
}

net::Task<std::expected<void, mailbox::StoreError>> Session::know_metadata() {
  if (known_metadata_) co_return std::expected<void, mailbox::StoreError>{};
  auto known = std::make_unique<KnownMetadata>();
  auto begin = [&]() -> std::expected<void, mailbox::StoreError> {
    auto snapshot = around_.store.read(login_->user);
    if (!snapshot) return std::unexpected(snapshot.error());
    auto changes = known->changes(*snapshot);
    if (!changes) return std::unexpected(changes.error());
    return {};
  };
  auto begun = co_await off_loop(std::move(begin));
  if (begun) known_metadata_ = std::move(known);
  co_return begun;
}

bool Session::wants_metadata_of(const std::optional<std::string>& mailbox) const {
  if (dialect_.metadata) return true;
  if (!notifications_) return false;
  const Watch& watch = notifications_->watch;
  return mailbox ? watch.wants_metadata_of(*mailbox) : watch.wants_server_metadata();
}

net::Task<void> Session::tell_metadata() {
  if (!known_metadata_) co_return;
  auto tell = [this]() -> std::expected<std::string, mailbox::StoreError> {
    auto changes = read_changes(around_.store, login_->user, *known_metadata_);
    if (!changes) return std::unexpected(changes.error());
    std::string lines;
    for (const auto& [mailbox, entries] : *changes) {
      if (!wants_metadata_of(mailbox)) continue;
      append_changes(lines, dialect_.mailbox_encoding(), mailbox.value_or(std::string{}), entries);
    }
    return lines;
  };
  const auto find_newest = [](const mailbox::Snapshot& snapshot) { return snapshot.metadata_modseq(); };
  const auto newest = co_await look_up(find_newest);
  if (!newest || *newest == known_metadata_->heard_of()) co_return;
  auto lines = co_await off_loop(std::move(tell));
  if (!lines) {  // the next command tries again
    around_.log.error("imap.metadata.unreadable", {{"user", login_->address}});
    co_return;
  }
  stream_.write(*lines);
}

}  // namespace posthaste::imapd
