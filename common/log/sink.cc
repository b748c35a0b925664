#include "common/log/sink.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace posthaste::log {
namespace {

void write_once(int descriptor, std::string_view line) noexcept {
  while (::write(descriptor, line.data(), line.size()) < 0 && errno == EINTR) {
  }
}

int open_for_append(const std::filesystem::path& path) noexcept {
  constexpr mode_t kMode = 0640;
  return ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, kMode);
}

std::error_code last_error() noexcept { return {errno, std::system_category()}; }

}  // namespace

void StandardErrorSink::write(std::string_view line) noexcept { write_once(STDERR_FILENO, line); }

std::expected<std::unique_ptr<FileSink>, std::error_code> FileSink::open(std::filesystem::path path) {
  std::error_code error;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), error);
  if (error) return std::unexpected(error);
  const int descriptor = open_for_append(path);
  if (descriptor < 0) return std::unexpected(last_error());
  return std::unique_ptr<FileSink>{new FileSink(std::move(path), descriptor)};
}

FileSink::~FileSink() { ::close(descriptor_); }

void FileSink::write(std::string_view line) noexcept { write_once(descriptor_, line); }

std::error_code FileSink::reopen() {
  const int fresh = open_for_append(path_);
  if (fresh < 0) return last_error();
  const bool replaced = ::dup3(fresh, descriptor_, O_CLOEXEC) >= 0;  // at once, for writers in other threads too
  const auto error = replaced ? std::error_code{} : last_error();
  ::close(fresh);
  return error;
}

void MemorySink::write(std::string_view line) noexcept {
  const std::scoped_lock lock{mutex_};
  text_.append(line);
}

std::string MemorySink::text() const {
  const std::scoped_lock lock{mutex_};
  return text_;
}

}  // namespace posthaste::log
