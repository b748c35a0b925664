// The paths that follow from the configuration: sockets, pid files and logs of one installation.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

#include "common/config/config.h"

namespace posthaste::config {

/// The name of the configuration file inside an installation's folder.
inline constexpr std::string_view kFileName = "posthaste.toml";

// The standard ports; the port to bind is port() of them.
inline constexpr std::uint16_t kSmtpPort = 25;
inline constexpr std::uint16_t kLmtpPort = 24;
inline constexpr std::uint16_t kSubmissionPort = 587;   // STARTTLS, RFC 6409
inline constexpr std::uint16_t kSubmissionsPort = 465;  // implicit TLS, RFC 8314 §3.3
inline constexpr std::uint16_t kImapPort = 143;
inline constexpr std::uint16_t kImapsPort = 993;
inline constexpr std::uint16_t kPop3Port = 110;
inline constexpr std::uint16_t kPop3sPort = 995;

/// The port that this installation binds for a standard one.
[[nodiscard]] std::uint16_t port(const Config& config, std::uint16_t standard) noexcept;

/// deliveryd takes mail here (RFC 2033), with the private parameters that smtpd alone may use.
[[nodiscard]] std::filesystem::path lmtp_socket(const Config& config);

/// deliveryd takes changes of mailboxes here.
[[nodiscard]] std::filesystem::path store_socket(const Config& config);

/// A daemon's socket for the operator's command: queue, status, metrics.
[[nodiscard]] std::filesystem::path control_socket(const Config& config, std::string_view daemon);

/// smtpd keeps messages here that are too large for its memory, while it has them in hand.
[[nodiscard]] std::filesystem::path spool_folder(const Config& config);

[[nodiscard]] std::filesystem::path pid_file(const Config& config, std::string_view daemon);

/// Beside the directory's database: says that the store, or the queue, was made once. Not where that lies, whose
/// disk may not be mounted.
[[nodiscard]] std::filesystem::path made_mark(const Config& config, std::string_view log);

/// A daemon's own log file, or nothing when it logs to standard error.
[[nodiscard]] std::optional<std::filesystem::path> log_file(const Config& config, std::string_view daemon);

}  // namespace posthaste::config
