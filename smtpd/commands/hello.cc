// EHLO, HELO and STARTTLS: who is there, and what can be said.
#include <utility>

#include "smtpd/session.h"

namespace posthaste::smtpd {

Session::Pending Session::on(smtp::Ehlo ehlo) {
  greet(std::move(ehlo.client_name), smtp::Greeting::ehlo);
  smtp::Reply reply{250, context_.config.hostname + " greets you"};
  reply.lines.insert(reply.lines.end(),
                     {"PIPELINING", "8BITMIME", "SMTPUTF8", "CHUNKING", "ENHANCEDSTATUSCODES", "DSN"});
  reply.lines.push_back("SIZE " + std::to_string(context_.config.smtp.message_max_octets));
  if (stream_.tls() == nullptr) reply.lines.emplace_back("STARTTLS");
  std::string auth = "AUTH";
  for (const auto mechanism : sasl_mechanisms()) auth.append(" ").append(name_of(mechanism));
  if (auth != "AUTH") reply.lines.push_back(std::move(auth));
  return Answer{std::move(reply)};
}

Session::Pending Session::on(smtp::Helo helo) {
  greet(std::move(helo.client_name), smtp::Greeting::helo);
  return Answer{smtp::Reply{250, context_.config.hostname}};
}

Session::Pending Session::on(smtp::Lhlo /*lhlo*/) { return Answer{reply_for(Refusal::not_lmtp)}; }

/// Either greeting is also a RSET (RFC 5321 §4.1.4).
void Session::greet(std::string name, smtp::Greeting greeting) {
  client_ = Client{std::move(name), greeting};
  transaction_.reset();
}

Session::Pending Session::on(smtp::StartTls /*start_tls*/) {
  if (stream_.tls() != nullptr) return Answer{reply_for(Refusal::tls_on_already)};
  return start_tls();
}

/// What was said in the clear counts for nothing, and what waits already was not said under TLS (RFC 3207 §4.2).
net::Task<Session::Answer> Session::start_tls() {
  send({220, {2, 0, 0}, "Ready to start TLS"});
  client_.reset();
  identity_.reset();
  user_place_.reset();
  transaction_.reset();
  const auto server = context_.certificates.current();
  limit_.end_at(patience_ends());
  auto secured = co_await stream_.accept_tls(*server);
  limit_.lift();
  if (!secured) co_return std::unexpected(secured.error());
  co_return Answer{std::nullopt};
}

}  // namespace posthaste::smtpd
