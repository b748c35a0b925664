// What the relay is given, and what it gives back: a destination, a message, recipients, and an outcome for each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/smtp/parameters.h"
#include "common/smtp/path.h"
#include "common/smtp/reply.h"

namespace posthaste::relay {

/// When TLS is spoken. Where it is only an opportunity certificates are not checked (RFC 7435): a stranger's host
/// seldom has one that fits its name. Where it is asked for, the certificate must fit the host.
enum class Tls {
  opportunistic,  // STARTTLS when it is offered; in the clear when it is not, or fails
  required,       // STARTTLS, or the message waits
  none,
  implicit,  // from the first octet (RFC 8314 §3)
};

/// A host that the operator has named, a smarthost or an LMTP server, in place of those that DNS names.
struct FixedHost {
  enum class Protocol { smtp, lmtp };

  Protocol protocol = Protocol::smtp;
  std::string host;        // a name, an IP address, or the absolute path of a Unix socket
  std::uint16_t port = 0;  // 0 for a Unix socket
  Tls tls = Tls::opportunistic;
  std::string user{};  // empty: no AUTH
  std::string password{};
  auto operator<=>(const FixedHost&) const = default;
};

/// Where mail goes: to the hosts of a domain or an address literal (RFC 5321 §5.1, §4.1.3), or to a fixed one.
/// Domains are compared as they are: give them in lower case.
struct Destination {
  std::variant<std::string, FixedHost> target;
  auto operator<=>(const Destination&) const = default;
};

/// "example.org", "[192.0.2.1]", or "lmtp:mail.example.org:24": for events and sentences.
[[nodiscard]] std::string to_string(const Destination& destination);

struct Recipient {
  std::uint32_t index = 0;  // the caller's own, which comes back in the outcome
  smtp::Mailbox mailbox;
  std::optional<smtp::Notify> notify{};
  std::optional<smtp::OriginalRecipient> orcpt{};
};

/// The message's octets, in pieces that follow one another, as they lie in memory that `owner` keeps.
struct Content {
  std::vector<std::string_view> pieces;
  std::shared_ptr<const void> owner;

  [[nodiscard]] std::uint64_t octets() const noexcept;
};

struct Message {
  std::string trace_id;
  smtp::ReversePath reverse_path;
  std::string sender{};  // who has written it, for shares: the same for all addresses of theirs
  std::optional<smtp::Body> body{};
  bool smtp_utf8 = false;
  std::optional<smtp::Return> ret{};
  std::optional<std::string> envid{};
  Content content{};
};

enum class Result {
  not_tried,  // nobody was asked: to be tried again
  deferred,   // 4yz, no connection, trouble with DNS: to be tried again
  failed,     // 5yz, no such domain, null MX, a message that the host cannot take
  relayed,    // 2yz of an SMTP host, which answers for it from now on
  delivered,  // 2yz of an LMTP host: it is in a mailbox
};
/// Whether nothing is left to be done for the recipient.
[[nodiscard]] bool is_final(Result result) noexcept;
[[nodiscard]] std::string_view name_of(Result result) noexcept;

/// What became of one recipient.
struct Outcome {
  std::uint32_t index = 0;
  Result result = Result::not_tried;
  smtp::Reply reply;    // the host's, or ours in the form of one. May be 5yz although deferred: a host that greets
                        // with 554 (RFC 5321 §3.1) or refuses our password may be kinder later
  std::string host;     // the name of the host whose reply it is; empty when it is ours
  std::string address;  // the host's address, where the attempt has come that far
  bool dsn_passed_on = false;  // relayed to a host that knows RFC 3461, with all that the sender asked for
  std::string tls{};           // "TLSv1.3"; empty in the clear
  std::string asked{};         // the name of the host that was asked last, also when the reply is ours; for the log
};

}  // namespace posthaste::relay
