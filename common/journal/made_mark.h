// A note that a log was made once, kept where the log's disk is not: what is missed is not begun anew.
#pragma once

#include <expected>
#include <filesystem>
#include <optional>
#include <string>

namespace posthaste::journal {

/// Whether `directory` has neither a log nor an index, and that could be seen: its writer was never started, or the
/// folder is another one than it should be.
[[nodiscard]] bool holds_nothing(const std::filesystem::path& directory);

/// The note of one log: a file that names the folder in which it was seen last.
class MadeMark {
 public:
  /// What an older copy of the log does in place of one that is lost. One of a queue sends again what was sent.
  enum class Backup { helps, harms };

  /// `log` is what the operator calls it: "store", of `posthaste store`.
  MadeMark(std::filesystem::path file, std::string log, Backup backup)
      : file_(std::move(file)), log_(std::move(log)), backup_(backup) {}

  /// Whether the log may be opened in `directory`, or begun there. Errors: it was made once, and nothing of it is
  /// there; a sentence for the operator, which says what helps.
  [[nodiscard]] std::expected<void, std::string> allow(const std::filesystem::path& directory) const;

  /// The log was made in `directory`, or found there. Durable. Errors: what the system says.
  [[nodiscard]] std::expected<void, std::string> set(const std::filesystem::path& directory) const;

  /// The log is given up for lost. Whether there was a mark. Errors: what the system says.
  [[nodiscard]] std::expected<bool, std::string> clear() const;

 private:
  /// What the note says. Nothing when there is none.
  [[nodiscard]] std::optional<std::string> noted() const;

  std::filesystem::path file_;
  std::string log_;
  Backup backup_;
};

}  // namespace posthaste::journal
