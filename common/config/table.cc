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
  return {"",
          "",
          {{"hostname",
            "The name of this host: in greetings, in Received fields and in reports. It should be the name that\n"
            "the MX record has. Empty: the machine's own name.",
            Text{[](Config& config) -> std::string& { return config.hostname; }, is_hostname, "a host name"}},
           {"user",
            "The system user that the daemons run as, once root has bound their ports. Empty: the owner of the\n"
            "folder `store`. A user other than root who starts the daemons runs them as themselves.",
            Text{[](Config& config) -> std::string& { return config.user; }, is_account_name,
                 "the name of a system user"}}}};
}

Section paths() {
  return {
      "paths",
      "Relative paths begin at `data`. `data` itself begins at the folder of this file.",
      {{"data", "The folder that holds all of the following.", file<&Paths::data>()},
       {"directory", "Domains, users, aliases, credentials and routes.", file<&Paths::directory>()},
       {"store", "The mailboxes: the messages and their index, on one file system.", file<&Paths::store>()},
       {"queue", "Mail that is on its way to other hosts, or waits for its next attempt.", file<&Paths::queue>()},
       {"run", "Sockets and pid files.", file<&Paths::run>()},
       {"certificate",
        "The TLS certificate with its chain, as PEM. A changed file is used at once, for new connections.\n"
        "Further certificates lie beside it, as NAME/cert.pem and NAME/key.pem. Clients that ask for a name in\n"
        "one of them get it (SNI).",
        file<&Paths::certificate>()},
       {"private_key", "The certificate's key, as PEM. A changed file is used at once.",
        file<&Paths::private_key>()}}};
}

Section listen() {
  return {
      "listen",
      "Where clients and other hosts reach the daemons.",
      {{"addresses", "The addresses to listen on. \"0.0.0.0\" is every IPv4 address, \"::\" every IPv6 address.",
        List{[](Config& config) -> std::vector<std::string>& { return config.listen.addresses; }, is_ip_address,
             "an IP address"}},
       {"port_base",
        "Every port is this number plus the standard port: with 20000, SMTP is 20025 and IMAP under TLS 20993.",
        number<&Config::listen, &Listen::port_base>("a port number", 0, 64'540)},
       {"lmtp_port",
        "Also take LMTP on port 24 (plus port_base) of 127.0.0.1 and ::1. It asks nobody who they are: every\n"
        "program on this machine can deliver there, and no limit on senders holds. smtpd does not need it.",
        flag<&Config::listen, &Listen::lmtp_port>()}}};
}

Section clients() {
  return {
      "clients",
      "How much of a port one client may have, in smtpd, imapd and pop3d. A connection counts here until\n"
      "somebody has logged in on it. On port 25 it always counts.",
      {{"trusted_networks",
        "Addresses and networks that these limits do not hold for: a relay host, a webmail server, a proxy that\n"
        "hides its clients' addresses. \"192.0.2.7\", \"192.0.2.0/24\", \"2001:db8::/32\".",
        List{[](Config& config) -> std::vector<std::string>& { return config.clients.trusted_networks; },
             is_network, "an IP address, or one with the length of a prefix", true}},
       {"connections_per_address_max", "Connections at once from one IPv4 address, or from one IPv6 /64.",
        number<&Config::clients, &Clients::connections_per_address_max>("connections", 1, 1'000'000)},
       {"connections_per_network_max", "Connections at once from one IPv4 /24, or from one IPv6 /48.",
        number<&Config::clients, &Clients::connections_per_network_max>("connections", 1, 1'000'000)}}};
}

Section smtp() {
  return {
      "smtp",
      "Receiving mail, from other hosts and from our users.",
      {{"message_max_octets", "The largest message that is taken. EHLO announces it (SIZE, RFC 1870).",
        number<&Config::smtp, &Smtp::message_max_octets>("octets", 64 * kKibi, kGibi)},
       {"recipients_max", "The most recipients of one message. RFC 5321 §4.5.3.1.8 asks for at least 100.",
        number<&Config::smtp, &Smtp::recipients_max>("recipients", 100, 100'000)},
       {"session_timeout_s", "How long a session waits for the client. RFC 5321 §4.5.3.2.7 asks for at least 300.",
        number<&Config::smtp, &Smtp::session_timeout>("seconds", 1, 3'600)},
       {"connections_max", "Connections at once on each of the three ports. Further ones read 421.",
        number<&Config::smtp, &Smtp::connections_max>("connections", 1, 1'000'000)}}};
}

Section submission() {
  return {"submission",
          "Sending by our users (RFC 6409).",
          {{"require_tls",
            "Port 587 takes logins and MAIL only after STARTTLS. auth.allow_plaintext does not change that.",
            flag<&Config::submission, &Submission::require_tls>()},
           {"connections_per_user_max", "Connections at once of one user, over all their devices.",
            number<&Config::submission, &Submission::connections_per_user_max>("connections", 1, 100'000)}}};
}

Section delivery() {
  return {"delivery",
          "From an address to a mailbox.",
          {{"recipient_delimiter",
            "The mark between user and detail in user+detail@domain (RFC 5233). Empty: there are no details.",
            Text{[](Config& config) -> std::string& { return config.delivery.recipient_delimiter; }, is_delimiter,
                 "one mark such as \"+\", or nothing"}}}};
}

Section queue() {
  return {"queue",
          "Mail that could not be delivered at once.",
          {{"retry_delay_min_s", "How long the first retry waits. Each further one waits about twice as long.",
            number<&Config::queue, &Queue::retry_delay_min>("seconds", 1, kDay)},
           {"retry_delay_max_s", "The longest wait between two attempts.",
            number<&Config::queue, &Queue::retry_delay_max>("seconds", 1, 7 * kDay)},
           {"expire_s", "How long delivery is tried. RFC 5321 §4.5.4.1 asks for at least 4 to 5 days.",
            number<&Config::queue, &Queue::expire>("seconds", 1, 60 * kDay)},
           {"delay_warning_s", "When the sender is told that a message is late. 0: never.",
            number<&Config::queue, &Queue::delay_warning>("seconds", 0, 60 * kDay)}}};
}

Section relay() {
  return {"relay",
          "Sending to other hosts.",
          {{"smtp_port", "The port of other domains' hosts. Change it only for tests.",
            number<&Config::relay, &Relay::smtp_port>("a port number", 1, 65'535)},
           {"connections_per_host_max", "Connections at once to one destination, for each worker.",
            number<&Config::relay, &Relay::connections_per_host_max>("connections", 1, 10'000)},
           {"connections_max", "Connections at once to all other hosts, for each worker.",
            number<&Config::relay, &Relay::connections_max>("connections", 1, 100'000)}}};
}

Section dns() {
  return {"dns",
          "Where domains are looked up.",
          {{"servers",
            "Addresses of DNS resolvers: \"192.0.2.1\", or with a port \"192.0.2.1:5353\". Empty: those of\n"
            "/etc/resolv.conf.",
            List{[](Config& config) -> std::vector<std::string>& { return config.dns.servers; }, is_server,
                 "an IP address, or one with a port", true}}}};
}

Section imap() {
  return {
      "imap",
      "Reading mail by IMAP.",
      {{"login_timeout_s", "How long a client may take to log in, with its TLS handshake and all it says before.",
        number<&Config::imap, &Imap::login_timeout>("seconds", 1, 3'600)},
       {"idle_timeout_s",
        "How long a client that has logged in may be silent. RFC 9051 §5.4 asks for at least 1800.",
        number<&Config::imap, &Imap::idle_timeout>("seconds", 1, kDay)},
       {"connections_max", "Connections at once on each of the two ports.",
        number<&Config::imap, &Imap::connections_max>("connections", 1, 10'000'000)},
       {"connections_per_user_max", "Connections at once of one user, over all their devices.",
        number<&Config::imap, &Imap::connections_per_user_max>("connections", 1, 100'000)}}};
}

Section pop3() {
  return {"pop3",
          "Reading mail by POP3.",
          {{"idle_timeout_s", "How long a client may be silent. RFC 1939 §3 asks for at least 600.",
            number<&Config::pop3, &Pop3::idle_timeout>("seconds", 1, kDay)},
           {"connections_max", "Connections at once on each of the two ports.",
            number<&Config::pop3, &Pop3::connections_max>("connections", 1, 10'000'000)},
           {"login_delay_s",
            "How long a user must wait between two logins. Clients are told (LOGIN-DELAY, RFC 2449 §6.5). 0: not\n"
            "at all.",
            number<&Config::pop3, &Pop3::login_delay>("seconds", 0, kDay)}}};
}

Section workers() {
  return {
      "workers",
      "Threads of each daemon.",
      {{"count", "Threads that serve connections. 0: one for each core.",
        number<&Config::workers, &Workers::count>("threads", 0, 1'024)},
       {"io_threads", "Threads that read files and scan mailboxes.",
        number<&Config::workers, &Workers::io_threads>("threads", 1, 1'024)},
       {"hung_after_s",
        "After this time, a process is killed and started again if one of its threads stands still and no disk\n"
        "is to blame. The log tells of it.",
        number<&Config::workers, &Workers::hung_after>("seconds", 1, 3'600)}}};
}

Section store() {
  return {"store",
          "The mailbox store.",
          {{"segment_octets", "The size at which a file of the log is closed and the next begins.",
            number<&Config::store, &Store::segment_octets>("octets", kMebi, 4 * kGibi)},
           {"map_octets", "Address space kept for the index. The file itself takes only what it holds.",
            number<&Config::store, &Store::map_octets>("octets", 16 * kMebi, 64 * kTebi)},
           {"disk_reserve_octets",
            "New mail is refused with 452 4.3.1 while the file system has less free space than this. 0: 64 MB, or\n"
            "an eighth of a smaller file system.",
            number<&Config::store, &Store::disk_reserve_octets>("octets", 0, kTebi)},
           {"mailboxes_per_user_max", "Mailboxes that one user may have, and names that one user may subscribe to.",
            number<&Config::store, &Store::mailboxes_per_user_max>("mailboxes", 10, 1'000'000)}}};
}

Section auth() {
  return {
      "auth",
      "Logins, the same for SMTP, IMAP and POP3.",
      {{"allow_plaintext", "Take logins without TLS, also those that show the password to everybody on the way.",
        flag<&Config::auth, &Auth::allow_plaintext>()},
       {"mechanisms",
        "SASL mechanisms, in the order in which they are offered.\n"
        "SCRAM-SHA-256-PLUS and SCRAM-SHA-1-PLUS may be added: they bind a login to its TLS connection, and are\n"
        "offered only under TLS. Debian's mutt chooses them and fails.\n"
        "If both PLAIN and LOGIN are left out, IMAP's LOGIN and POP3's USER are refused too: the server then\n"
        "sees no passwords.\n"
        "Users whose passwords were imported as hashes can't use SCRAM. While you have such users, and clients\n"
        "that prefer SCRAM, take SCRAM out.",
        List{[](Config& config) -> std::vector<std::string>& { return config.auth.mechanisms; }, is_mechanism,
             "a SASL mechanism such as \"SCRAM-SHA-256\" or \"PLAIN\""}},
       {"hashing_threads", "Threads of each daemon that check passwords.",
        number<&Config::auth, &Auth::hashing_threads>("threads", 1, 256)},
       {"hashing_queue_max",
        "Checks that may wait for these threads. Half of the places are for users who logged in from their\n"
        "address lately. Further logins are told to try again.",
        number<&Config::auth, &Auth::hashing_queue_max>("checks", 1, 100'000)},
       {"remember_s", "How long a right password is remembered, so that it is not hashed again. 0: not at all.",
        number<&Config::auth, &Auth::remember>("seconds", 0, 3'600)},
       {"failure_delay_ms", "How long the login after a wrong one waits. Each further wrong one doubles it.",
        number<&Config::auth, &Auth::failure_delay>("milliseconds", 0, 60'000)},
       {"failure_delay_max_ms", "The longest such wait. Accounts and addresses are slowed down, never locked.",
        number<&Config::auth, &Auth::failure_delay_max>("milliseconds", 0, 60'000)}}};
}

Section log() {
  return {"log",
          "One line for each event.",
          {{"format", "\"text\" for people, \"json\" for programs.", log_choice<&Log::format>(kFormats)},
           {"level", "Events from this level on are written.", log_choice<&Log::level>(kLevels)},
           {"destination",
            "\"stderr\", or a folder, relative to `data`. There, each daemon has its file: log/smtpd.log.",
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
