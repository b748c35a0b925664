// One LMTP client: the dialogue of RFC 2033, with the extensions that replies.cc offers.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/net/least_speed.h"
#include "common/net/stream.h"
#include "common/net/task.h"
#include "common/net/time_limit.h"
#include "common/net/turns.h"
#include "common/smtp/command.h"
#include "common/smtp/reply.h"
#include "deliveryd/delivery.h"
#include "deliveryd/resources.h"

namespace posthaste::deliveryd {

/// Spawned on a worker. Peers on the Unix socket are our own daemons: they alone may name deliveries and traces,
/// and their messages have a Received field already.
class LmtpSession {
 public:
  LmtpSession(Resources& resources, std::unique_ptr<net::Transport> transport);

  /// From the greeting to the end of the connection.
  net::Task<void> converse();

 private:
  /// Opened by MAIL; gone after the replies to the message, RSET or LHLO.
  struct Transaction {
    smtp::Mail mail;
    std::string trace_id;
    daemon::MemoryBudget::Share memory;
    std::vector<Recipient> recipients;
    std::string content;                 // what has arrived of the message
    bool chunked = false;                // BDAT has begun: DATA is over (RFC 3030 §3)
    std::optional<smtp::Reply> failure;  // why no more of the message is kept
  };

  net::Task<void> execute(smtp::Command command);
  void greet(const smtp::Lhlo& lhlo);
  void begin(smtp::Mail mail);
  net::Task<void> add_recipient(smtp::Rcpt rcpt);
  [[nodiscard]] net::LeastSpeed least_speed() const;
  /// A piece of a message, which keeps up with `speed`. Errors: as Stream::read_some().
  net::Task<std::expected<std::string_view, net::StreamError>> read_piece(net::LeastSpeed& speed,
                                                                          std::uint64_t max_octets);
  net::Task<void> receive_data();
  net::Task<void> receive_chunk(smtp::Bdat chunk);
  net::Task<void> store_message();

  /// For `octets` more of the message. When there is none, the transaction fails and forgets what it had.
  void make_room(std::uint64_t octets);
  void fail(smtp::Reply reply);
  [[nodiscard]] std::uint64_t message_max_octets() const;
  void put_trace_fields(Transaction& transaction) const;
  [[nodiscard]] std::string trace_fields(const Transaction& transaction) const;
  [[nodiscard]] smtp::CommandOptions options() const;
  [[nodiscard]] std::string new_trace_id() const;
  void log_outcome(const Recipient& recipient, const smtp::Reply& reply, std::string_view trace_id,
                   std::size_t octets) const;

  void send(const smtp::Reply& reply) { stream_.write(smtp::to_wire(reply)); }
  net::Task<void> hang_up(net::StreamError error);

  Resources& resources_;
  net::Stream stream_;
  net::TimeLimit limit_;  // while we wait for the client
  net::Turns turns_;
  const smtp::PrivateParameters private_parameters_;
  bool open_ = true;
  std::optional<std::string> client_name_;  // from LHLO
  std::optional<Transaction> transaction_;
};

}  // namespace posthaste::deliveryd
