#include "smtpd/relay/verdict.h"

#include <utility>

#include "common/base/octets.h"

namespace posthaste::relay {
namespace {

Verdict failed(int code, smtp::EnhancedCode enhanced, std::string text) {
  return {Result::failed, smtp::Reply{code, enhanced, std::move(text)}};
}

Verdict deferred(int code, smtp::EnhancedCode enhanced, std::string text) {
  return {Result::deferred, smtp::Reply{code, enhanced, std::move(text)}};
}

std::string_view in_words(net::ConnectError error) {
  switch (error) {
    case net::ConnectError::refused: return "connection refused";
    case net::ConnectError::unreachable: return "network unreachable";
    case net::ConnectError::timed_out: return "connection timed out";
    case net::ConnectError::failed: return "connection failed";
  }
  std::unreachable();
}

std::string_view in_words(ReplyError error) {
  switch (error) {
    case ReplyError::closed: return "connection closed";
    case ReplyError::timed_out: return "timed out";
    case ReplyError::interrupted: return "interrupted";
    case ReplyError::malformed: return "malformed reply";
  }
  std::unreachable();
}

/// RFC 3463 §3.5: X.4.2 is a bad connection, X.5.0 trouble with the protocol.
smtp::EnhancedCode code_of(ReplyError error) {
  return error == ReplyError::malformed ? smtp::EnhancedCode{4, 5, 0} : smtp::EnhancedCode{4, 4, 2};
}

}  // namespace

Verdict refused_by_host(smtp::Reply reply) {
  const auto result = smtp::is_permanent(reply) ? Result::failed : Result::deferred;
  return {result, std::move(reply), true};
}

Verdict deferred_by_host(smtp::Reply reply) { return {Result::deferred, std::move(reply), true}; }

Verdict not_tried() {
  return {Result::not_tried, smtp::Reply{451, {4, 3, 0}, "No host was asked to take the message"}};
}

Verdict no_such_domain(const std::string& domain) {
  return failed(550, {5, 1, 2}, "The domain " + domain + " does not exist");
}

Verdict accepts_no_mail(const std::string& domain) {  // RFC 7505 §4.2
  return failed(556, {5, 1, 10}, "The domain " + domain + " does not accept mail");
}

Verdict no_usable_host(const std::string& domain) {  // RFC 5321 §5.1: an error that must be reported
  return failed(550, {5, 4, 4}, "No host that takes mail for " + domain + " has an address");
}

Verdict loops_back(const std::string& domain) {
  return failed(554, {5, 4, 6}, "Mail for " + domain + " loops back to this host");
}

Verdict dns_trouble(const std::string& name, dns::Failure failure) {
  const auto* why = failure == dns::Failure::timed_out ? "no answer in time" : "server failure";
  return deferred(451, {4, 4, 3}, "DNS look-up of " + name + ": " + why);
}

Verdict unknown_fixed_host(const std::string& host) {
  return deferred(451, {4, 4, 4}, "The next hop " + host + " has no address");
}

Verdict no_connection(const net::Endpoint& endpoint, net::ConnectError error) {
  return deferred(451, {4, 4, 1}, net::to_string(endpoint) + ": " + std::string{in_words(error)});
}

Verdict lost(const net::Endpoint& endpoint, ReplyError error, std::string_view stage) {
  return deferred(
      451, code_of(error),
      net::to_string(endpoint) + ": " + std::string{in_words(error)} + " while waiting for " + std::string{stage});
}

Verdict unanswered(const net::Endpoint& endpoint, ReplyError error) {
  return deferred(451, code_of(error),
                  net::to_string(endpoint) + ": " + std::string{in_words(error)} +
                      " after the end of the message, which may arrive twice");
}

Verdict ended_before(const net::Endpoint& endpoint) {
  return deferred(451, {4, 4, 2},
                  net::to_string(endpoint) + ": the connection ended before this recipient was named");
}

Verdict tls_not_offered(const net::Endpoint& endpoint) {
  return deferred(451, {4, 7, 4},
                  net::to_string(endpoint) + ": TLS is required here, and the host does not offer it");
}

Verdict tls_failed(const net::Endpoint& endpoint, const std::string& reason) {
  return deferred(451, {4, 7, 5}, net::to_string(endpoint) + ": " + reason);
}

Verdict login_in_the_clear(const net::Endpoint& endpoint) {
  return deferred(451, {4, 7, 4}, net::to_string(endpoint) + ": no TLS, and so the password is not sent");
}

Verdict login_not_offered(const net::Endpoint& endpoint) {
  return deferred(451, {4, 7, 4}, net::to_string(endpoint) + ": the host offers neither AUTH PLAIN nor LOGIN");
}

Verdict stopping() { return deferred(451, {4, 3, 2}, "This mail system is shutting down"); }

Verdict too_large(const std::string& host, std::uint64_t octets, std::uint64_t octets_max) {  // RFC 1870 §6.3
  return failed(552, {5, 3, 4},
                "The message has " + std::to_string(octets) + " octets, and " + host + " takes no more than " +
                    std::to_string(octets_max));
}

Verdict eight_bit_not_taken(const std::string& host) {  // RFC 6152 §3
  return failed(554, {5, 6, 3},
                "The message has 8-bit octets that cannot be converted, and " + host + " does not offer 8BITMIME");
}

Verdict binary_not_taken(const std::string& host) {  // RFC 3030 §3, RFC 5321 §2.3.8
  return failed(554, {5, 6, 3},
                "The message has octets that are no lines of text, and " + host + " does not offer to take them");
}

Verdict utf8_sender_not_taken(const std::string& host) {  // RFC 6531 §3.5, as the next two
  return failed(550, {5, 6, 7}, "The sender's address needs SMTPUTF8, which " + host + " does not offer");
}

Verdict utf8_header_not_taken(const std::string& host) {
  return failed(554, {5, 6, 9}, "The message's header needs SMTPUTF8, which " + host + " does not offer");
}

Verdict utf8_recipient_not_taken(const std::string& host, const smtp::Mailbox& mailbox) {
  return failed(553, {5, 6, 7},
                "The address " + smtp::to_string(mailbox) + " needs SMTPUTF8, which " + host + " does not offer");
}

}  // namespace posthaste::relay
