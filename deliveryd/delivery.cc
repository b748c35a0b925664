#include "deliveryd/delivery.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <map>
#include <utility>

#include "common/base/octets.h"
#include "deliveryd/summary.h"

namespace posthaste::deliveryd {
namespace {

using Stored = std::expected<void, mailbox::StoreError>;

constexpr std::string_view kInbox = "INBOX";
constexpr auto kGone = mailbox::StoreError::no_such_mailbox;  // which no delivery ends in that was tried

/// Where a copy goes. Names that differ by their case alone are one: the store may have one mailbox for both.
struct Place {
  UserId user{};
  std::string folded_mailbox;
  auto operator<=>(const Place&) const = default;
};

struct Copy {
  std::string mailbox;  // as the first recipient wrote it
  Stored stored;
};

/// Whose share of the executor a message is summarized in.
UserId first_user(const std::vector<Recipient>& recipients) {
  for (const Recipient& recipient : recipients) {
    for (const auth::LocalUser& user : recipient.users) return user.id;
  }
  return {};
}

net::Task<mailbox::Summary> summarize_off_loop(Resources& resources, UserId user, const std::string& octets) {
  const auto io = resources.fair_shares.of(user, resources.world.io);
  auto work = [&octets] { return summarize(octets); };
  co_return co_await io->run(resources.world.loop, work);
}

net::Task<void> store_copy(Resources& resources, mailbox::Deliver copy, Stored& stored) {
  try {
    auto delivered = co_await resources.local_store.deliver(std::move(copy));
    stored = delivered ? Stored{} : std::unexpected(delivered.error());
  } catch (
      const std::exception& failure) {  // of this copy alone; it may have been stored, which a repeat finds out
    resources.log.error("lmtp.copy.failed", {{"reason", failure.what()}});
    stored = std::unexpected(mailbox::StoreError::io);
  }
}

/// A repeat names the same place, however the recipient was written.
std::optional<mailbox::DeliveryId> delivery_at(const Place& place, const std::optional<smtp::DeliveryId>& id) {
  if (!id) return std::nullopt;
  return mailbox::DeliveryId{smtp::to_string(*id), std::to_string(number(place.user)) + "/" + place.folded_mailbox};
}

/// Whether the user was deleted after RCPT was answered. What cannot be read deletes nobody.
bool is_gone(const auth::Directory& directory, const Recipient& recipient, UserId user) {
  const auto last = directory.last_transaction();
  if (last && recipient.looked_up_at == *last) return false;
  const auto found = directory.find_user(user);
  return !found && found.error() == auth::DirectoryError::not_found;
}

/// The folded name is what a repeat names, too, and INBOX keeps its own.
Place place_of(const auth::LocalUser& user) {
  auto mailbox = mailbox_for(user.detail);
  return {user.id, mailbox == kInbox ? mailbox : lower(mailbox)};
}

}  // namespace

std::string mailbox_for(const std::string& detail) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; };
  const bool fits = !detail.empty() && detail.size() <= mailbox::kMailboxNameMaxOctets && is_utf8(detail) &&
                    detail.front() != '/' && detail.back() != '/' && detail.find("//") == std::string::npos &&
                    std::ranges::none_of(detail, is_control);
  return fits ? detail : std::string{kInbox};
}

net::Task<std::vector<std::expected<void, mailbox::StoreError>>> deliver(Resources& resources, Message message,
                                                                         std::vector<Recipient> recipients) {
  mailbox::Summary summary;
  if (message.octets.size() > kSummarizedOnLoopMaxOctets) {
    summary = co_await summarize_off_loop(resources, first_user(recipients), message.octets);
  } else {
    summary = summarize(message.octets);
  }
  std::vector<mailbox::NewBlob> blobs;
  blobs.push_back({std::move(message.octets), std::move(summary)});
  const auto put = co_await resources.local_store.put_blobs(first_user(recipients), std::move(blobs));
  if (!put) co_return std::vector<Stored>(recipients.size(), std::unexpected(put.error()));
  const mailbox::BlobHandle& blob = put->front();

  std::map<Place, Copy> copies;
  for (const Recipient& recipient : recipients) {
    for (const auth::LocalUser& user : recipient.users) {
      const bool gone = is_gone(resources.directory, recipient, user.id);
      Copy copy{mailbox_for(user.detail), std::unexpected(gone ? kGone : mailbox::StoreError::unavailable)};
      copies.emplace(place_of(user), std::move(copy));
    }
  }
  const mailbox::InternalDate now{std::chrono::floor<std::chrono::seconds>(resources.world.clock.wall())};
  net::TaskScope under_way;
  for (auto& [place, copied] : copies) {
    auto& [mailbox, stored] = copied;
    if (stored == Stored{std::unexpected(kGone)}) continue;
    mailbox::Deliver copy{place.user, mailbox, blob, {}, {}, now, delivery_at(place, message.delivery_id)};
    under_way.spawn(store_copy(resources, std::move(copy), stored));
  }
  co_await under_way.drained();

  std::vector<Stored> outcomes;
  for (const Recipient& recipient : recipients) {
    Stored outcome = std::unexpected(kGone);
    for (const auth::LocalUser& user : recipient.users) {
      const Stored& stored = copies.at(place_of(user)).stored;
      const bool gone = stored == Stored{std::unexpected(kGone)};
      const bool is_first = outcome == Stored{std::unexpected(kGone)};
      if (!gone && (!stored || is_first)) outcome = stored;
    }
    outcomes.push_back(outcome);
  }
  co_return outcomes;
}

}  // namespace posthaste::deliveryd
