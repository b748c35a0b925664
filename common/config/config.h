// What the operator decides: posthaste.toml as a plain value. The initializers below are the defaults.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace posthaste::config {

/// Where things lie. Relative paths start at `data`, and `data` starts at the folder of posthaste.toml;
/// load() leaves them absolute.
struct Paths {
  std::filesystem::path data = ".";
  std::filesystem::path directory = "directory";
  std::filesystem::path store = "store";
  std::filesystem::path queue = "queue";
  std::filesystem::path run = "run";
  std::filesystem::path certificate = "tls/cert.pem";
  std::filesystem::path private_key = "tls/key.pem";
};

struct Listen {
  std::vector<std::string> addresses{"0.0.0.0", "::"};
  std::uint16_t port_base = 0;  // every port is this plus the standard one
  bool lmtp_port = false;       // LMTP on port_base + 24, on the loopback addresses alone
};

/// Of whoever connects to smtpd, imapd and pop3d from elsewhere. Each port counts for itself.
struct Clients {
  std::vector<std::string> trusted_networks{"127.0.0.1", "::1"};
  std::uint32_t connections_per_address_max = 100;
  std::uint32_t connections_per_network_max = 500;
};

struct Smtp {
  std::uint64_t message_max_octets = 52'428'800;
  std::uint32_t recipients_max = 1'000;
  std::chrono::seconds session_timeout{300};
  std::uint32_t connections_max = 10'000;
};

struct Submission {
  bool require_tls = true;
  std::uint32_t connections_per_user_max = 50;
};

struct Delivery {
  std::string recipient_delimiter = "+";  // one character, or empty: no subaddresses
};

struct Queue {
  std::chrono::seconds retry_delay_min{300};
  std::chrono::seconds retry_delay_max{14'400};
  std::chrono::seconds expire{432'000};        // then the sender is told that it failed
  std::chrono::seconds delay_warning{14'400};  // 0: none
};

struct Relay {
  std::uint16_t smtp_port = 25;  // of other domains' hosts
  std::uint32_t connections_per_host_max = 20;
  std::uint32_t connections_max = 500;
};

struct Dns {
  std::vector<std::string> servers;  // "192.0.2.1" or "192.0.2.1:5353"; none: those of /etc/resolv.conf
};

struct Imap {
  std::chrono::seconds login_timeout{60};
  std::chrono::seconds idle_timeout{1'800};
  std::uint32_t connections_max = 50'000;
  std::uint32_t connections_per_user_max = 50;
};

struct Pop3 {
  std::chrono::seconds idle_timeout{600};
  std::uint32_t connections_max = 10'000;
  std::chrono::seconds login_delay{0};
};

struct Workers {
  std::uint32_t count = 0;       // 0: one for each core
  std::uint32_t io_threads = 4;  // threads of the I/O executor of each daemon
  std::chrono::seconds hung_after{60};
};

struct Store {
  std::uint64_t segment_octets = 268'435'456;
  std::uint64_t map_octets = 1'099'511'627'776;
  std::uint64_t disk_reserve_octets = 0;  // 0: 64 MB, or an eighth of a smaller file system
  std::uint32_t mailboxes_per_user_max = 10'000;
};

struct Auth {
  bool allow_plaintext = false;  // logins over connections without TLS
  // SASL's, the strongest first. -PLUS only on demand: clients choose it that have no channel to bind to
  // (libgsasl).
  std::vector<std::string> mechanisms{"SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN"};
  std::uint32_t hashing_threads = 2;
  std::uint32_t hashing_queue_max = 64;
  std::chrono::seconds remember{300};
  std::chrono::milliseconds failure_delay{1'000};
  std::chrono::milliseconds failure_delay_max{15'000};
};

enum class LogFormat { text, json };
enum class LogLevel { debug, info, warning, error };

struct Log {
  LogFormat format = LogFormat::text;
  LogLevel level = LogLevel::info;
  std::string destination = "log";  // "stderr", or the folder of each daemon's file: log/smtpd.log
};

struct Config {
  std::string hostname;  // empty only before load(), which asks the machine for its name
  std::string user;      // the system user of the daemons' children; empty: the owner of the folder `store`
  Paths paths;
  Listen listen;
  Clients clients;
  Smtp smtp;
  Submission submission;
  Delivery delivery;
  Queue queue;
  Relay relay;
  Dns dns;
  Imap imap;
  Pop3 pop3;
  Workers workers;
  Store store;
  Auth auth;
  Log log;
};

/// One thing that is wrong in the file. `line` counts from 1; 0 when no line is to blame.
struct ConfigError {
  std::size_t line = 0;
  std::string text;
  bool operator==(const ConfigError&) const = default;
};

/// Reads a whole posthaste.toml given as text; paths stay as they are written.
/// Errors, all of them at once and in the order of their lines: not TOML; an unknown key or section, with the
/// nearest known one; a wrong type; a value out of its range.
[[nodiscard]] std::expected<Config, std::vector<ConfigError>> parse(std::string_view text);

/// parse() of the file at `path`, with paths made absolute and an empty hostname replaced by the machine's.
/// Errors: parse()'s, a file that can't be read, and one that others than root, or than the user who asks, could have
/// written (open_to_obey).
[[nodiscard]] std::expected<Config, std::vector<ConfigError>> load(const std::filesystem::path& path);

/// The default file: every key with its comment, unit and default, from the table that parse() reads by.
[[nodiscard]] std::string sample();

}  // namespace posthaste::config
