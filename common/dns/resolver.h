// What a daemon asks of DNS: the records of one type at one name, or why there are none.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/net/task.h"

namespace posthaste::dns {

/// The types that mail needs (RFC 1035 §3.2.2, RFC 3596, RFC 6698).
enum class Type : std::uint16_t { a = 1, cname = 5, ptr = 12, mx = 15, txt = 16, aaaa = 28, tlsa = 52 };

// Names in records and answers are in lower case and without the final dot; octets that no host name has are
// escaped as in RFC 1035 §5.1, so a name holds printable ASCII alone.

/// Of A and AAAA: as inet_ntop() writes it.
struct Address {
  std::string text;
  bool operator==(const Address&) const = default;
};

struct Mx {
  std::uint16_t preference = 0;
  std::string exchange;  // "" is the root: a null MX (RFC 7505 §3)
  bool operator==(const Mx&) const = default;
};

/// The strings of one TXT record, joined without anything between them (RFC 7208 §3.3). Any octet may be in it.
struct Txt {
  std::string text;
  bool operator==(const Txt&) const = default;
};

struct Ptr {
  std::string name;
  bool operator==(const Ptr&) const = default;
};

/// Only in the answer to a question for CNAME itself; other questions follow it.
struct Cname {
  std::string target;
  bool operator==(const Cname&) const = default;
};

/// RFC 6698 §2.1.
struct Tlsa {
  std::uint8_t usage = 0;
  std::uint8_t selector = 0;
  std::uint8_t matching_type = 0;
  std::string octets;  // the certificate association data
  bool operator==(const Tlsa&) const = default;
};

using Record = std::variant<Address, Mx, Txt, Ptr, Cname, Tlsa>;

struct Answer {
  std::string canonical_name;   // what the name asked for is an alias of in the end, or that name itself
  bool authenticated = false;   // the server says that DNSSEC proves it all (AD); worth what the way to it is worth
  std::vector<Record> records;  // of the type asked for, in the server's order; never empty
  bool operator==(const Answer&) const = default;
};

enum class Failure {
  no_such_name,    // NXDOMAIN: no record of any type (RFC 2308 §2.1)
  no_data,         // the name exists, without records of this type (RFC 2308 §2.2)
  server_failure,  // no server could tell: SERVFAIL, REFUSED, a chain of aliases without end
  timed_out,       // no server answered in time, or the daemon is stopping
  bad_name         // no question can hold this name: an empty or too long label, too long as a whole
};
[[nodiscard]] std::string_view name_of(Failure failure) noexcept;

/// Belongs to one worker, and outlives the questions it was asked.
class Resolver {
 public:
  Resolver() = default;
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  virtual ~Resolver() = default;

  /// The records of `type` at `name`, or at what it is an alias of. `name` is an absolute name, with or without its
  /// final dot, in any case; names with other than ASCII letters are given as A-labels (RFC 5890).
  virtual net::Task<std::expected<Answer, Failure>> query(std::string name, Type type) = 0;
};

/// The name whose PTR records name the host at `address`: "1.2.0.192.in-addr.arpa" (RFC 1035 §3.5), or 32 nibbles
/// below ip6.arpa (RFC 3596 §2.5). Nothing if `address` is no IP address.
[[nodiscard]] std::optional<std::string> reverse_name(std::string_view address);

}  // namespace posthaste::dns
