#include "admin/daemons.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "admin/directory.h"
#include "admin/in_child.h"
#include "admin/surroundings.h"
#include "common/base/clock.h"
#include "common/base/octets.h"
#include "common/base/trusted_folder.h"
#include "common/config/layout.h"
#include "common/daemon/pid_file.h"
#include "common/daemon/privileges.h"
#include "common/net/stream.h"
#include "common/net/time_limit.h"
#include "common/net/uv_loop.h"
#include "common/net/uv_network.h"

namespace posthaste::admin {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kStartMax{30};
constexpr std::chrono::seconds kStopMax{30};
constexpr std::chrono::seconds kWrittenMax{1};
constexpr std::chrono::milliseconds kLookAgain{20};
constexpr std::uint64_t kLastSecond = 253'402'300'799;  // of the year 9999

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

/// Who holds a daemon's pid file, and so runs as that daemon.
struct Holder {
  pid_t pid = 0;  // as the file says
  /// Its pidfd, when it is that daemon's parent beyond doubt: signals go nowhere else. Nothing for a process that
  /// is not ours to look at, for a parent that was killed and whose child still ends, and for a file that lies.
  std::optional<OpenFile> process;
  bool is_ours_to_end = true;  // as far as its owner goes
  bool is_alive = false;       // somebody with that number, at least
  std::uint64_t restarts = 0;  // of its child, as the parent notes
  std::optional<WallTime> child_started{};
};

/// Whether `process` has the file open that `status` is of.
bool has_open(const fs::path& process, const struct stat& status) {
  std::error_code failed;
  for (fs::directory_iterator entry{process / "fd", failed}, end; entry != end; entry.increment(failed)) {
    struct stat opened {};
    const bool looked = stat(entry->path().c_str(), &opened) == 0;
    if (looked && opened.st_dev == status.st_dev && opened.st_ino == status.st_ino) return true;
    if (failed) break;
  }
  return false;
}

bool runs_program(const fs::path& process, std::string_view daemon) {
  std::error_code failed;
  std::string name = fs::read_symlink(process / "exe", failed).filename();
  constexpr std::string_view kReplaced = " (deleted)";  // by a newer version
  if (name.ends_with(kReplaced)) name.resize(name.size() - kReplaced.size());
  return name == daemon;
}

/// Fills in what can be known of the process that the file names. The pidfd is opened first, and its process alive
/// at the end: what was seen in between was seen of no other.
void look_at_process(Holder& holder, std::string_view daemon, const struct stat& pid_file) {
  OpenFile process{static_cast<int>(syscall(SYS_pidfd_open, holder.pid, 0))};
  const fs::path folder = "/proc/" + std::to_string(holder.pid);
  struct stat status {};
  if (process.get() < 0 || stat(folder.c_str(), &status) != 0) return;
  holder.is_alive = true;
  holder.is_ours_to_end = geteuid() == 0 || status.st_uid == geteuid();
  // Root's parents are root's: a child that wrote its own number into the file is none.
  if (status.st_uid != geteuid() || !runs_program(folder, daemon) || !has_open(folder, pid_file)) return;
  pollfd ended{process.get(), POLLIN, 0};
  if (poll(&ended, 1, 0) == 0) holder.process = std::move(process);
}

/// The number on the first of `lines`, which it takes away.
std::optional<std::uint64_t> take_number(std::string& lines) {
  const auto number = parse_decimal(std::string_view{lines}.substr(0, lines.find('\n')));
  lines.erase(0, lines.find('\n'));
  lines.erase(0, 1);
  return number;
}

std::string first_octets(const OpenFile& file) {
  std::string text(64, '\0');
  const ssize_t octets = pread(file.get(), text.data(), text.size(), 0);
  text.resize(octets > 0 ? static_cast<std::size_t>(octets) : 0);
  return text;
}

/// Nothing when nobody holds it: the daemon does not run.
std::optional<Holder> running(std::string_view daemon, const config::Config& config) {
  const auto path = config::pid_file(config, daemon);
  const auto folder = TrustedFolder::open(path.parent_path());
  if (!folder) return std::nullopt;
  const auto file = folder->open_file(path.filename(), O_RDONLY);
  struct stat status {};
  if (!file || fstat(file->get(), &status) != 0) return std::nullopt;
  struct flock lock {};
  lock.l_type = F_WRLCK;
  if (fcntl(file->get(), F_OFD_GETLK, &lock) != 0 || lock.l_type == F_UNLCK) return std::nullopt;
  Holder holder;
  std::string lines = first_octets(*file);
  if (const auto number = take_number(lines); number && *number > 0 && *number <= INT_MAX) {
    holder.pid = static_cast<pid_t>(*number);
  }
  if (const auto note = folder->open_file(daemon::child_note(path).filename(), O_RDONLY)) {
    lines = first_octets(*note);
    holder.restarts = take_number(lines).value_or(0);
    if (const auto seconds = take_number(lines); seconds && *seconds <= kLastSecond) {
      holder.child_started = WallTime{std::chrono::seconds{*seconds}};
    }
  }
  if (holder.pid > 0) look_at_process(holder, daemon, status);
  return holder;
}

/// Errors: the folder of the pid files is one in which others than root could lay traps for root.
Outcome<void> trust_run_folder(const config::Config& config) {
  const auto folder = TrustedFolder::open(config.paths.run);
  if (folder || folder.error().code == std::errc::no_such_file_or_directory) return {};
  return Failure(folder.error().text);
}

net::Task<void> see_whether_it_answers(net::UvLoop& loop, Port port, bool& answers) {
  constexpr std::chrono::milliseconds kTimeout{2000};
  net::UvNetwork network{loop};
  auto transport = co_await network.connect(port.endpoint, kTimeout);
  if (!transport) co_return;
  net::Stream stream{std::move(*transport), kTimeout};
  const net::TimeLimit limit{loop, stream, kTimeout};
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
  bool result = false;
  loop.run(see_whether_it_answers(loop, port, result));
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

/// Keeps SIGINT, SIGTERM and SIGHUP waiting for as long as it lives: who is interrupted first ends what he began.
class Interruption {
 public:
  Interruption() {
    sigemptyset(&signals_);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals_, signal);
    sigprocmask(SIG_BLOCK, &signals_, &before_);
  }
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;
  ~Interruption() { let_through(); }

  void let_through() const { sigprocmask(SIG_SETMASK, &before_, nullptr); }
  [[nodiscard]] bool came() const {
    sigset_t waiting;
    sigemptyset(&waiting);
    sigpending(&waiting);
    return sigismember(&waiting, SIGINT) == 1 || sigismember(&waiting, SIGTERM) == 1 ||
           sigismember(&waiting, SIGHUP) == 1;
  }

 private:
  sigset_t signals_{};
  sigset_t before_{};
};

Outcome<pid_t> launch(std::string_view daemon, const fs::path& folder, const config::Config& config,
                      const Interruption& interruption) {
  std::error_code error;
  const auto program = fs::read_symlink("/proc/self/exe", error).parent_path() / daemon;
  if (!fs::exists(program, error)) return Failure(program.string() + " is not there: build or install it");
  const auto run = TrustedFolder::open(config.paths.run);
  if (!run) return Failure(run.error().text);
  const auto words = run->open_file(first_words(config, daemon).filename(), O_WRONLY | O_CREAT | O_APPEND, 0640);
  if (!words) return Failure(words.error().text);
  if (ftruncate(words->get(), 0) != 0) return Failure(std::string{"can't write in run: "} + std::strerror(errno));
  const std::string home = fs::absolute(folder).string();
  const pid_t child = fork();
  if (child < 0) return Failure(std::string{"can't start a process: "} + std::strerror(errno));
  if (child == 0) {
    setsid();
    interruption.let_through();
    const int nothing = open("/dev/null", O_RDWR);
    dup2(nothing, STDIN_FILENO);
    dup2(nothing, STDOUT_FILENO);
    dup2(words->get(), STDERR_FILENO);
    for (int descriptor = STDERR_FILENO + 1; descriptor < 64; ++descriptor) close(descriptor);
    execl(program.c_str(), program.c_str(), "-C", home.c_str(), nullptr);
    _exit(127);
  }
  return child;
}

enum class Launched { silent, interrupted, ended, ready };

/// Whether process `pid` has bound its ports: a daemon notes its first child after that. Until then another program
/// may be the one that answers there.
bool has_bound(std::string_view daemon, pid_t pid, const config::Config& config) {
  const auto holder = running(daemon, config);
  return holder && holder->pid == pid && holder->child_started;
}

/// Until `daemon` answers at every port. `waiting` keeps those at which nobody does.
Launched wait_for_ports(const std::string& daemon, pid_t pid, const config::Config& config,
                        std::vector<Port>& waiting, const Interruption& interruption) {
  bool ended = false;
  const auto settled = [&] {
    ended = waitpid(pid, nullptr, WNOHANG) == pid;
    if (!ended && has_bound(daemon, pid, config)) std::erase_if(waiting, answers);
    return ended || waiting.empty() || interruption.came();
  };
  const bool in_time = wait_until(settled, kStartMax);
  if (ended) return Launched::ended;
  if (!in_time) return Launched::silent;
  return waiting.empty() ? Launched::ready : Launched::interrupted;
}

void send_signal(const Holder& holder, int signal) {
  if (holder.process) syscall(SYS_pidfd_send_signal, holder.process->get(), signal, nullptr, 0);
}

/// Asks whoever runs to end and waits until it is gone; kills it when it takes too long.
void end(std::string_view daemon, const config::Config& config) {
  const auto gone = [&] { return !running(daemon, config); };
  for (const int signal : {SIGTERM, SIGKILL}) {
    const auto holder = running(daemon, config);
    if (!holder || !holder->process) return;
    send_signal(*holder, signal);
    if (wait_until(gone, kStopMax)) return;
  }
}

/// The same for our own child, which may not hold its pid file yet. Its number is its own until it is waited for.
void end_child(std::string_view daemon, pid_t pid, const config::Config& config) {
  bool ended = false;
  const auto has_ended = [&] { return ended = ended || waitpid(pid, nullptr, WNOHANG) != 0; };
  for (const int signal : {SIGTERM, SIGKILL}) {
    if (has_ended()) break;
    kill(pid, signal);
    wait_until(has_ended, kStopMax);
  }
  end(daemon, config);
}

/// Whoever runs, once a child whose parent was killed has followed it: until then it keeps the lock.
std::optional<Holder> running_after_orphans(const std::string& daemon, const config::Config& config) {
  auto holder = running(daemon, config);
  if (!holder || holder->process || !holder->is_ours_to_end) return holder;
  const auto is_clear = [&] {
    holder = running(daemon, config);
    return !holder || holder->process;
  };
  // A parent that lives writes its number into the file as soon as it holds it.
  wait_until(is_clear, holder->is_alive ? kWrittenMax : kStopMax);
  return holder;
}

/// Of a pid file that is held, though not by the process it names.
std::string held_by_a_stranger(const std::string& daemon, const Holder& holder, const config::Config& config) {
  return config::pid_file(config, daemon).string() + " is held, but process " + std::to_string(holder.pid) +
         ", which it names, is not " + daemon + "'s: see with \"fuser\" who holds it, and end that";
}

/// Why a daemon runs on; nothing when it has ended.
std::optional<std::string> end_or_say_why_not(const std::string& daemon, const Holder& holder,
                                              const config::Config& config) {
  const std::string process = daemon + " (process " + std::to_string(holder.pid) + ")";
  if (!holder.is_ours_to_end) return process + " belongs to another user: run this as that user, or as root";
  if (!holder.process) return held_by_a_stranger(daemon, holder, config);
  end(daemon, config);
  if (!running(daemon, config)) return std::nullopt;
  return process + " does not end";
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
Outcome<pid_t> start_one(const std::string& daemon, const fs::path& folder, const config::Config& config,
                         const Interruption& interruption) {
  const auto pid = launch(daemon, folder, config, interruption);
  if (!pid) return pid;
  auto waiting = ports_of(daemon, config);
  const Launched launched = wait_for_ports(daemon, *pid, config, waiting, interruption);
  if (launched == Launched::ready) return pid;
  const auto log = config::log_file(config, daemon);
  const std::string where = log ? " (its log: " + log->string() + ")" : "";
  if (launched == Launched::ended) {
    const std::string words = contents(first_words(config, daemon));
    return Failure(daemon + " did not start" + where + (words.empty() ? "" : "\n" + words));
  }
  end_child(daemon, *pid, config);
  if (launched == Launched::interrupted) return Failure("interrupted; what was started is stopped again");
  return Failure(daemon + ": " + waiting.front().name + ", " + net::to_string(waiting.front().endpoint) +
                 ", does not answer" + where);
}

}  // namespace

Outcome<Report> start(const fs::path& folder, const config::Config& config) {
  std::error_code ignored;
  const bool existed = fs::exists(config.paths.run, ignored);
  const auto run = TrustedFolder::make(config.paths.run);
  if (!run) return Failure(run.error().text);
  const auto owner = daemon::child_of_root(config);
  if (!owner) return Failure(owner.error());
  if (!existed && *owner) ignored = run->open_for_group((*owner)->group);
  const Interruption interruption;
  Report report;
  std::vector<std::pair<std::string, pid_t>> started;
  for (const std::string daemon : kDaemons) {
    if (const auto holder = running_after_orphans(daemon, config)) {
      if (!holder->process && holder->is_ours_to_end) return Failure(held_by_a_stranger(daemon, *holder, config));
      const pid_t pid = holder->pid;
      if (const auto silent = silent_port(daemon, config)) {
        return Failure(daemon + " runs already, process " + std::to_string(pid) + ", but " + *silent +
                       " does not answer; \"posthaste stop\" ends it");
      }
      report.text += daemon + " runs already, process " + std::to_string(pid) + "\n";
      report.json[daemon] = {{"pid", pid}, {"started", false}};
      continue;
    }
    const auto pid = start_one(daemon, folder, config, interruption);
    if (!pid) {
      std::ranges::reverse(started);
      for (const auto& [name, process] : started) end_child(name, process, config);
      return Failure(pid.error());
    }
    started.emplace_back(daemon, *pid);
    report.text += daemon + " started, process " + std::to_string(*pid) + "\n";
    report.json[daemon] = {{"pid", *pid}, {"started", true}};
  }
  return report;
}

Outcome<Report> stop(const config::Config& config) {
  if (const auto trusted = trust_run_folder(config); !trusted) return Failure(trusted.error());
  Report report;
  std::string left_running;
  auto daemons = kDaemons;
  std::ranges::reverse(daemons);
  for (const std::string daemon : daemons) {
    const auto holder = running_after_orphans(daemon, config);
    if (const auto why = holder ? end_or_say_why_not(daemon, *holder, config) : std::nullopt) {
      left_running += (left_running.empty() ? "" : "\n") + *why;
      continue;
    }
    report.text += daemon + (holder ? " stopped\n" : " did not run\n");
    report.json[daemon] = {{"stopped", holder.has_value()}};
  }
  if (left_running.empty()) return report;
  return Failure(left_running + "\n" + report.text);
}

bool is_running(std::string_view daemon, const config::Config& config) {
  return running(daemon, config).has_value();
}

namespace {

/// A child that was started again and again is no daemon that runs.
void tell_of_restarts(const std::string& daemon, const Holder& holder, const config::Config& config,
                      Report& report) {
  constexpr std::chrono::seconds kSettled{60};
  report.json[daemon]["restarts"] = holder.restarts;
  if (!holder.child_started) return;
  const auto age = std::chrono::floor<std::chrono::seconds>(wall_clock() - *holder.child_started);
  report.json[daemon]["seconds"] = age.count();
  if (holder.restarts == 0) return;
  const auto log = config::log_file(config, daemon);
  report.text += "  its child died and was started again " + std::to_string(holder.restarts) +
                 (holder.restarts == 1 ? " time" : " times") + ", the last " + std::to_string(age.count()) +
                 " s ago" + (log ? "; why is in " + log->string() : "") + "\n";
  if (holder.restarts > 1 && age < kSettled) report.success = false;
}

}  // namespace

namespace {

/// Puts what was found elsewhere behind the rest.
void append(Report& report, const char* name, const Report& found) {
  report.text += found.text;
  report.json[name] = found.json;
  report.success = report.success && found.success;
}

/// As the daemons' user: whether they may read them is what counts.
Report look_at_certificates_in_child(const config::Config& config) {
  const Read read{"a certificate or key", "put another in its place"};
  const auto looked =
      in_child(config, read, [&config]() -> Outcome<Report> { return look_at_certificates(config); });
  if (looked) return *looked;
  return {looked.error() + "\n", {{"fault", looked.error()}}, false};
}

}  // namespace

Outcome<Report> status(const config::Config& config, Configuration is_right) {
  if (const auto trusted = trust_run_folder(config); !trusted) return Failure(trusted.error());
  Report report;
  for (const std::string daemon : kDaemons) {
    const auto holder = running(daemon, config);
    report.json[daemon] = {{"running", holder.has_value()}, {"ports", nlohmann::json::array()}};
    if (!holder) {
      report.text += daemon + " does not run\n";
      report.success = false;
      continue;
    }
    report.json[daemon]["pid"] = holder->pid;
    report.text += daemon + " runs, process " + std::to_string(holder->pid) + "\n";
    tell_of_restarts(daemon, *holder, config, report);
    if (!holder->process && holder->is_ours_to_end) {
      report.text += "  " + held_by_a_stranger(daemon, *holder, config) + "\n";
      report.success = false;
    }
    if (is_right == Configuration::wrong) continue;
    for (const auto& port : ports_of(daemon, config)) {
      const bool ok = answers(port);
      const std::string endpoint = net::to_string(port.endpoint);
      report.success = report.success && ok;
      report.text += "  " + port.name + " " + endpoint + (ok ? " answers\n" : " does not answer\n");
      report.json[daemon]["ports"].push_back({{"name", port.name}, {"endpoint", endpoint}, {"answers", ok}});
    }
  }
  if (is_right == Configuration::wrong) {
    report.success = false;
    return report;
  }
  append(report, "databases", look_at_databases(config));
  append(report, "disks", look_at_disks(config));
  append(report, "certificates", look_at_certificates_in_child(config));
  return report;
}

}  // namespace posthaste::admin
