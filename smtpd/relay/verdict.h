// What is to be said of a recipient, by a host or by us in its place: every code and sentence of our own is here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/dns/resolver.h"
#include "common/net/network.h"
#include "common/smtp/path.h"
#include "common/smtp/reply.h"
#include "smtpd/relay/delivery.h"
#include "smtpd/relay/reply_reader.h"

namespace posthaste::relay {

struct Verdict {
  Result result = Result::not_tried;
  smtp::Reply reply;
  bool said_by_host = false;
  bool operator==(const Verdict&) const = default;
};

/// The host's own words: deferred or failed as their first digit says.
[[nodiscard]] Verdict refused_by_host(smtp::Reply reply);
/// The host's own words, from which nothing final is concluded.
[[nodiscard]] Verdict deferred_by_host(smtp::Reply reply);

/// What a recipient begins with.
[[nodiscard]] Verdict not_tried();

// Of a domain or a host's name.
[[nodiscard]] Verdict no_such_domain(const std::string& domain);
[[nodiscard]] Verdict accepts_no_mail(const std::string& domain);
[[nodiscard]] Verdict no_usable_host(const std::string& domain);
[[nodiscard]] Verdict loops_back(const std::string& domain);
[[nodiscard]] Verdict dns_trouble(const std::string& name, dns::Failure failure);
[[nodiscard]] Verdict unknown_fixed_host(const std::string& host);

// Of a connection.
[[nodiscard]] Verdict no_connection(const net::Endpoint& endpoint, net::ConnectError error);
/// `stage` is what was waited for: "the greeting", "the reply to MAIL".
[[nodiscard]] Verdict lost(const net::Endpoint& endpoint, ReplyError error, std::string_view stage);
/// The host has all of the message, and has not said whether it took it: it may get it twice.
[[nodiscard]] Verdict unanswered(const net::Endpoint& endpoint, ReplyError error);
/// The connection ended before the recipient's turn came.
[[nodiscard]] Verdict ended_before(const net::Endpoint& endpoint);
[[nodiscard]] Verdict tls_not_offered(const net::Endpoint& endpoint);
/// `reason` says whether the handshake or the certificate is to blame.
[[nodiscard]] Verdict tls_failed(const net::Endpoint& endpoint, const std::string& reason);
[[nodiscard]] Verdict login_in_the_clear(const net::Endpoint& endpoint);
[[nodiscard]] Verdict login_not_offered(const net::Endpoint& endpoint);
[[nodiscard]] Verdict stopping();

// Of a message that a host cannot be given.
[[nodiscard]] Verdict too_large(const std::string& host, std::uint64_t octets, std::uint64_t octets_max);
[[nodiscard]] Verdict eight_bit_not_taken(const std::string& host);
[[nodiscard]] Verdict binary_not_taken(const std::string& host);
[[nodiscard]] Verdict utf8_sender_not_taken(const std::string& host);
[[nodiscard]] Verdict utf8_header_not_taken(const std::string& host);
[[nodiscard]] Verdict utf8_recipient_not_taken(const std::string& host, const smtp::Mailbox& mailbox);

}  // namespace posthaste::relay
