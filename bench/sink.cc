// posthaste-sink: takes all mail by SMTP and throws it away, until it has seen every message of posthaste-load once.
// Tells as JSON how long that took, from the first to the last, and how many came twice.
#include <CLI/CLI.hpp>
#include <charconv>
#include <chrono>
#include <expected>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/net/scope.h"
#include "common/net/stream.h"
#include "common/net/uv_loop.h"
#include "common/net/uv_network.h"
#include "common/smtp/command.h"
#include "common/smtp/data_reader.h"

namespace posthaste::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPatience = std::chrono::minutes{10};
constexpr std::uint64_t kMessageMaxOctets = 64UL << 20;
constexpr std::size_t kReadMaxOctets = 65'536;

struct Settings {
  std::string address = "127.0.0.1";
  std::uint16_t port = 2525;
  std::size_t messages = 10'000;
};

class Sink {
 public:
  explicit Sink(const Settings& settings) : seen_(settings.messages, false) {}

  /// The number that posthaste-load has put into the Message-ID.
  void count(std::string_view message) {
    static constexpr std::string_view kField = "\r\nMessage-ID: <";
    const std::size_t at = message.find(kField);
    if (at == std::string_view::npos) return;
    std::size_t number = 0;
    const char* start = message.data() + at + kField.size();
    std::from_chars(start, message.data() + message.size(), number);
    if (number >= seen_.size()) return;
    if (distinct_ == 0) first_ = Clock::now();
    if (seen_[number]) {
      ++repeated_;
      return;
    }
    seen_[number] = true;
    if (++distinct_ < seen_.size()) return;
    last_ = Clock::now();
    all_seen_.notify_all();
  }

  net::Task<void> wait_for_all() {
    while (distinct_ < seen_.size()) co_await all_seen_.wait();
  }

  void report() const {
    const double seconds = std::chrono::duration<double>(last_ - first_).count();
    const nlohmann::json result{{"received", distinct_},
                                {"repeated", repeated_},
                                {"connections", connections},
                                {"seconds", seconds},
                                {"rate", static_cast<double>(distinct_) / seconds}};
    std::cout << result.dump() << std::endl;
  }

  std::size_t connections = 0;

 private:
  std::vector<bool> seen_;
  std::size_t distinct_ = 0;
  std::size_t repeated_ = 0;
  Clock::time_point first_;
  Clock::time_point last_;
  net::Event all_seen_;
};

/// The message of one DATA. False when the connection broke.
net::Task<bool> read_data(net::Stream& stream, std::string& message) {
  smtp::DataReader reader{kMessageMaxOctets};
  for (;;) {
    const auto piece = co_await stream.read_some(kReadMaxOctets);
    if (!piece) co_return false;
    const auto progress = reader.feed(*piece, message);
    if (progress.state == smtp::DataState::more) continue;
    stream.unread(piece->size() - progress.consumed);
    co_return progress.state == smtp::DataState::end;
  }
}

net::Task<void> converse(std::unique_ptr<net::Transport> transport, Sink& sink, net::TaskScope& scope) {
  net::Stream stream{std::move(transport), kPatience};
  const net::TaskScope::StopHandler on_stop{scope, [&stream] { stream.interrupt(); }};
  stream.write("220 sink\r\n");
  std::string message;
  for (;;) {
    const auto line = co_await stream.read_line(smtp::kEnvelopeLineMaxOctets);
    if (!line) co_return;
    const auto command = smtp::parse_command(*line);
    if (!command) {
      stream.write("500 5.5.2 What?\r\n");
    } else if (std::holds_alternative<smtp::Ehlo>(*command)) {
      stream.write("250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-CHUNKING\r\n250 ENHANCEDSTATUSCODES\r\n");
    } else if (std::holds_alternative<smtp::Data>(*command)) {
      stream.write("354 Go on\r\n");
      const bool whole = co_await read_data(stream, message);
      if (!whole) co_return;
      sink.count(message);
      message.clear();
      stream.write("250 2.0.0 Gone\r\n");
    } else if (const auto* bdat = std::get_if<smtp::Bdat>(&*command)) {
      const auto read = co_await stream.read_exactly(bdat->chunk_octets, message);
      if (!read) co_return;
      if (bdat->last) sink.count(message);
      if (bdat->last) message.clear();
      stream.write("250 2.0.0 Taken\r\n");
    } else if (std::holds_alternative<smtp::Quit>(*command)) {
      stream.write("221 2.0.0 Goodbye\r\n");
      co_await stream.flush();
      co_return;
    } else {
      stream.write("250 2.0.0 OK\r\n");
    }
  }
}

net::Task<void> accept(net::Listener& listener, Sink& sink, net::TaskScope& scope) {
  for (;;) {
    auto transport = co_await listener.accept();
    if (!transport) co_return;
    ++sink.connections;
    scope.spawn(converse(std::move(transport), sink, scope));
  }
}

net::Task<void> serve(net::Listener& listener, Sink& sink) {
  net::TaskScope accepting;
  net::TaskScope sessions;
  accepting.spawn(accept(listener, sink, sessions));
  co_await sink.wait_for_all();
  sink.report();
  listener.close();
  sessions.stop();
  co_await accepting.drained();
  co_await sessions.drained();
}

}  // namespace
}  // namespace posthaste::bench

int main(int argc, char** argv) {
  namespace bench = posthaste::bench;
  namespace net = posthaste::net;
  bench::Settings settings;
  CLI::App app{"Takes mail by SMTP and throws it away, until every message of posthaste-load has come."};
  app.add_option("--address", settings.address)->capture_default_str();
  app.add_option("--port", settings.port)->capture_default_str();
  app.add_option("--messages", settings.messages, "numbered from 0, as posthaste-load does")->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  const auto socket = net::ListeningSocket::bind({settings.address, settings.port});
  if (!socket) {
    std::cerr << "posthaste-sink: " << socket.error() << "\n";
    return 1;
  }
  bench::Sink sink{settings};
  net::UvLoop loop;
  net::UvListener listener{loop, *socket};
  loop.run(bench::serve(listener, sink));
  return 0;
}
