// Stores a message for all its recipients at once.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "common/auth/directory.h"
#include "common/net/task.h"
#include "common/smtp/delivery_id.h"
#include "deliveryd/resources.h"

namespace posthaste::deliveryd {

/// An accepted RCPT, and the users to whom it leads.
struct Recipient {
  std::string address;
  std::vector<auth::LocalUser> users;
  std::optional<std::uint64_t> looked_up_at;  // the directory's last transaction before it was asked
};

/// A message as it will be stored, trace fields included.
struct Message {
  std::string octets;
  std::string trace_id;
  std::optional<smtp::DeliveryId> delivery_id;
};

/// `detail` if a mailbox can be called so, otherwise INBOX (which the store also takes when there is none of that
/// name in any case).
[[nodiscard]] std::string mailbox_for(const std::string& detail);

/// Hands one delivery for each user and mailbox to the store, all before the first is answered, so that they share
/// a group; the octets are written once. A user whom two recipients lead to gets one copy. With a delivery id, a
/// repeat stores nothing that was stored before. What comes back is in the order of `recipients`: durable for all
/// of a recipient's users, or the error of one of them. A user who was deleted since is left out, and a recipient
/// who led to such users alone has no_such_mailbox. Errors: no_such_mailbox, over_quota, full, io.
net::Task<std::vector<std::expected<void, mailbox::StoreError>>> deliver(Resources& resources, Message message,
                                                                         std::vector<Recipient> recipients);

}  // namespace posthaste::deliveryd
