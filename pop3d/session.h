// One client's conversation, from the greeting to QUIT.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/auth/sasl.h"
#include "common/config/config.h"
#include "common/daemon/admission.h"
#include "common/daemon/certificates.h"
#include "common/daemon/memory_budget.h"
#include "common/log/log.h"
#include "common/mailbox/applier.h"
#include "common/mailbox/reader.h"
#include "common/net/scope.h"
#include "common/net/stream.h"
#include "common/net/time_limit.h"
#include "common/net/world.h"
#include "common/pop3/command.h"
#include "common/pop3/reply.h"
#include "common/session/doors.h"
#include "pop3d/last_logins.h"
#include "pop3d/maildrop.h"
#include "pop3d/maildrop_lock.h"
#include "pop3d/message_reader.h"
#include "pop3d/replies.h"
#include "pop3d/top_cutter.h"

namespace posthaste::pop3d {

/// All that a session works with; it outlives the session.
struct Surroundings {
  net::World& world;
  const config::Config& config;
  const mailbox::Reader& store;
  mailbox::Applier& applier;
  auth::Authenticator& authenticator;
  const daemon::Certificates& certificates;
  MaildropLocks& locks;
  LastLogins& last_logins;
  daemon::MemoryBudget& output_memory;  // for what waits to be sent, of all workers' sessions
  const log::Log& log;
};

class Session {
 public:
  Session(const Surroundings& surroundings, std::unique_ptr<net::Transport> transport, session::Security security,
          daemon::Admission::Place place = {});

  /// The whole conversation; `scope` stops it.
  net::Task<void> converse(net::TaskScope& scope);

 private:
  /// Opened by a login, and gone with the session (RFC 1939 §5).
  struct Transaction {
    auth::Identity identity;
    MaildropLocks::Lock lock;
    Maildrop maildrop;
    MessageReader reader;
    auth::LoginWatch::Place watched;
    std::uint64_t retrieved = 0;
  };

  net::Task<void> serve();
  /// A whole line of the client's; before login, all lines together, and a handshake, have one time limit.
  net::Task<std::expected<std::string, net::StreamError>> read_line();
  /// Lets other sessions run when many commands came at once.
  net::Task<void> take_turns();
  net::Task<void> answer(std::string line);
  template <typename Command>
  net::Task<void> execute(Command command);

  // commands/capabilities.cc
  net::Task<void> run(pop3::Capa command);
  // commands/login.cc
  net::Task<void> run(pop3::Stls command);
  net::Task<void> run(pop3::User command);
  net::Task<void> run(pop3::Pass command);
  net::Task<void> run(pop3::Auth command);
  net::Task<void> authenticate(SaslMechanism mechanism, std::optional<std::string> initial_response);
  net::Task<void> log_in(auth::Identity identity, std::string_view mechanism);
  void refuse_login(const std::string& login, const auth::SaslOutcome::Failure& failure);
  // commands/language.cc
  net::Task<void> run(pop3::Utf8 command);
  net::Task<void> run(pop3::Lang command);
  // commands/listing.cc
  net::Task<void> run(pop3::Stat command);
  net::Task<void> run(pop3::List command);
  net::Task<void> run(pop3::Uidl command);
  net::Task<void> run(pop3::Noop command);
  template <typename Describe>
  net::Task<void> list(std::optional<pop3::MessageNumber> number, Describe describe);
  // commands/retrieval.cc
  net::Task<void> run(pop3::Retr command);
  net::Task<void> run(pop3::Top command);
  net::Task<void> send_message(BlobId blob, Chunk chunk, std::optional<TopCutter> cutter);
  // commands/deletion.cc
  net::Task<void> run(pop3::Dele command);
  net::Task<void> run(pop3::Rset command);
  net::Task<void> run(pop3::Quit command);
  net::Task<pop3::Reply> update();

  void say(const pop3::Reply& reply) { stream_.write(pop3::to_wire(reply)); }
  /// Says what was wrong with a command; the client may not go on like this for ever.
  void refuse(const pop3::Reply& reply);
  void hang_up(const std::optional<pop3::Reply>& last_words);
  /// The login counts no more: the connection ends without the UPDATE state (RFC 1939 §6).
  void lose_login();
  /// Sends what is queued when it is much.
  net::Task<void> relieve();
  /// Sends what is queued. It is in the memory budget until it is sent.
  net::Task<void> flush();
  /// Whether there is memory for what is queued, what is read ahead, and so much more.
  [[nodiscard]] bool has_memory_for(std::size_t more_octets);
  /// Counts what is queued. Without memory for it the session ends.
  void hold_output();

  const Surroundings around_;
  const session::Security security_;
  daemon::Admission::Place place_;
  net::Stream stream_;
  net::TimeLimit limit_;  // for logging in; afterwards, while we wait for the client
  bool open_ = true;
  int commands_since_turn_ = 0;
  int commands_before_login_ = 0;
  int bad_commands_ = 0;
  int failed_logins_ = 0;
  std::optional<std::string> user_;  // of the last USER
  bool utf8_ = false;                // UTF8 was said: headers need not be ASCII
  std::optional<Transaction> transaction_;
  std::optional<daemon::MemoryBudget::Share> held_;  // for output, once there was much
  bool login_lost_ = false;
  std::unique_ptr<net::Timer> cut_off_;  // once the login is lost
};

}  // namespace posthaste::pop3d
