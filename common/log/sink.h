// Where log lines go: standard error, a file that can be reopened, or a string.
#pragma once

#include <expected>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "common/base/trusted_folder.h"

namespace posthaste::log {

/// Takes whole lines, from any thread. A line that can't be written is dropped: a daemon does not stop for its log.
class Sink {
 public:
  virtual ~Sink() = default;
  /// `line` ends with LF.
  virtual void write(std::string_view line) noexcept = 0;
};

/// One write(2) for each line, to standard error.
class StandardErrorSink final : public Sink {
 public:
  void write(std::string_view line) noexcept override;
};

/// One write(2) with O_APPEND for each line, so that processes and threads share a file without mixing lines.
class FileSink final : public Sink {
 public:
  /// Opens or creates the file, mode 0640, in a trusted folder; makes that when it is missing. Root gives the file to
  /// `owner`, and lets their group into the folder.
  [[nodiscard]] static std::expected<std::unique_ptr<FileSink>, TrustError> open(
      std::filesystem::path path, std::optional<Owner> owner = std::nullopt);
  ~FileSink() override;
  FileSink(const FileSink&) = delete;
  FileSink& operator=(const FileSink&) = delete;

  void write(std::string_view line) noexcept override;

  /// Opens the path anew, after a rotation. On error the old file stays in use.
  [[nodiscard]] std::error_code reopen();

 private:
  FileSink(std::filesystem::path path, std::optional<Owner> owner, int descriptor)
      : path_(std::move(path)), owner_(owner), descriptor_(descriptor) {}

  std::filesystem::path path_;
  std::optional<Owner> owner_;
  int descriptor_;  // its number never changes: reopen() puts the new file under it
};

/// Keeps the lines, for tests and the simulated world.
class MemorySink final : public Sink {
 public:
  void write(std::string_view line) noexcept override;
  [[nodiscard]] std::string text() const;

 private:
  mutable std::mutex mutex_;
  std::string text_;
};

}  // namespace posthaste::log
