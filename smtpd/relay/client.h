// One connection to a host that takes mail: from connect to QUIT, and one transaction after another in between.
#pragma once

#include <chrono>
#include <cstddef>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/log/log.h"
#include "common/net/scope.h"
#include "common/net/stream.h"
#include "common/net/task.h"
#include "common/net/world.h"
#include "common/smtp/ehlo.h"
#include "smtpd/relay/content.h"
#include "smtpd/relay/hosts.h"
#include "smtpd/relay/seven_bit_form.h"
#include "smtpd/relay/verdict.h"

namespace posthaste::relay {

// RFC 5321 §4.5.3.2, where it names them.
inline constexpr std::chrono::milliseconds kConnectTimeout = std::chrono::minutes{1};
inline constexpr std::chrono::milliseconds kCommandTimeout = std::chrono::minutes{5};     // §4.5.3.2.1 to .3
inline constexpr std::chrono::milliseconds kDataTimeout = std::chrono::minutes{2};        // §4.5.3.2.4
inline constexpr std::chrono::milliseconds kDataBlockTimeout = std::chrono::minutes{3};   // §4.5.3.2.5
inline constexpr std::chrono::milliseconds kEndOfDataTimeout = std::chrono::minutes{10};  // §4.5.3.2.6
inline constexpr std::chrono::milliseconds kTlsTimeout = std::chrono::minutes{1};
inline constexpr std::chrono::milliseconds kQuitTimeout = std::chrono::seconds{5};

/// How a host is spoken to.
struct Access {
  FixedHost::Protocol protocol = FixedHost::Protocol::smtp;
  Tls tls = Tls::opportunistic;
  std::string user{};
  std::string password{};
};
[[nodiscard]] Access access_of(const Destination& destination);

/// TLS with hosts whose certificate must fit. Made when it is first needed: reading the system's certificates takes
/// some milliseconds.
class VerifyingTls {
 public:
  /// `trusted_path` as for net::TlsClient::verifying(). `log` outlives it.
  VerifyingTls(std::string trusted_path, const log::Log& log) : trusted_path_(std::move(trusted_path)), log_(log) {}
  /// Nothing when the certificates cannot be read, which the log tells.
  const net::TlsClient* get();

 private:
  const std::string trusted_path_;
  const log::Log& log_;
  std::optional<net::TlsClient> client_;
};

/// What all clients of a worker share. All of it outlives them.
struct ClientContext {
  net::World& world;
  const net::TlsClient& opportunistic_tls;
  VerifyingTls& verifying_tls;
  const std::string& hostname;  // what EHLO says
  net::TaskScope& stop;         // interrupts them when it stops
  std::size_t recipients_max;   // of one transaction
};

/// Why there is no session with a host.
struct OpenFailure {
  enum class Kind {
    refused,      // it has said so, or we do not like what it offers
    no_listener,  // nobody listens, which is known at once
    silent,       // nobody answered
    tls_failed,   // another try in the clear may do
  };
  Kind kind;
  Verdict verdict;
  bool ipv6_unreachable = false;  // this machine has no way to any IPv6 address, as far as can be told
};

/// What a transaction made of one recipient.
struct Answer {
  enum class Next {
    none,       // that is what became of it
    again,      // in a further transaction, while usable(): the host takes no more in one (RFC 5321 §4.5.3.1.10)
    elsewhere,  // the host has not taken the message for it: another one may
  };
  Next next;
  Verdict verdict;
};

/// A message's traits, found when somebody first asks.
class LazyTraits {
 public:
  /// `message` outlives it.
  explicit LazyTraits(const Message& message) : message_(message) {}
  const ContentTraits& get() {
    if (!traits_) traits_ = traits_of(message_.content.pieces);
    return *traits_;
  }

 private:
  const Message& message_;
  std::optional<ContentTraits> traits_;
};

/// Holds its place in `context.stop` from the first octet to the last.
class Client {
 public:
  /// Connects, reads the greeting, says EHLO (or HELO, or LHLO), and does STARTTLS and AUTH as `access` asks.
  static net::Task<std::expected<std::unique_ptr<Client>, OpenFailure>> open(const ClientContext& context,
                                                                             HostAddress address, Access access);

  /// One transaction for `recipients`, no more than recipients_max(): an answer for each, in their order. The
  /// parameters must stay until it has ended.
  net::Task<std::vector<Answer>> transact(const Message& message, std::span<const Recipient> recipients,
                                          LazyTraits& traits, SevenBitForm& seven_bit);

  /// Whether another transaction may follow.
  [[nodiscard]] bool usable() const noexcept { return !broken_; }
  /// Whether the host has answered any command of the last transaction: if not, and the connection is an old one,
  /// it was closed before.
  [[nodiscard]] bool answered() const noexcept { return answered_; }
  /// Whether it is broken because a reply did not come.
  [[nodiscard]] bool timed_out() const noexcept { return timed_out_; }
  /// How many recipients the host takes at once, as far as we know.
  [[nodiscard]] std::size_t recipients_max() const noexcept { return recipients_max_; }
  [[nodiscard]] std::size_t transactions() const noexcept { return transactions_; }

  [[nodiscard]] const HostAddress& address() const noexcept { return address_; }
  [[nodiscard]] const smtp::Extensions& extensions() const noexcept { return extensions_; }
  /// "TLSv1.3", or empty.
  [[nodiscard]] std::string tls_version() const;

  /// Waits for `time`, for wake(), or for the host to say something unasked: the only thing that makes it unusable.
  net::Task<void> idle(std::chrono::milliseconds time);
  void wake() { stream_.wake(); }

  /// Says goodbye; waits for the answer, not long, and not when we are stopping.
  net::Task<void> quit();

 private:
  using Done = std::expected<void, OpenFailure>;

  Client(const ClientContext& context, std::unique_ptr<net::Transport> transport, HostAddress address,
         Access access);

  net::Task<Done> begin();
  net::Task<Done> greet();
  net::Task<Done> say_hello();
  net::Task<Done> start_tls();
  net::Task<Done> shake_hands();
  net::Task<Done> log_in();
  net::Task<std::expected<smtp::Reply, OpenFailure>> ask(std::string command, std::string_view stage);
  [[nodiscard]] std::optional<Verdict> reason_against_login() const;

  friend class Transaction;

  const ClientContext& context_;
  net::Stream stream_;
  net::TaskScope::StopHandler stop_handler_;
  const HostAddress address_;
  const Access access_;
  smtp::Extensions extensions_;
  std::size_t recipients_max_;
  std::size_t transactions_ = 0;
  bool broken_ = false;
  bool answered_ = false;
  bool timed_out_ = false;
  bool reset_due_ = false;  // the last transaction was not carried to its end
};

}  // namespace posthaste::relay
