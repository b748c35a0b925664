// How deliveryd sounds on the wire: the only place that turns errors into reply codes and texts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "common/mailbox/store_error.h"
#include "common/net/network.h"
#include "common/smtp/command.h"
#include "common/smtp/reply.h"
#include "deliveryd/recipient.h"

namespace posthaste::deliveryd {

/// Whether XDELIVERYID and XTRACE are offered.
[[nodiscard]] smtp::Reply greeting(const std::string& hostname);
[[nodiscard]] smtp::Reply capabilities(const std::string& hostname, std::uint64_t message_max_octets,
                                       smtp::PrivateParameters private_parameters);

[[nodiscard]] smtp::Reply ok();
[[nodiscard]] smtp::Reply sender_ok();
[[nodiscard]] smtp::Reply recipient_ok();
[[nodiscard]] smtp::Reply start_mail_input();
[[nodiscard]] smtp::Reply chunk_taken(std::uint64_t octets);
[[nodiscard]] smtp::Reply stored();
[[nodiscard]] smtp::Reply goodbye();
[[nodiscard]] smtp::Reply cannot_verify();

[[nodiscard]] smtp::Reply bad_sequence(std::string text);
[[nodiscard]] smtp::Reply not_lmtp();
[[nodiscard]] smtp::Reply not_implemented();
[[nodiscard]] smtp::Reply binary_refused();
[[nodiscard]] smtp::Reply too_large();
[[nodiscard]] smtp::Reply too_many_recipients();
[[nodiscard]] smtp::Reply out_of_memory();
[[nodiscard]] smtp::Reply too_many_connections();

[[nodiscard]] smtp::Reply reply_for(const smtp::CommandError& error);
[[nodiscard]] smtp::Reply reply_for(mailbox::StoreError error);
[[nodiscard]] smtp::Reply reply_for(RecipientError error);
/// The last words on a stream that failed.
[[nodiscard]] smtp::Reply reply_for(net::StreamError error);

}  // namespace posthaste::deliveryd
