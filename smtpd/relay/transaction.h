// One mail transaction from MAIL to the reply to the message, and what it made of each recipient
// (RFC 5321 §3.3; RFC 2033 §4.2 for LMTP).
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/net/task.h"
#include "common/smtp/reply.h"
#include "smtpd/relay/client.h"

namespace posthaste::relay {

/// Everything that it refers to outlives it.
class Transaction {
 public:
  Transaction(Client& client, const Message& message, std::span<const Recipient> recipients, LazyTraits& traits,
              SevenBitForm& seven_bit)
      : client_(client),
        message_(message),
        recipients_(recipients),
        traits_(traits),
        seven_bit_(seven_bit),
        content_(&message.content),
        extensions_(client.extensions_),
        answers_(recipients.size()) {}

  net::Task<std::vector<Answer>> run();

 private:
  // What the host can be given.
  [[nodiscard]] std::optional<Verdict> reason_against_message();
  [[nodiscard]] std::optional<Verdict> reason_against_size() const;
  [[nodiscard]] std::optional<Verdict> reason_against(const Recipient& recipient) const;
  [[nodiscard]] bool takes_binary() const noexcept;
  /// Sets `content_`, unless there is a reason against every form.
  net::Task<std::optional<Verdict>> choose_form();
  [[nodiscard]] std::optional<smtp::Body> declared_body();
  [[nodiscard]] std::string mail_line();
  [[nodiscard]] std::string rcpt_line(const Recipient& recipient) const;

  // The dialogue. Each step ends early when `trouble_` is set.
  net::Task<void> reset();
  net::Task<void> send_envelope();
  net::Task<void> send_step_by_step(std::vector<std::string> commands);
  net::Task<void> send_at_once(std::vector<std::string> commands);
  net::Task<void> send_by_data();
  net::Task<void> send_by_bdat();
  net::Task<void> send_data_lines();
  net::Task<void> flush_if_long();
  net::Task<void> read_final_replies();
  net::Task<std::optional<smtp::Reply>> read(std::chrono::milliseconds timeout, std::string_view stage);

  // What follows from replies.
  void judge_envelope();
  void judge_refused_recipient(std::size_t at, const smtp::Reply& reply);
  void judge_message(std::size_t at, const smtp::Reply& reply);
  void refuse_accepted(const smtp::Reply& reply);
  void break_off(Answer::Next next, Verdict verdict);
  [[nodiscard]] std::vector<Answer> collect();

  [[nodiscard]] bool by_bdat() const noexcept { return extensions_.chunking; }
  [[nodiscard]] bool fits_into_one_write() const noexcept;

  Client& client_;
  const Message& message_;
  const std::span<const Recipient> recipients_;
  LazyTraits& traits_;
  SevenBitForm& seven_bit_;
  const Content* content_;  // the message's, or in 7 bits
  const smtp::Extensions& extensions_;

  std::vector<std::optional<Answer>> answers_;  // in the recipients' order
  std::vector<std::size_t> named_;              // the recipients that RCPT names
  std::vector<std::size_t> accepted_;           // those of them that the host has taken
  std::vector<smtp::Reply> envelope_;           // replies to MAIL and to RCPT for each of named_
  bool content_begun_ = false;                  // its command has gone out with the envelope
  bool content_complete_ = false;               // its last octet is on its way
  std::optional<Answer> trouble_;               // for whoever has no other answer: the connection is of no more use
};

}  // namespace posthaste::relay
