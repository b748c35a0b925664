#include "admin/daemons.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "common/config/layout.h"
#include "common/net/stream.h"
#include "common/net/uv_loop.h"
#include "common/net/uv_network.h"

namespace posthaste::admin {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kStartMax{30};
constexpr std::chrono::seconds kStopMax{30};
constexpr std::chrono::milliseconds kLookAgain{20};

/// In the order of starting: the store before those who need it.
constexpr std::array kDaemons{"deliveryd", "smtpd", "imapd", "pop3d"};

/// How a port shows that somebody serves it.
enum class Speaks { first, after_handshake, when_asked };

struct Port {
  std::string name;
  net::Endpoint endpoint;
  Speaks speaks;
};

net::Endpoint reachable(std::string address, std::uint16_t port) {
  if (address == "0.0.0.0") address = "127.0.0.1";
  if (address == "::") address = "::1";
  return {std::move(address), port};
}

std::vector<Port> ports_of(std::string_view daemon, const config::Config& config) {
  std::vector<Port> ports;
  const auto add = [&](const char* name, std::uint16_t standard, Speaks speaks) {
    for (const auto& address : config.listen.addresses) {
      if (address.find(':') != std::string::npos && !net::has_ipv6()) continue;
      ports.push_back({name, reachable(address, config::port(config, standard)), speaks});
    }
  };
  if (daemon == "deliveryd") {
    ports.push_back({"lmtp socket", {config::lmtp_socket(config), 0}, Speaks::first});
    ports.push_back({"store socket", {config::store_socket(config), 0}, Speaks::when_asked});
    if (config.listen.lmtp_port) {
      ports.push_back({"lmtp", {"127.0.0.1", config::port(config, config::kLmtpPort)}, Speaks::first});
    }
  } else if (daemon == "smtpd") {
    add("smtp", config::kSmtpPort, Speaks::first);
    add("submission", config::kSubmissionPort, Speaks::first);
    add("submissions", config::kSubmissionsPort, Speaks::after_handshake);
  } else if (daemon == "imapd") {
    add("imap", config::kImapPort, Speaks::first);
    add("imaps", config::kImapsPort, Speaks::after_handshake);
  } else {
    add("pop3", config::kPop3Port, Speaks::first);
    add("pop3s", config::kPop3sPort, Speaks::after_handshake);
  }
  return ports;
}

/// The process that holds the daemon's pid file, or nothing when it does not run.
std::optional<pid_t> running(std::string_view daemon, const config::Config& config) {
  const auto path = config::pid_file(config, daemon);
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return std::nullopt;
  struct flock lock{};
  lock.l_type = F_WRLCK;
  const bool held = fcntl(descriptor, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
  close(descriptor);
  if (!held) return std::nullopt;
  pid_t pid = 0;
  std::ifstream{path} >> pid;
  return pid > 0 ? std::optional{pid} : std::nullopt;
}

net::Task<void> see_whether_it_answers(net::Network& network, Port port, bool& answers) {
  constexpr std::chrono::milliseconds kTimeout{2000};
  auto transport = co_await network.connect(port.endpoint, kTimeout);
  if (!transport) co_return;
  net::Stream stream{std::move(*transport), kTimeout};
  if (port.speaks == Speaks::when_asked) {
    answers = true;
    co_return;
  }
  if (port.speaks == Speaks::after_handshake) {
    const net::TlsClient tls;
    const auto secured = co_await stream.connect_tls(tls, "");
    if (!secured) co_return;
  }
  constexpr std::size_t kGreetingMaxOctets = 2048;
  const auto greeting = co_await stream.read_line(kGreetingMaxOctets);
  answers =
      greeting && (greeting->starts_with("220") || greeting->starts_with("* OK") || greeting->starts_with("+OK"));
}

bool answers(const Port& port) {
  net::UvLoop loop;
  net::UvNetwork network{loop};
  bool result = false;
  loop.run(see_whether_it_answers(network, port, result));
  return result;
}

void pause_a_moment() {
  net::UvLoop loop;
  loop.run(loop.sleep(kLookAgain));
}

/// Calls `done` until it says yes or the time is up.
template <typename Done>
bool wait_until(Done done, std::chrono::milliseconds most) {
  const auto end = net::UvLoop{}.now() + most;
  while (!done()) {
    if (net::UvLoop{}.now() >= end) return false;
    pause_a_moment();
  }
  return true;
}

std::string contents(const fs::path& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

/// A daemon's first words, until it has its log: where a failed start is explained.
fs::path first_words(const config::Config& config, std::string_view daemon) {
  return config.paths.run / (std::string{daemon} + ".start");
}

Outcome<pid_t> launch(std::string_view daemon, const fs::path& folder, const config::Config& config) {
  std::error_code error;
  const auto program = fs::read_symlink("/proc/self/exe", error).parent_path() / daemon;
  if (!fs::exists(program, error)) return Failure(program.string() + " is not there: build or install it");
  const auto words = first_words(config, daemon);
  const std::string home = fs::absolute(folder).string();
  const pid_t child = fork();
  if (child < 0) return Failure(std::string{"can't start a process: "} + std::strerror(errno));
  if (child == 0) {
    setsid();
    const int nothing = open("/dev/null", O_RDWR);
    const int output = open(words.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0640);
    dup2(nothing, STDIN_FILENO);
    dup2(nothing, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    for (int descriptor = STDERR_FILENO + 1; descriptor < 64; ++descriptor) close(descriptor);
    execl(program.c_str(), program.c_str(), "-C", home.c_str(), nullptr);
    _exit(127);
  }
  return child;
}

enum class Launched { silent, ended, ready };

/// Until every port of `daemon` answers. `waiting` keeps those that do not.
Launched wait_for_ports(pid_t pid, std::vector<Port>& waiting) {
  bool ended = false;
  const auto settled = [&] {
    ended = waitpid(pid, nullptr, WNOHANG) == pid;
    if (!ended) std::erase_if(waiting, answers);
    return ended || waiting.empty();
  };
  const bool in_time = wait_until(settled, kStartMax);
  if (ended) return Launched::ended;
  return in_time ? Launched::ready : Launched::silent;
}

/// Asks it to end and waits until it is gone; kills it when it takes too long.
void end(std::string_view daemon, pid_t pid, const config::Config& config) {
  kill(pid, SIGTERM);
  const auto gone = [&] {
    waitpid(pid, nullptr, WNOHANG);  // when it is our own child
    return !running(daemon, config);
  };
  if (wait_until(gone, kStopMax)) return;
  kill(pid, SIGKILL);
  wait_until(gone, kStopMax);
}

}  // namespace

namespace {

/// The same as running(), once a child whose parent was killed has followed it: until then it keeps the lock.
std::optional<pid_t> running_after_orphans(const std::string& daemon, const config::Config& config) {
  auto pid = running(daemon, config);
  if (!pid || kill(*pid, 0) == 0) return pid;
  wait_until(
      [&] {
        pid = running(daemon, config);
        return !pid.has_value();
      },
      kStopMax);
  return pid;
}

/// A port of a running daemon that does not answer, as the operator knows it.
std::optional<std::string> silent_port(const std::string& daemon, const config::Config& config) {
  auto waiting = ports_of(daemon, config);
  const auto all_answer = [&waiting] {
    std::erase_if(waiting, answers);
    return waiting.empty();
  };
  if (wait_until(all_answer, kStartMax)) return std::nullopt;
  return waiting.front().name + " (" + net::to_string(waiting.front().endpoint) + ")";
}

/// A daemon's process once its ports answer. Errors: what it said when it ended, or which port stays silent.
Outcome<pid_t> start_one(const std::string& daemon, const fs::path& folder, const config::Config& config) {
  const auto pid = launch(daemon, folder, config);
  if (!pid) return pid;
  auto waiting = ports_of(daemon, config);
  const Launched launched = wait_for_ports(*pid, waiting);
  if (launched == Launched::ready) return pid;
  const auto log = config::log_file(config, daemon);
  const std::string where = log ? " (its log: " + log->string() + ")" : "";
  if (launched == Launched::ended) {
    const std::string words = contents(first_words(config, daemon));
    return Failure(daemon + " did not start" + where + (words.empty() ? "" : "\n" + words));
  }
  end(daemon, *pid, config);
  return Failure(daemon + ": " + waiting.front().name + ", " + net::to_string(waiting.front().endpoint) +
                 ", does not answer" + where);
}

}  // namespace

Outcome<Report> start(const fs::path& folder, const config::Config& config) {
  Report report;
  std::vector<std::pair<std::string, pid_t>> started;
  for (const std::string daemon : kDaemons) {
    if (const auto pid = running_after_orphans(daemon, config)) {
      if (const auto silent = silent_port(daemon, config)) {
        return Failure(daemon + " runs already, process " + std::to_string(*pid) + ", but " + *silent +
                       " does not answer; \"posthaste stop\" ends it");
      }
      report.text += daemon + " runs already, process " + std::to_string(*pid) + "\n";
      report.json[daemon] = {{"pid", *pid}, {"started", false}};
      continue;
    }
    const auto pid = start_one(daemon, folder, config);
    if (!pid) {
      std::ranges::reverse(started);
      for (const auto& [name, process] : started) end(name, process, config);
      return Failure(pid.error());
    }
    started.emplace_back(daemon, *pid);
    report.text += daemon + " started, process " + std::to_string(*pid) + "\n";
    report.json[daemon] = {{"pid", *pid}, {"started", true}};
  }
  return report;
}

Outcome<Report> stop(const config::Config& config) {
  Report report;
  auto daemons = kDaemons;
  std::ranges::reverse(daemons);
  for (const std::string daemon : daemons) {
    const auto pid = running(daemon, config);
    if (pid) end(daemon, *pid, config);
    if (pid && running(daemon, config))
      return Failure(daemon + " (process " + std::to_string(*pid) + ") does not end");
    report.text += daemon + (pid ? " stopped\n" : " did not run\n");
    report.json[daemon] = {{"stopped", pid.has_value()}};
  }
  return report;
}

Outcome<Report> status(const config::Config& config) {
  Report report;
  for (const std::string daemon : kDaemons) {
    const auto pid = running(daemon, config);
    report.json[daemon] = {{"running", pid.has_value()}, {"ports", nlohmann::json::array()}};
    if (!pid) {
      report.text += daemon + " does not run\n";
      report.success = false;
      continue;
    }
    report.json[daemon]["pid"] = *pid;
    report.text += daemon + " runs, process " + std::to_string(*pid) + "\n";
    for (const auto& port : ports_of(daemon, config)) {
      const bool ok = answers(port);
      const std::string endpoint = net::to_string(port.endpoint);
      report.success = report.success && ok;
      report.text += "  " + port.name + " " + endpoint + (ok ? " answers\n" : " does not answer\n");
      report.json[daemon]["ports"].push_back({{"name", port.name}, {"endpoint", endpoint}, {"answers", ok}});
    }
  }
  return report;
}

}  // namespace posthaste::admin
