#include "common/store/whereabouts.h"

#include <string_view>

#include "common/base/octets.h"
#include "common/store/rows.h"

namespace posthaste::store {
namespace {

void add_places(const View& view, const MailboxInfo& mailbox, UserId user, BlobId blob, std::size_t places_max,
                std::vector<MessagePlace>& places) {
  const Key prefix = mailbox_key(user, mailbox.id);
  Cursor cursor(view, Table::hot_rows);
  bool there = cursor.seek(prefix);
  for (; there && cursor.key().starts_with(prefix) && places.size() < places_max; there = cursor.next()) {
    const auto message = decode_message_row(uid_of(cursor.key()), cursor.value());
    if (!message || message->blob != blob || message->uid >= mailbox.uid_next) continue;
    places.push_back({user, mailbox.name, message->uid});
  }
}

}  // namespace

std::vector<MessagePlace> places_of(const View& view, BlobId blob, std::size_t places_max) {
  std::vector<MessagePlace> places;
  for (const auto& [user, messages] : users_of(view)) {
    if (places.size() >= places_max) break;
    if (!view.get(Table::cold_rows, user_blob_key(user, blob))) continue;
    const Key prefix = user_key(user);
    Cursor cursor(view, Table::mailboxes);
    for (bool there = cursor.seek(prefix); there && cursor.key().starts_with(prefix); there = cursor.next()) {
      std::string_view key = cursor.key().substr(std::string_view(prefix).size());
      const auto mailbox = decode_mailbox(take_key_part<MailboxId>(key), cursor.value());
      if (mailbox) add_places(view, *mailbox, user, blob, places_max, places);
    }
  }
  return places;
}

std::string in_words(const std::vector<MessagePlace>& places) {
  if (places.empty()) return "messages left over";
  std::string text;
  for (const auto& [user, mailbox, uid] : places) {
    text += (text.empty() ? "user " : "; user ") + std::to_string(number(user)) + ", mailbox " + escaped(mailbox) +
            ", UID " + std::to_string(number(uid));
  }
  return text;
}

std::vector<std::pair<UserId, std::uint64_t>> users_of(const View& view) {
  std::vector<std::pair<UserId, std::uint64_t>> users;
  Cursor cursor(view, Table::users);
  for (bool there = cursor.seek(std::string(1, '\0')); there; there = cursor.next()) {
    std::string_view key = cursor.key();
    const auto user = take_key_part<UserId>(key);
    const auto row = decode_user(cursor.value());
    if (!row) view.fail_as_damaged();
    if (row) users.emplace_back(user, row->used_messages);
  }
  return users;
}

std::expected<std::vector<std::pair<UserId, std::uint64_t>>, OpenError> users_in(
    const std::filesystem::path& directory, std::uint64_t map_octets) {
  using Kind = OpenError::Kind;
  const auto index = open_index(directory / "index", Environment::Access::read, map_octets);
  if (!index) return std::unexpected(index.error());
  const auto txn = ReadTxn::begin(**index);
  if (!txn) return std::unexpected(OpenError{Kind::io, directory.string() + ": its index cannot be read"});
  const View view = txn->view();
  auto users = users_of(view);
  const int failure = view.failure();
  if (failure == 0) return users;
  const Kind kind = lmdb::is_damage(failure) ? Kind::damaged : Kind::io;
  return std::unexpected(OpenError{kind, directory.string() + ": its index: " + lmdb::describe(failure)});
}

}  // namespace posthaste::store
