#include "admin/in_child.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "common/daemon/privileges.h"

namespace posthaste::admin {
namespace {

/// A reader dies of these when it meets what nobody wrote.
constexpr std::array kOfDamage{SIGBUS, SIGSEGV, SIGABRT, SIGFPE, SIGILL};
constexpr int kPacked = -1;  // without line feeds

nlohmann::json packed(const Outcome<Report>& outcome) {
  if (!outcome) return {{"failure", outcome.error()}};
  return {{"text", outcome->text}, {"json", outcome->json}, {"success", outcome->success}};
}

Outcome<Report> unpacked(const std::string& octets) {
  const auto packed = nlohmann::json::parse(octets, nullptr, false);
  if (packed.contains("failure")) return Failure(packed["failure"].get<std::string>());
  if (!packed.contains("text")) return Failure("the work was broken off; begin it again");
  return Report{packed["text"].get<std::string>(), packed["json"], packed["success"].get<bool>()};
}

std::string read_all(int descriptor) {
  std::string octets;
  std::array<char, 65'536> piece;
  for (;;) {
    const ssize_t got = read(descriptor, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return octets;
    octets.append(piece.data(), static_cast<std::size_t>(got));
  }
}

[[noreturn]] void answer(int descriptor, const Outcome<Report>& outcome) {
  const std::string said = to_text(packed(outcome), kPacked);
  for (std::string_view rest = said; !rest.empty();) {
    const ssize_t written = write(descriptor, rest.data(), rest.size());
    if (written <= 0) std::_Exit(EXIT_FAILURE);
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  std::_Exit(EXIT_SUCCESS);
}

}  // namespace

Read directory_read(const config::Config& config) {
  return {"the directory", (config.paths.directory / "data.mdb").string() +
                               " is damaged: restore the directory from a backup; \"posthaste directory check\" "
                               "tells more"};
}

std::string to_text(const nlohmann::json& json, int indent) {
  return json.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

Outcome<Report> in_child(const config::Config& config, const Read& read,
                         const std::function<Outcome<Report>()>& work) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return Failure(std::string("no pipe: ") + std::strerror(errno));
  const pid_t child = fork();
  if (child < 0) return Failure(std::string("no child process: ") + std::strerror(errno));
  if (child == 0) {
    close(ends[0]);
    const auto dropped = daemon::drop_privileges(config);
    answer(ends[1], dropped ? work() : Failure(dropped.error()));
  }
  close(ends[1]);
  const std::string said = read_all(ends[0]);
  close(ends[0]);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFSIGNALED(status)) return unpacked(said);
  const std::string signal = std::string(" (") + strsignal(WTERMSIG(status)) + ")";
  if (std::ranges::find(kOfDamage, WTERMSIG(status)) == kOfDamage.end()) {
    return Failure("the work was broken off" + signal + "; begin it again");
  }
  return Failure(read.subject + " cannot be read" + signal + ": " + read.remedy);
}

}  // namespace posthaste::admin
