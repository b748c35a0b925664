// Another domain's mail host in the simulated world: takes everything, unless it is told otherwise.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/net/scope.h"
#include "common/net/sim_world.h"
#include "common/net/stream.h"
#include "common/smtp/command.h"
#include "common/smtp/data_reader.h"

namespace posthaste::smtpd {

/// An SMTP server with PIPELINING and what else is asked for. It is up until down().
class FakeHost {
 public:
  enum class Stage { greeting, mail, rcpt, message };
  struct Answer {
    std::string reply{};  // empty: whatever it is, it is taken
    std::chrono::milliseconds after{0};
    bool hangs_up = false;  // in place of the reply; what it has taken it keeps
  };
  /// What it answers in a stage; `argument` is the path given, or empty.
  using Manners = std::move_only_function<Answer(Stage stage, const std::string& argument)>;

  struct Taken {
    std::string from;
    std::vector<std::string> recipients;  // paths with their parameters left out
    std::string message;
    net::Instant when;
    bool answer_lost = false;  // nobody can have read its 250
  };

  FakeHost(net::SimWorld& sim, net::Endpoint endpoint, std::vector<std::string> extensions = {})
      : sim_(sim), endpoint_(std::move(endpoint)), extensions_(std::move(extensions)) {
    up();
  }

  void up() {
    if (listener_) return;
    listener_ = sim_.network().listen(endpoint_);
    scope_.spawn(accept(listener_));
  }
  /// Nobody listens any more, and every connection is closed.
  void down() {
    if (!listener_) return;
    listener_->close();
    listener_.reset();
    const auto open = open_;
    for (auto* stream : open) stream->close();
  }
  net::Task<void> ended() {
    down();
    co_await scope_.drained();
  }

  Manners manners = [](Stage, const std::string&) { return Answer{}; };
  std::vector<Taken> taken;
  std::vector<std::string> commands;  // of all connections, as they came
  std::size_t connections = 0;

 private:
  /// What a session knows of its message.
  struct Dialogue {
    net::Stream stream;
    Taken now{};
    bool open = true;
  };

  net::Task<void> accept(std::shared_ptr<net::Listener> listener) {
    for (;;) {
      auto transport = co_await listener->accept();
      if (!transport) co_return;
      ++connections;
      scope_.spawn(serve(std::move(transport)));
    }
  }

  net::Task<void> serve(std::unique_ptr<net::Transport> transport) {
    Dialogue dialogue{net::Stream{std::move(transport), std::chrono::hours{1}}};
    open_.push_back(&dialogue.stream);
    co_await converse(dialogue);
    std::erase(open_, &dialogue.stream);
  }

  net::Task<void> converse(Dialogue& dialogue) {
    bool taken_on = co_await answer(dialogue, Stage::greeting, "", "220 host");
    while (dialogue.open) {
      auto line = co_await dialogue.stream.read_line(smtp::kEnvelopeLineMaxOctets);
      if (!line) co_return;
      commands.emplace_back(*line);
      auto command = smtp::parse_command(*line, {smtp::Utf8::allowed});
      if (!command) {
        dialogue.stream.write("500 5.5.2 No\r\n");
      } else if (std::holds_alternative<smtp::Ehlo>(*command)) {
        greet(dialogue.stream);
      } else if (const auto* mail = std::get_if<smtp::Mail>(&*command)) {
        dialogue.now = {to_string(mail->reverse_path), {}, {}, {}, false};
        taken_on = co_await answer(dialogue, Stage::mail, dialogue.now.from, "250 2.1.0 OK");
        if (!taken_on) dialogue.now.from.clear();
      } else if (const auto* rcpt = std::get_if<smtp::Rcpt>(&*command)) {
        const auto recipient = to_string(rcpt->forward_path);
        taken_on = co_await answer(dialogue, Stage::rcpt, recipient, "250 2.1.5 OK");
        if (taken_on) dialogue.now.recipients.push_back(recipient);
      } else if (std::holds_alternative<smtp::Data>(*command)) {
        co_await take_message(dialogue);
      } else if (std::holds_alternative<smtp::Quit>(*command)) {
        dialogue.stream.write("221 2.0.0 Bye\r\n");
        static_cast<void>(co_await dialogue.stream.flush());
        co_return;
      } else {
        dialogue.stream.write("250 2.0.0 OK\r\n");
      }
    }
  }

  void greet(net::Stream& stream) {
    stream.write("250-host\r\n");
    for (const auto& extension : extensions_) stream.write("250-" + extension + "\r\n");
    stream.write("250 PIPELINING\r\n");
  }

  /// Whether that was a 2yz.
  net::Task<bool> answer(Dialogue& dialogue, Stage stage, std::string argument, std::string usual) {
    const Answer answer = manners(stage, argument);
    if (answer.after.count() != 0) co_await sim_.loop().sleep(answer.after);
    if (answer.hangs_up) {
      dialogue.stream.close();
      dialogue.open = false;
      co_return true;
    }
    const std::string reply = answer.reply.empty() ? std::move(usual) : answer.reply;
    dialogue.stream.write(reply + "\r\n");
    if (reply.starts_with("421")) dialogue.open = false;
    if (!dialogue.open) static_cast<void>(co_await dialogue.stream.flush());
    co_return reply.starts_with('2');
  }

  net::Task<void> take_message(Dialogue& dialogue) {
    if (dialogue.now.recipients.empty()) {
      dialogue.stream.write("554 5.5.1 No valid recipients\r\n");
      co_return;
    }
    dialogue.stream.write("354 Go on\r\n");
    smtp::DataReader reader{std::uint64_t{100'000'000}};
    for (;;) {
      auto piece = co_await dialogue.stream.read_some(65'536);
      if (!piece) {
        dialogue.open = false;
        co_return;
      }
      const auto progress = reader.feed(*piece, dialogue.now.message);
      if (progress.state == smtp::DataState::more) continue;
      dialogue.stream.unread(piece->size() - progress.consumed);
      break;
    }
    const std::size_t place = taken.size();
    taken.push_back(std::exchange(dialogue.now, {}));
    taken[place].when = sim_.loop().now();
    taken[place].answer_lost = true;  // until it has left
    const bool good = co_await answer(dialogue, Stage::message, "", "250 2.0.0 Taken");
    if (!good) {
      taken[place].recipients.clear();
      co_return;
    }
    if (!dialogue.open) co_return;
    const auto flushed = co_await dialogue.stream.flush();
    taken[place].answer_lost = !flushed;
  }

  net::SimWorld& sim_;
  const net::Endpoint endpoint_;
  const std::vector<std::string> extensions_;
  std::shared_ptr<net::Listener> listener_;  // while it is up
  std::vector<net::Stream*> open_;
  net::TaskScope scope_;
};

}  // namespace posthaste::smtpd
