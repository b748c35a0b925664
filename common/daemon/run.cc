// The parent that binds and keeps its child alive, and the child's frame.
#include <poll.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#include "common/base/clock.h"
#include "common/base/trusted_folder.h"
#include "common/config/layout.h"
#include "common/config/lenient.h"
#include "common/daemon/descriptors.h"
#include "common/daemon/heartbeat.h"
#include "common/daemon/pid_file.h"
#include "common/daemon/privileges.h"
#include "common/daemon/program.h"
#include "common/daemon/workers.h"
#include "common/log/sink.h"

namespace posthaste::daemon {
namespace {

constexpr std::chrono::milliseconds kRestartDelayMin{100};
constexpr std::chrono::milliseconds kRestartDelayMax{10'000};
constexpr std::chrono::milliseconds kSettled{30'000};  // a child that lived so long starts again at once
constexpr unsigned kDrainMaxSeconds = 20;              // then what is left of the child is killed
constexpr std::chrono::seconds kDrainMax{kDrainMaxSeconds};
constexpr std::chrono::seconds kTellRepeatedEvery{10};  // what the log counts
constexpr std::chrono::hours kTellExpiriesEvery{24};
constexpr std::chrono::milliseconds kReloadAgainAfter{1'000};  // of certificates that could not be used
constexpr int kCannotServe = 78;  // a child's exit status: it has said on standard error what is in its way

int fail(std::string_view daemon, std::string_view text) {
  std::fprintf(stderr, "%.*s: %.*s\n", static_cast<int>(daemon.size()), daemon.data(),
               static_cast<int>(text.size()), text.data());
  return 1;
}

/// Signals come as reads from a descriptor, in parent and child alike.
class Signals {
 public:
  Signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) sigaddset(&set, signal);
    sigprocmask(SIG_BLOCK, &set, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    descriptor_ = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  ~Signals() { close(descriptor_); }

  /// Waits up to `timeout`, for ever without, until a signal comes or `other` is readable. The signal, or nothing.
  std::optional<int> wait(std::optional<std::chrono::milliseconds> timeout, int other = -1) {
    std::array<pollfd, 2> descriptors{{{descriptor_, POLLIN, 0}, {other, POLLIN, 0}}};
    poll(descriptors.data(), descriptors.size(), timeout ? static_cast<int>(timeout->count()) : -1);
    signalfd_siginfo info{};
    if (read(descriptor_, &info, sizeof info) != sizeof info) return std::nullopt;
    return static_cast<int>(info.ssi_signo);
  }

 private:
  int descriptor_;
};

/// Tells when a file in the folders of certificate and key, or in a further certificate's folder, is written or
/// replaced, by a symbolic link too, or gets another owner or mode.
class CertificateWatch {
 public:
  explicit CertificateWatch(const config::Config& config)
      : descriptor_(inotify_init1(IN_CLOEXEC | IN_NONBLOCK)), folder_(config.paths.certificate.parent_path()) {
    watch(folder_);
    watch(config.paths.private_key.parent_path());
    watch_subfolders();
  }
  CertificateWatch(const CertificateWatch&) = delete;
  CertificateWatch& operator=(const CertificateWatch&) = delete;
  ~CertificateWatch() { close(descriptor_); }

  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  /// Whoever looks into the folders after this misses nothing: what is written later is told later.
  [[nodiscard]] bool changed() const {
    std::array<char, 4096> events;
    bool any = false;
    while (read(descriptor_, events.data(), events.size()) > 0) any = true;
    if (any) watch_subfolders();
    return any;
  }

 private:
  /// Once more does nothing to a folder that is watched.
  void watch(const std::filesystem::path& folder) const {
    inotify_add_watch(descriptor_, folder.c_str(),
                      IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_ATTRIB | IN_ONLYDIR);
  }
  void watch_subfolders() const {
    std::error_code failed;
    for (std::filesystem::directory_iterator entry{folder_, failed}, end; entry != end; entry.increment(failed)) {
      watch(entry->path());
    }
  }

  int descriptor_;
  std::filesystem::path folder_;
};

std::size_t worker_count(const config::Config& config) {
  if (config.workers.count != 0) return config.workers.count;
  return std::max(1U, std::thread::hardware_concurrency());
}

/// What became of the connections that were asked for.
struct Lowered {
  std::uint64_t configured;
  std::uint64_t allowed;
  std::uint64_t descriptors;
  bool by_default;  // nobody asked for so many
};

/// Makes room for all connections, or lowers `config` to what there is room for; then says so. Errors: a sentence
/// for the operator, when there is room for none.
std::expected<std::optional<Lowered>, std::string> fit_connections(config::Config& config, const Daemon& daemon) {
  std::uint32_t& connections_max = daemon.descriptors.connections_max(config);
  const DescriptorNeeds needs{connections_max, daemon.descriptors.for_each,
                              daemon.descriptors.beside_clients(config, worker_count(config))};
  const std::uint64_t limit = raise_descriptor_limit(descriptors_for(needs));
  const auto allowed = connections_within(needs, limit);
  if (!allowed) {
    return std::unexpected("the limit on open files is too low: it is " + std::to_string(limit) + ", " +
                           std::to_string(descriptors_for(needs)) + " are needed for " +
                           std::to_string(connections_max) + " connections on each port, and " +
                           std::to_string(descriptors_for(needs) - needs.connections * needs.for_each) +
                           " even without any; raise it (LimitNOFILE, ulimit -Hn)");
  }
  if (*allowed == needs.connections) return std::nullopt;
  config::Config defaults;
  const bool by_default = connections_max == daemon.descriptors.connections_max(defaults);
  connections_max = static_cast<std::uint32_t>(*allowed);
  return Lowered{needs.connections, *allowed, limit, by_default};
}

/// Unix sockets lie in the folder of the pid file, which is trusted.
std::expected<void, std::string> give_socket(const std::filesystem::path& path, Owner owner) {
  const auto folder = TrustedFolder::open(path.parent_path());
  if (!folder) return std::unexpected(folder.error().text);
  if (const auto failed = folder->give(path.filename(), owner)) {
    return std::unexpected("cannot give " + path.string() + " to the daemon's user: " + failed.message());
  }
  return {};
}

/// Makes what a child writes and can't make itself, in a folder that is root's.
void make_child_folders(const config::Config& config, Owner owner) {
  for (const auto& path : {config.paths.store, config.paths.queue, config::spool_folder(config)}) {
    const auto parent = TrustedFolder::open(path.parent_path());
    if (!parent) continue;  // in a folder that is not root's, the child makes it, or says why not
    [[maybe_unused]] const auto failed = parent->make_folder_for(path.filename(), owner);
  }
}

/// What the operator can do about a port or a socket that cannot be had. errno is that of the failure.
std::string bind_advice(int code, const net::Endpoint& endpoint) {
  if (endpoint.is_unix()) return "; see paths.run in posthaste.toml, and whose that folder is";
  switch (code) {
    case EACCES:
      return "; ports below 1024 are root's: start as root, or set listen.port_base in posthaste.toml (587 becomes "
             "base + 587)";
    case EADDRINUSE:
      return "; another program listens there (\"ss -ltnp\" shows which): end it, or change listen.addresses or "
             "listen.port_base in posthaste.toml";
    case EADDRNOTAVAIL: return "; this machine has no such address: see listen.addresses in posthaste.toml";
    default: return "; see listen.addresses and listen.port_base in posthaste.toml";
  }
}

std::expected<std::vector<BoundSocket>, std::string> bind_all(const config::Config& config, const Daemon& daemon,
                                                              std::optional<Owner> owner) {
  using enum net::ListeningSocket::Sharing;
  const bool ipv6 = net::has_ipv6();
  std::vector<BoundSocket> sockets;
  for (const auto& binding : daemon.bindings(config)) {
    if (binding.endpoint.is_ipv6() && !ipv6) continue;
    // Once alone: SO_REUSEPORT would share the port with another installation of the same user.
    if (const auto alone = net::ListeningSocket::bind(binding.endpoint, exclusive); !alone) {
      const int code = errno;
      return std::unexpected(alone.error() + bind_advice(code, binding.endpoint));
    }
    const std::size_t copies = binding.endpoint.is_unix() ? 1 : worker_count(config);
    for (std::size_t i = 0; i < copies; ++i) {
      auto socket = net::ListeningSocket::bind(binding.endpoint);
      if (!socket) return std::unexpected(socket.error() + bind_advice(errno, binding.endpoint));
      if (binding.endpoint.is_unix() && owner) {
        if (const auto given = give_socket(binding.endpoint.address, *owner); !given) {
          return std::unexpected(given.error());
        }
      }
      sockets.push_back({binding.name, std::move(*socket), binding.served});
    }
  }
  return sockets;
}

void reopen(log::Sink& sink, const log::Log& log) {
  auto* file = dynamic_cast<log::FileSink*>(&sink);
  if (file == nullptr) return;
  if (const auto error = file->reopen()) log.error("daemon.log.failed", {{"reason", error.message()}});
}

/// For the log, where a quote would be escaped.
std::string unquoted(std::string sentence) {
  std::ranges::replace(sentence, '"', '\'');
  return sentence;
}

int cannot_serve(const Daemon& daemon, const log::Log& log, const std::string& reason) {
  log.error("daemon.failed", {{"reason", unquoted(reason)}});
  fail(daemon.name, reason);
  return kCannotServe;
}

/// How often the parent looks whether its child's loops turn.
std::chrono::milliseconds look_every(const config::Config& config) {
  return std::chrono::milliseconds{config.workers.hung_after} / HangWatch::kLooks;
}

int child_main(const config::Config& config, const Daemon& daemon, const std::vector<BoundSocket>& sockets,
               log::Sink& sink, const log::Log& log, Signals& signals, Heartbeat& heart, pid_t parent) {
  const auto dropped = drop_privileges(config);
  // After the change of user, which clears it: a parent that is killed takes its child along.
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) return 0;
  if (!dropped) return cannot_serve(daemon, log, dropped.error());
  const Setting setting{config, log, worker_count(config)};
  auto program = daemon.make(setting);
  if (!program) return cannot_serve(daemon, log, program.error());
  const CertificateWatch watch{config};
  log.info("daemon.started", {{"workers", setting.workers}});
  const auto ask_every = std::min<std::chrono::milliseconds>(look_every(config) / 2, kTellRepeatedEvery);
  bool certificates_usable = false;  // they may have changed since they were opened, before anybody watched
  auto tell_expiries_at = std::chrono::steady_clock::now();
  serve(**program, setting, sockets, heart, [&](const std::function<void()>& ask_loops) {
    heart.expect_beats(true);
    for (;;) {
      ask_loops();
      if (std::chrono::steady_clock::now() >= tell_expiries_at) {
        (*program)->tell_expiries();
        tell_expiries_at += kTellExpiriesEvery;
      }
      const auto wait = certificates_usable ? ask_every : std::min(ask_every, kReloadAgainAfter);
      const auto signal = signals.wait(wait, watch.descriptor());
      if (signal == SIGTERM || signal == SIGINT) break;
      if (signal == SIGHUP) reopen(sink, log);
      log.tell_repeated();
      const bool is_due = watch.changed() || signal == SIGHUP || !certificates_usable;
      if (is_due) certificates_usable = (*program)->reload();
    }
    heart.expect_beats(false);
    alarm(kDrainMaxSeconds);  // an orphan has no parent to end it
  });
  program->reset();
  log.tell_all_repeated();
  log.info("daemon.stopped");
  return 0;
}

/// Starts children one after the other until a signal asks for the end.
class Supervisor {
 public:
  Supervisor(const Daemon& daemon, const config::Config& config, PidFile pid_file,
             const std::vector<BoundSocket>& sockets, log::Sink& sink, const log::Log& log)
      : daemon_(daemon),
        config_(config),
        pid_file_(std::move(pid_file)),
        sockets_(sockets),
        sink_(sink),
        log_(log),
        heart_(worker_count(config)) {}

  /// The exit status: 0 after the end that was asked for, 1 when not even the first child could serve.
  int keep_alive() {
    for (bool first = true;; first = false) {
      const auto started = std::chrono::steady_clock::now();
      pid_file_.note_child(restarts_, wall_clock());
      ++restarts_;
      const pid_t parent = getpid();
      heart_.reset();
      const pid_t child = fork();
      if (child == 0) {
        pid_file_.leave_to_parent();
        std::exit(child_main(config_, daemon_, sockets_, sink_, log_, signals_, heart_, parent));
      }
      if (child < 0) {
        log_.error("daemon.fork.failed", {{"reason", std::strerror(errno)}});
      } else {
        const int status = wait_for_end_of(child, started);
        if (ending_) return 0;
        if (first && WIFEXITED(status) && WEXITSTATUS(status) == kCannotServe) return 1;
      }
      wait_to_restart();
      if (ending_) return 0;
      delay_ = std::min(delay_ * 2, kRestartDelayMax);
    }
  }

 private:
  /// The child's wait status: it is dead then, every thread of it, and the store's lock is free. Signals are passed
  /// on; a child that is asked to end and does not is killed, and so is one whose loops stand still.
  int wait_for_end_of(pid_t child, std::chrono::steady_clock::time_point started) {
    std::chrono::steady_clock::time_point kill_at;
    HangWatch watch;
    auto look_at = std::chrono::steady_clock::now() + look_every(config_);
    for (;;) {
      const auto signal = signals_.wait(ending_ ? std::chrono::milliseconds{100} : look_every(config_));
      if (!ending_ && std::chrono::steady_clock::now() >= look_at) {
        kill_when_hung(child, watch);
        look_at = std::chrono::steady_clock::now() + look_every(config_);
      }
      if (signal == SIGTERM || signal == SIGINT) {
        if (!ending_) kill_at = std::chrono::steady_clock::now() + kDrainMax;
        ending_ = true;
        kill(child, SIGTERM);
      }
      if (signal == SIGHUP) {
        reopen_log();
        kill(child, SIGHUP);
      }
      int status = 0;
      if (waitpid(child, &status, WNOHANG) == child) {
        choose_delay(status, std::chrono::steady_clock::now() - started);
        if (!ending_ || status != 0) report_death(status);
        return status;
      }
      if (ending_ && std::chrono::steady_clock::now() > kill_at) kill(child, SIGKILL);
    }
  }

  /// The next child comes soon after one that lived long, and late after one whose files are cut short: it will
  /// find them so.
  void choose_delay(int status, std::chrono::steady_clock::duration lived) {
    if (lived > kSettled) delay_ = kRestartDelayMin;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS) delay_ = kRestartDelayMax;
  }

  void kill_when_hung(pid_t child, HangWatch& watch) {
    const auto worker = watch.look(heart_.counts());
    if (!worker) return;
    if (waits_for_disk(child)) {
      log_.warning("daemon.child.waits_for_disk", {{"pid", child}, {"worker", *worker}});
      return;
    }
    log_.error("daemon.child.hung",
               {{"pid", child}, {"worker", *worker}, {"seconds", config_.workers.hung_after.count()}});
    kill(child, SIGKILL);
  }

  void report_death(int status) {
    const int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    log_.error("daemon.child.died", {{"signal", signal},
                                     {"status", WIFEXITED(status) ? WEXITSTATUS(status) : 0},
                                     {"restart_ms", ending_ ? 0 : delay_.count()}});
    if (signal != SIGBUS) return;
    log_.error("daemon.file.unreadable",
               {{"reason", "a file in use was cut short, or its disk cannot be read: run " + daemon_.check_command +
                               " and posthaste directory check, and see the kernel's log"}});
  }

  void wait_to_restart() {
    const auto until = std::chrono::steady_clock::now() + delay_;
    while (!ending_) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
      if (left.count() <= 0) return;
      const auto signal = signals_.wait(left);
      if (signal == SIGTERM || signal == SIGINT) ending_ = true;
      if (signal == SIGHUP) reopen_log();
    }
  }

  /// The next child inherits the descriptor; the one that lives opens the file itself, as its own user, once it was
  /// made for it here.
  void reopen_log() { reopen(sink_, log_); }

  const Daemon& daemon_;
  const config::Config& config_;
  PidFile pid_file_;
  const std::vector<BoundSocket>& sockets_;
  log::Sink& sink_;
  const log::Log& log_;
  Signals signals_;
  Heartbeat heart_;
  std::uint64_t restarts_ = 0;
  std::chrono::milliseconds delay_ = kRestartDelayMin;
  bool ending_ = false;
};

std::expected<std::unique_ptr<log::Sink>, std::string> open_log(const config::Config& config,
                                                                const std::string& daemon,
                                                                std::optional<Owner> owner) {
  const auto path = config::log_file(config, daemon);
  if (!path) return std::make_unique<log::StandardErrorSink>();
  auto file = log::FileSink::open(*path, owner);
  if (!file) return std::unexpected(file.error().text);
  return std::move(*file);
}

}  // namespace

int run(int argc, char** argv, const Daemon& daemon) {
  if (argc != 3 || std::string_view{argv[1]} != "-C") {
    std::fprintf(stderr, "usage: %s -C DIR   (the folder of posthaste.toml)\n", daemon.name.c_str());
    return 2;
  }
  const auto file = std::filesystem::path{argv[2]} / config::kFileName;
  auto config = config::load(file);
  if (!config) {
    for (const auto& error : config.error()) {
      fail(daemon.name, config::in_words(file, error));
    }
    return 1;
  }
  const auto owner = child_of_root(*config);
  if (!owner) return fail(daemon.name, owner.error());
  auto pid_file = PidFile::take(config::pid_file(*config, daemon.name), *owner);
  if (!pid_file) return fail(daemon.name, pid_file.error());
  if (*owner) make_child_folders(*config, **owner);
  const auto lowered = fit_connections(*config, daemon);
  if (!lowered) return fail(daemon.name, lowered.error());
  const auto sockets = bind_all(*config, daemon, *owner);
  if (!sockets) return fail(daemon.name, sockets.error());
  const auto sink = open_log(*config, daemon.name, *owner);
  if (!sink) return fail(daemon.name, sink.error());
  const auto format = config->log.format == config::LogFormat::json ? log::Format::json : log::Format::text;
  const log::Log log{**sink, daemon.name, format, static_cast<log::Level>(config->log.level),
                     [] { return wall_clock(); }};
  if (const std::optional<Lowered> fewer = *lowered) {
    log.at(
        fewer->by_default ? log::Level::info : log::Level::warning, "daemon.connections.lowered",
        {{"configured", fewer->configured}, {"allowed", fewer->allowed}, {"descriptors_max", fewer->descriptors}});
  }
  return Supervisor{daemon, *config, std::move(*pid_file), *sockets, **sink, log}.keep_alive();
}

std::vector<Binding> on_all_addresses(const config::Config& config, const std::string& name,
                                      std::uint16_t standard_port) {
  std::vector<Binding> bindings;
  for (const auto& address : config.listen.addresses) {
    bindings.push_back({name, {address, config::port(config, standard_port)}});
  }
  return bindings;
}

}  // namespace posthaste::daemon
