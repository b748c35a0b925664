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

std::expected<OpenFile, TrustError> open_for_append(const TrustedFolder& folder, const std::filesystem::path& path,
                                                    std::optional<Owner> owner) {
  constexpr mode_t kMode = 0640;
  auto file = folder.open_file(path.filename(), O_WRONLY | O_APPEND | O_CREAT, kMode);
  // A failure leaves it to root: it is written all the same, until it is to be opened again.
  if (file && owner && ::geteuid() == 0) {
    [[maybe_unused]] const int given = ::fchown(file->get(), owner->user, owner->group);
  }
  return file;
}

std::error_code last_error() noexcept { return {errno, std::system_category()}; }

}  // namespace

void StandardErrorSink::write(std::string_view line) noexcept { write_once(STDERR_FILENO, line); }

std::expected<std::unique_ptr<FileSink>, TrustError> FileSink::open(std::filesystem::path path,
                                                                    std::optional<Owner> owner) {
  std::error_code ignored;
  const auto parent = std::filesystem::absolute(path, ignored).parent_path();
  const bool existed = std::filesystem::exists(parent, ignored);
  const auto folder = TrustedFolder::make(parent);
  if (!folder) return std::unexpected(folder.error());
  if (!existed && owner && ::geteuid() == 0) ignored = folder->open_for_group(owner->group);
  auto file = open_for_append(*folder, path, owner);
  if (!file) return std::unexpected(file.error());
  return std::unique_ptr<FileSink>{new FileSink(std::move(path), owner, file->release())};
}

FileSink::~FileSink() { ::close(descriptor_); }

void FileSink::write(std::string_view line) noexcept { write_once(descriptor_, line); }

std::error_code FileSink::reopen() {
  std::error_code ignored;
  const auto folder = TrustedFolder::open(std::filesystem::absolute(path_, ignored).parent_path());
  if (!folder) return folder.error().code;
  const auto fresh = open_for_append(*folder, path_, owner_);
  if (!fresh) return fresh.error().code;
  const bool replaced = ::dup3(fresh->get(), descriptor_, O_CLOEXEC) >= 0;  // at once, for other threads too
  return replaced ? std::error_code{} : last_error();
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
