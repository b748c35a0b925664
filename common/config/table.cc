#include "common/config/table.h"

#include <arpa/inet.h>

#include <array>

#include "common/base/ip_network.h"
#include "common/base/octets.h"
#include "common/base/sasl_mechanism.h"

namespace posthaste::config {
namespace {

constexpr std::int64_t kKibi = 1'024;
constexpr std::int64_t kMebi = kKibi * kKibi;
constexpr std::int64_t kGibi = kMebi * kKibi;
constexpr std::int64_t kTebi = kGibi * kKibi;
constexpr std::int64_t kDay = 86'400;

constexpr std::array<std::string_view, 2> kFormats{"text", "json"};
constexpr std::array<std::string_view, 4> kLevels{"debug", "info", "warning", "error"};

template <typename Value>
std::int64_t to_number(const Value& value) {
  if constexpr (std::is_integral_v<Value>) {
    return static_cast<std::int64_t>(value);
  } else {
    return value.count();
  }
}

template <auto kGroup, auto kMember>
Number number(std::string_view unit, std::int64_t min, std::int64_t max) {
  return {unit, min, max, [](const Config& config) { return to_number(config.*kGroup.*kMember); },
          [](Config& config, std::int64_t value) {
            auto& member = config.*kGroup.*kMember;
            member = std::remove_reference_t<decltype(member)>(value);
          }};
}

template <auto kGroup, auto kMember>
Flag flag() {
  return {[](Config& config) -> bool& { return config.*kGroup.*kMember; }};
}

template <auto kMember>
File file() {
  return {[](Config& config) -> std::filesystem::path& { return config.paths.*kMember; }};
}

template <auto kMember>
Choice log_choice(std::span<const std::string_view> words) {
  return {words, [](const Config& config) { return static_cast<std::size_t>(config.log.*kMember); },
          [](Config& config, std::size_t index) {
            auto& member = config.log.*kMember;
            member = static_cast<std::remove_reference_t<decltype(member)>>(index);
          }};
}

bool is_hostname(std::string_view text) {
  if (text.size() > 255) return false;  // RFC 5321 §4.5.3.1.2
  for (const char c : text) {
    if (!is_alnum(c) && c != '-' && c != '.') return false;
  }
  return !text.starts_with('.') && !text.ends_with('.') && !text.starts_with('-') &&
         text.find("..") == std::string_view::npos;
}

bool is_account_name(std::string_view text) {
  for (const char c : text) {
    if (!is_alnum(c) && c != '-' && c != '_' && c != '.') return false;
  }
  return !text.starts_with('-');
}

bool is_ip_address(std::string_view text) {
  const std::string zero_ended{text};
  if (zero_ended.find('\0') != std::string::npos) return false;
  std::array<unsigned char, sizeof(in6_addr)> address{};
  return inet_pton(AF_INET, zero_ended.c_str(), address.data()) == 1 ||
         inet_pton(AF_INET6, zero_ended.c_str(), address.data()) == 1;
}

bool is_network(std::string_view text) { return parse_ip_network(text).has_value(); }

/// An IP address, or one with a port behind it: "192.0.2.1:53", "[2001:db8::1]:53".
bool is_server(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (is_ip_address(text) || colon == std::string_view::npos) return is_ip_address(text);
  const auto port = parse_decimal(text.substr(colon + 1));
  auto address = text.substr(0, colon);
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  return is_ip_address(address) && port && *port > 0 && *port <= UINT16_MAX;
}

/// A character that an address can hold unquoted (RFC 5321 §4.1.2, atext) and that is neither letter nor digit.
bool is_delimiter(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-/=?^_`{|}~";
  return text.empty() || (text.size() == 1 && kMarks.find(text[0]) != std::string_view::npos);
}

bool is_destination(std::string_view text) { return !text.empty() && text.find('\0') == std::string_view::npos; }

bool is_mechanism(std::string_view text) { return parse_sasl_mechanism(text).has_value(); }

Section general() {
  return {
      "",
      "",
      {{"hostname",
        "The name of this host in greetings, Received fields and reports, as its MX record says it. Empty: the\n"
        "machine's own name.",
        Text{[](Config& config) -> std::string& { return config.hostname; }, is_hostname, "a host name"}},
       {"user",
        "The system user that the daemons run as once their ports are bound. Empty: the owner of the folder\n"
        "`store`. Started by another user than root, the daemons run as that user.",
        Text{[](Config& config) -> std::string& { return config.user; }, is_account_name,
             "the name of a system user"}}}};
}

Section paths() {
  return {"paths",
          "Relative paths start at `data`, and `data` starts at the folder of this file.",
          {{"data", "The folder of everything below.", file<&Paths::data>()},
           {"directory", "Domains, users, aliases and credentials.", file<&Paths::directory>()},
           {"store", "The mailboxes. The segments and their index share one file system.", file<&Paths::store>()},
           {"queue", "Mail on its way to other hosts, and what could not be delivered yet.", file<&Paths::queue>()},
           {"run", "Sockets and pid files.", file<&Paths::run>()},
           {"certificate",
            "The TLS certificate with its chain, PEM. Reloaded when the file changes. Further ones, in\n"
            "subfolders of its folder as NAME/cert.pem and NAME/key.pem, are for clients that ask for\n"
            "one of their names (SNI).",
            file<&Paths::certificate>()},
           {"private_key", "The certificate's key, PEM. Reloaded when the file changes.",
            file<&Paths::private_key>()}}};
}

Section listen() {
  return {"listen",
          "Where clients and other hosts reach us.",
          {{"addresses", "The addresses to bind: \"0.0.0.0\" is every IPv4 address, \"::\" every IPv6 one.",
            List{[](Config& config) -> std::vector<std::string>& { return config.listen.addresses; }, is_ip_address,
                 "an IP address"}},
           {"port_base", "Every port is this plus the standard one: with 20000, smtp is 20025 and imaps 20993.",
            number<&Config::listen, &Listen::port_base>("a port number", 0, 64'540)},
           {"lmtp_port", "LMTP on port 24 (plus port_base) of the loopback addresses, beside the socket in `run`. It asks nobody\n"
            "who they are: every program of this machine can deliver there, past all limits on senders.",
            flag<&Config::listen, &Listen::lmtp_port>()}}};
}

Section clients() {
  return {"clients",
          "How much of each port of smtpd, imapd and pop3d one client may have. A connection counts here until "
          "somebody has\n"
          "logged in on it; on port 25, always.",
          {{"trusted_networks",
            "Addresses and networks without these limits: relay hosts, a webmail server, a proxy that hides who\n"
            "comes. \"192.0.2.7\", \"192.0.2.0/24\", \"2001:db8::/32\".",
            List{[](Config& config) -> std::vector<std::string>& { return config.clients.trusted_networks; },
                 is_network, "an IP address, or one with the length of a prefix", true}},
           {"connections_per_address_max", "Connections at once from one IPv4 address, or one IPv6 /64.",
            number<&Config::clients, &Clients::connections_per_address_max>("connections", 1, 1'000'000)},
           {"connections_per_network_max", "Connections at once from one IPv4 /24, or one IPv6 /48.",
            number<&Config::clients, &Clients::connections_per_network_max>("connections", 1, 1'000'000)}}};
}

Section smtp() {
  return {"smtp",
          "Receiving mail, from other hosts and from our users.",
          {{"message_max_octets", "The largest message taken; SIZE in EHLO (RFC 1870).",
            number<&Config::smtp, &Smtp::message_max_octets>("octets", 64 * kKibi, kGibi)},
           {"recipients_max", "The most recipients of one message; RFC 5321 §4.5.3.1.8 asks for 100 at least.",
            number<&Config::smtp, &Smtp::recipients_max>("recipients", 100, 100'000)},
           {"session_timeout_s", "How long a session waits for the other side; RFC 5321 §4.5.3.2.7 asks for 300.",
            number<&Config::smtp, &Smtp::session_timeout>("seconds", 1, 3'600)},
           {"connections_max", "Connections at once on each of the three ports; further ones are told 421.",
            number<&Config::smtp, &Smtp::connections_max>("connections", 1, 1'000'000)}}};
}

Section submission() {
  return {"submission",
          "Sending by our own users (RFC 6409).",
          {{"require_tls", "Take logins and MAIL on port 587 only after STARTTLS, whatever allow_plaintext says.",
            flag<&Config::submission, &Submission::require_tls>()},
           {"connections_per_user_max", "Connections at once of one user, over all their devices.",
            number<&Config::submission, &Submission::connections_per_user_max>("connections", 1, 100'000)}}};
}

Section delivery() {
  return {"delivery",
          "From an address to a mailbox.",
          {{"recipient_delimiter",
            "What parts the user from the detail in user+detail@domain (RFC 5233). Empty: no such addresses.",
            Text{[](Config& config) -> std::string& { return config.delivery.recipient_delimiter; }, is_delimiter,
                 "one mark such as \"+\", or nothing"}}}};
}

Section queue() {
  return {"queue",
          "Mail that could not be delivered at once.",
          {{"retry_delay_min_s", "How long the first retry waits; each further one waits about twice as long.",
            number<&Config::queue, &Queue::retry_delay_min>("seconds", 1, kDay)},
           {"retry_delay_max_s", "The longest such wait.",
            number<&Config::queue, &Queue::retry_delay_max>("seconds", 1, 7 * kDay)},
           {"expire_s", "How long delivery is tried; RFC 5321 §4.5.4.1 asks for 4 to 5 days at least.",
            number<&Config::queue, &Queue::expire>("seconds", 1, 60 * kDay)},
           {"delay_warning_s", "When a sender is told that a message has not been delivered yet. 0: never.",
            number<&Config::queue, &Queue::delay_warning>("seconds", 0, 60 * kDay)}}};
}

Section relay() {
  return {"relay",
          "Sending to other hosts.",
          {{"smtp_port", "The port that other domains' hosts listen on. Not 25 only in tests.",
            number<&Config::relay, &Relay::smtp_port>("a port number", 1, 65'535)},
           {"connections_per_host_max", "Connections at once to one destination, for each worker.",
            number<&Config::relay, &Relay::connections_per_host_max>("connections", 1, 10'000)},
           {"connections_max", "Connections at once to all other hosts, for each worker.",
            number<&Config::relay, &Relay::connections_max>("connections", 1, 100'000)}}};
}

Section dns() {
  return {
      "dns",
      "Where domains are looked up.",
      {{"servers",
        "Addresses of resolvers, \"192.0.2.1\" or with a port \"192.0.2.1:5353\". None: those of /etc/resolv.conf.",
        List{[](Config& config) -> std::vector<std::string>& { return config.dns.servers; }, is_server,
             "an IP address, or one with a port", true}}}};
}

Section imap() {
  return {
      "imap",
      "",
      {{"login_timeout_s", "How long a client may take until it has authenticated.",
        number<&Config::imap, &Imap::login_timeout>("seconds", 1, 3'600)},
       {"idle_timeout_s", "How long an authenticated client may be silent; RFC 9051 §5.4 asks for 1800 at least.",
        number<&Config::imap, &Imap::idle_timeout>("seconds", 1, kDay)},
       {"connections_max", "Connections at once on each of the two ports.",
        number<&Config::imap, &Imap::connections_max>("connections", 1, 10'000'000)},
       {"connections_per_user_max", "Connections at once of one user, over all their devices.",
        number<&Config::imap, &Imap::connections_per_user_max>("connections", 1, 100'000)}}};
}

Section pop3() {
  return {"pop3",
          "",
          {{"idle_timeout_s", "How long a client may be silent; RFC 1939 §3 asks for 600 at least.",
            number<&Config::pop3, &Pop3::idle_timeout>("seconds", 1, kDay)},
           {"connections_max", "Connections at once on each of the two ports.",
            number<&Config::pop3, &Pop3::connections_max>("connections", 1, 10'000'000)},
           {"login_delay_s",
            "How long a user must wait from one login to the next; told to clients (RFC 2449 §6.5). 0: not at all.",
            number<&Config::pop3, &Pop3::login_delay>("seconds", 0, kDay)}}};
}

Section workers() {
  return {"workers",
          "",
          {{"count", "Loops of each network daemon. 0: one for each core.",
            number<&Config::workers, &Workers::count>("threads", 0, 1'024)},
           {"io_threads", "Threads of each daemon that read files and make long scans.",
            number<&Config::workers, &Workers::io_threads>("threads", 1, 1'024)},
           {"hung_after_s",
            "How long a loop may stand still, while nothing waits for a disk, until its process is told of in the\n"
            "log and replaced.",
            number<&Config::workers, &Workers::hung_after>("seconds", 1, 3'600)}}};
}

Section store() {
  return {"store",
          "The mailbox store.",
          {{"segment_octets", "The size at which a segment of the log is sealed and the next begins.",
            number<&Config::store, &Store::segment_octets>("octets", kMebi, 4 * kGibi)},
           {"map_octets", "Address space kept for the index; the file takes only what it holds.",
            number<&Config::store, &Store::map_octets>("octets", 16 * kMebi, 64 * kTebi)},
           {"disk_reserve_octets",
            "Free space below which no more mail is taken (452 4.3.1). 0: 64 MB, or an eighth of a smaller file "
            "system.",
            number<&Config::store, &Store::disk_reserve_octets>("octets", 0, kTebi)},
           {"mailboxes_per_user_max", "Mailboxes that one user may have, and names that one user may subscribe to.",
            number<&Config::store, &Store::mailboxes_per_user_max>("mailboxes", 10, 1'000'000)}}};
}

Section auth() {
  return {
      "auth",
      "Logins, the same for SMTP, IMAP and POP3.",
      {{"allow_plaintext", "Take logins over connections without TLS, passwords in the clear among them.",
        flag<&Config::auth, &Auth::allow_plaintext>()},
       {"mechanisms",
        "SASL mechanisms, in the order in which they are offered. SCRAM-SHA-256-PLUS and SCRAM-SHA-1-PLUS, under "
        "TLS\n"
        "alone, bind a login to its connection; Debian's mutt chooses them and fails. Without PLAIN and LOGIN\n"
        "the server reads no passwords: IMAP's LOGIN and POP3's USER go too. Users whose passwords were imported\n"
        "as hashes can't use SCRAM: while there are such, and clients that prefer it, take SCRAM out.",
        List{[](Config& config) -> std::vector<std::string>& { return config.auth.mechanisms; }, is_mechanism,
             "a SASL mechanism such as \"SCRAM-SHA-256\" or \"PLAIN\""}},
       {"hashing_threads", "Threads of each daemon that check passwords.",
        number<&Config::auth, &Auth::hashing_threads>("threads", 1, 256)},
       {"hashing_queue_max",
        "Checks that may wait for these threads, half of them from where the user has not logged in lately; "
        "further\n"
        "logins are told to try again.",
        number<&Config::auth, &Auth::hashing_queue_max>("checks", 1, 100'000)},
       {"remember_s", "How long a password that was right is known without hashing it again. 0: never.",
        number<&Config::auth, &Auth::remember>("seconds", 0, 3'600)},
       {"failure_delay_ms", "How long the login after a wrong one waits; doubled with each further wrong one.",
        number<&Config::auth, &Auth::failure_delay>("milliseconds", 0, 60'000)},
       {"failure_delay_max_ms", "The longest such wait. Accounts and addresses are slowed, never locked.",
        number<&Config::auth, &Auth::failure_delay_max>("milliseconds", 0, 60'000)}}};
}

Section log() {
  return {"log",
          "One event a line.",
          {{"format", "For eyes or for machines.", log_choice<&Log::format>(kFormats)},
           {"level", "The least event that is written.", log_choice<&Log::level>(kLevels)},
           {"destination",
            "\"stderr\", or a folder, relative to `data`, where each daemon has its file: log/smtpd.log.",
            Text{[](Config& config) -> std::string& { return config.log.destination; }, is_destination,
                 "\"stderr\" or a folder"}}}};
}

}  // namespace

const std::vector<Section>& sections() {
  static const std::vector<Section> kSections{general(),  paths(), listen(), clients(), smtp(), submission(),
                                              delivery(), queue(), relay(),  dns(),     imap(), pop3(),
                                              workers(),  store(), auth(),   log()};
  return kSections;
}

}  // namespace posthaste::config
