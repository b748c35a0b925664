// One SMTP session, on any of the three ports: the dialogue from the greeting to the last reply.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/auth/sasl.h"
#include "common/base/sasl_mechanism.h"
#include "common/daemon/admission.h"
#include "common/daemon/user_connections.h"
#include "common/net/alarm.h"
#include "common/net/least_speed.h"
#include "common/net/stream.h"
#include "common/net/task.h"
#include "common/net/time_limit.h"
#include "common/net/turns.h"
#include "common/smtp/command.h"
#include "common/smtp/received.h"
#include "common/smtp/reply.h"
#include "smtpd/acceptance.h"
#include "smtpd/context.h"
#include "smtpd/message.h"
#include "smtpd/replies.h"

namespace posthaste::smtpd {

inline constexpr std::size_t kSpeechErrorsMax = 20;          // then 421
inline constexpr std::size_t kAuthenticationErrorsMax = 5;   // then 421
inline constexpr std::size_t kRefusedRecipientsMax = 100;    // then 421: somebody harvests addresses
inline constexpr std::size_t kCommandsWithoutMailMax = 100;  // NOOP and the like, then 421
/// How long a session may go on without a message, whatever else it asks for.
inline constexpr std::chrono::milliseconds kWithoutMessageMax = std::chrono::hours{1};

class Session {
 public:
  /// `context` outlives the session.
  Session(std::unique_ptr<net::Transport> transport, Context& context, Role role,
          daemon::Admission::Place place = {});

  /// The whole session. Once.
  net::Task<void> converse();

 private:
  /// What a command comes to: a reply; nothing, when all was said; or the end of the session.
  using Answer = std::expected<std::optional<smtp::Reply>, net::StreamError>;
  using Pending = net::ValueOrTask<Answer>;

  /// From EHLO or HELO; forgotten at STARTTLS (RFC 3207 §4.2).
  struct Client {
    std::string name;
    smtp::Greeting greeting = smtp::Greeting::ehlo;
  };

  /// Opened by MAIL; gone after end of data, RSET, EHLO or STARTTLS (RFC 5321 §3.3, §4.1.4).
  struct Transaction {
    std::string trace_id;
    smtp::ReversePath reverse_path;
    std::uint64_t announced_octets = 0;  // SIZE
    std::optional<smtp::Body> body;
    bool smtp_utf8 = false;
    std::optional<smtp::Return> ret;   // RFC 3461 §4.3
    std::optional<std::string> envid;  // RFC 3461 §4.4
    std::vector<AcceptedRecipient> recipients;
    MailboxSet recipient_mailboxes;         // theirs
    std::optional<IncomingMessage> chunks;  // since the first BDAT
  };

  /// What the log says of a message at its end.
  struct Told {
    std::string trace_id;
    std::string from;
    std::size_t recipients;
  };

  net::Task<void> converse_in_turns();
  net::Task<void> hang_up(net::StreamError error);
  /// When the client's time for what comes next is up: a whole line, a whole SASL dialogue or handshake. Before a
  /// login that is needed, no later than for all of these together.
  [[nodiscard]] net::Instant patience_ends() const;
  void tell_command(std::string_view line) const;
  void send(smtp::Reply reply);
  /// Holds a refusal back when there were many of this client's, in this session or others. Errors: closed,
  /// timed_out; interrupted, when the daemon stops meanwhile.
  net::Task<std::expected<void, net::StreamError>> slow_down();

  // commands/: one overload for each command
  Pending on(smtp::Ehlo ehlo);
  Pending on(smtp::Helo helo);
  Pending on(smtp::Lhlo lhlo);
  Pending on(smtp::StartTls start_tls);
  Pending on(smtp::Auth auth);
  Pending on(smtp::Mail mail);
  Pending on(smtp::Rcpt rcpt);
  Pending on(smtp::Data data);
  Pending on(smtp::Bdat bdat);
  Pending on(smtp::Rset rset);
  Pending on(smtp::Noop noop);
  Pending on(smtp::Vrfy vrfy);
  Pending on(smtp::Expn expn);
  Pending on(smtp::Help help);
  Pending on(smtp::Quit quit);

  // commands/hello.cc
  void greet(std::string name, smtp::Greeting greeting);
  net::Task<Answer> start_tls();

  // commands/auth.cc
  net::Task<Answer> authenticate(SaslMechanism mechanism, std::optional<std::string> initial_response);
  smtp::Reply refuse_login(const std::string& login, const auth::SaslOutcome::Failure& failure);

  // commands/envelope.cc
  [[nodiscard]] std::optional<smtp::Reply> refuse_mail(const smtp::Mail& mail) const;
  [[nodiscard]] std::optional<Refusal> refuse_rcpt() const;
  Pending add_recipient(smtp::Mailbox mailbox, smtp::RcptParameters parameters);
  net::Task<Answer> verify_recipient(AcceptedRecipient recipient);
  smtp::Reply accept_recipient(AcceptedRecipient recipient);
  smtp::Reply refuse_recipient(const smtp::Mailbox& mailbox, smtp::Reply reply);
  net::Task<Answer> add_at_own_domain(std::string local_part, smtp::RcptParameters parameters);

  // commands/message.cc
  [[nodiscard]] std::optional<Refusal> refuse_message() const;
  [[nodiscard]] net::LeastSpeed least_speed() const;
  net::Task<std::expected<std::string_view, net::StreamError>> read_piece(net::LeastSpeed& speed,
                                                                          std::size_t max_octets);
  [[nodiscard]] MessageMemory::Share memory_share() const;
  [[nodiscard]] IncomingMessage incoming_message() const;
  net::Task<Answer> read_data();
  net::Task<Answer> read_chunk(smtp::Bdat bdat);
  net::Task<Answer> discard_chunk(smtp::Bdat bdat, Refusal refusal);
  void tell_outcome(const Told& told, std::size_t octets, const smtp::Reply& reply) const;
  net::Task<smtp::Reply> finish(Transaction transaction, IncomingMessage message);
  [[nodiscard]] AcceptedMessage accepted_message(Transaction transaction,
                                                 std::shared_ptr<const MessageOctets> octets) const;
  [[nodiscard]] std::string added_header(const Transaction& transaction, std::string_view message) const;

  /// The login counts no more: the session ends between commands, or is cut off in the midst of one.
  void lose_login();
  [[nodiscard]] bool is_submission() const noexcept { return role_ != Role::mx; }
  [[nodiscard]] std::vector<SaslMechanism> sasl_mechanisms() const;
  [[nodiscard]] std::string_view tls_version() const noexcept;
  [[nodiscard]] std::string_view user() const noexcept;

  Context& context_;
  const Role role_;
  daemon::Admission::Place place_;
  net::Stream stream_;
  net::TimeLimit limit_;  // while we wait for the client
  net::Turns turns_;
  const net::Instant connected_at_;
  net::Instant last_message_at_;  // or connected_at_
  const daemon::Client peer_;
  net::Alarm held_back_;  // rings when the daemon stops
  bool open_ = true;
  std::optional<Client> client_;
  std::optional<auth::Identity> identity_;
  std::optional<daemon::UserConnections::Place> user_place_;  // beside identity_
  std::optional<auth::LoginWatch::Place> watched_;  // since AUTH
  bool login_lost_ = false;
  std::unique_ptr<net::Timer> cut_off_;  // once the login is lost
  std::optional<Transaction> transaction_;
  std::size_t speech_errors_ = 0;
  std::size_t authentication_errors_ = 0;
  std::size_t refused_recipients_ = 0;
  std::size_t commands_without_mail_ = 0;
};

}  // namespace posthaste::smtpd
