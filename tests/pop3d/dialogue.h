// Dialogues as RFC 1939 prints them, played against pop3d.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/net/stream.h"
#include "post_office.h"

namespace posthaste::pop3d {

/// Lines "C: STAT" and "S: +OK 2 320". A second client's are "C2:" and "S2:". In brackets stands what is no line:
/// "C: (TLS)" shakes hands, "C: (leaves)" hangs up, "S: (closed)" or another StreamError is how reading ends;
/// others are what a test said with Players::on().
struct DialogueLine {
  std::string who;   // "C", "S2"
  std::string what;  // without CRLF
};

inline std::vector<DialogueLine> dialogue_lines(std::string_view script) {
  std::vector<DialogueLine> lines;
  while (!script.empty()) {
    const auto line = script.substr(0, script.find('\n'));
    script.remove_prefix(std::min(script.size(), line.size() + 1));
    const auto colon = line.find(':');
    if (colon != std::string_view::npos) {
      lines.push_back(
          {std::string{line.substr(0, colon)}, std::string{line.substr(std::min(line.size(), colon + 2))}});
    }
  }
  return lines;
}

enum class Pace {
  in_turn,    // a client waits for each answer
  pipelined,  // it sends all it has to say at once (RFC 2449 §6.8)
};

/// Plays the clients' lines, and writes down what was really said.
class Players {
 public:
  Players(net::SimWorld& sim, net::Endpoint endpoint) : sim_(sim), endpoint_(std::move(endpoint)) {}

  /// What happens at the line "C: `what`".
  void on(std::string what, std::function<void()> happens) { happenings_[std::move(what)] = std::move(happens); }

  net::Task<void> play(std::string script, Pace pace, std::string& transcript) {
    const auto lines = dialogue_lines(script);
    if (pace == Pace::pipelined) {
      for (const auto& line : lines) {
        if (line.who == "C") co_await speak(line);
      }
    }
    for (const auto& line : lines) {
      if (line.who.starts_with('C')) {
        if (pace == Pace::in_turn) co_await speak(line);
        transcript += line.who + ": " + line.what + "\n";
      } else {
        co_await connect(line.who.substr(1));
        auto heard = co_await streams_[line.who.substr(1)]->read_line(100'000);
        transcript += line.who + ": ";
        transcript += heard ? std::string{*heard} : "(" + std::string{net::name_of(heard.error())} + ")";
        transcript += "\n";
      }
    }
    streams_.clear();
  }

 private:
  net::Task<void> speak(DialogueLine line) {
    const auto name = line.who.substr(1);
    co_await connect(name);
    net::Stream& stream = *streams_[name];
    const auto happening = happenings_.find(line.what);
    if (happening != happenings_.end()) {
      happening->second();
    } else if (line.what == "(leaves)") {
      co_await stream.flush();
      stream.close();
    } else if (line.what == "(TLS)") {
      auto secured = co_await stream.connect_tls(tls_, "mail.example.org");
      EXPECT_TRUE(secured);
    } else {
      stream.write(line.what + "\r\n");
    }
  }

  net::Task<void> connect(std::string name) {
    if (streams_.contains(name)) co_return;
    auto transport = co_await sim_.world().network.connect(endpoint_, std::chrono::seconds{5});
    streams_[name] = std::make_unique<net::Stream>(std::move(*transport), std::chrono::hours{2});
  }

  net::SimWorld& sim_;
  const net::Endpoint endpoint_;
  const net::TlsClient tls_;
  std::map<std::string, std::function<void()>> happenings_;
  std::map<std::string, std::unique_ptr<net::Stream>> streams_;
};

/// What was said when the clients of `script` spoke to `office`.
inline std::string transcript_of(PostOffice& office, const std::string& script, Pace pace = Pace::in_turn,
                                 const net::Endpoint& endpoint = kPop3) {
  std::string transcript;
  Players players{office.sim(), endpoint};
  EXPECT_TRUE(office.run(players.play(script, pace, transcript))) << "nobody speaks any more, after\n"
                                                                  << transcript;
  return transcript;
}

}  // namespace posthaste::pop3d
