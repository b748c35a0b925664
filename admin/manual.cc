#include "admin/manual.h"

#include <array>

#include "admin/roff.h"
#include "common/config/table.h"

namespace posthaste::admin {
namespace {

struct DaemonPage {
  std::string_view name;
  std::string_view about;
  std::string_view does;
  std::string_view listens;
  std::string_view opens;
  std::string_view keys;  // sections of posthaste.toml
};

constexpr std::array<DaemonPage, 4> kDaemonPages{{
    {"smtpd", "receives mail, queues it, and sends it to other hosts",
     "smtpd takes mail for our domains from anybody on port 25, and mail from our users after a login on the\n"
     "submission ports. It hands mail for our users to deliveryd. Mail for other hosts goes into the queue and\n"
     "leaves from there. A client reads 250 when every copy is on the disk.",
     "Ports 25 (STARTTLS), 587 (STARTTLS) and 465 (TLS), each plus port_base; the control socket run/smtpd.sock,\n"
     "which serves root and the daemons' user.",
     "The directory (reading), the queue, the spool, the certificates. It connects to deliveryd, to DNS servers "
     "and\n"
     "to other hosts.",
     "listen, clients, smtp, submission, delivery, queue, relay, dns, auth, store.disk_reserve_octets"},
    {"deliveryd", "puts mail into mailboxes",
     "deliveryd takes mail by LMTP and stores it. It is the only daemon that writes the mailbox store: imapd, "
     "pop3d\n"
     "and posthaste(8) send it their changes. It removes the mail of deleted users.",
     "The sockets run/lmtp.sock and run/store.sock; with listen.lmtp_port, port 24 plus port_base on 127.0.0.1 "
     "and\n"
     "::1. The store socket serves root and the daemons' user.",
     "The directory (reading) and the store.", "listen.lmtp_port, delivery, smtp.message_max_octets, store"},
    {"imapd", "serves mailboxes by IMAP",
     "imapd serves IMAP4rev1 and IMAP4rev2. It reads the store itself, and asks deliveryd for every change. "
     "Without\n"
     "deliveryd, users can read and cannot change anything.",
     "Ports 143 (STARTTLS) and 993 (TLS), each plus port_base.",
     "The directory and the store (both reading), the certificates, deliveryd's store socket.",
     "listen, clients, imap, auth, smtp.message_max_octets, store.mailboxes_per_user_max"},
    {"pop3d", "serves each user's INBOX by POP3",
     "pop3d serves POP3. It reads the store itself; at QUIT it asks deliveryd to remove the marked messages.",
     "Ports 110 (STLS) and 995 (TLS), each plus port_base.",
     "The directory and the store (both reading), the certificates, deliveryd's store socket.",
     "listen, clients, pop3, auth"},
}};

constexpr std::string_view kSeeAlso =
    "posthaste(8), smtpd(8), deliveryd(8), imapd(8), pop3d(8), posthaste.toml(5).\n"
    "The documents of the source tell more: docs/operating.md, docs/troubleshooting.md, docs/events.md.";

bool is_flag(const CLI::Option& option) { return option.get_items_expected_max() == 0; }

/// "ADDR", "TARGET...", "--name NAME", "--password-stdin".
std::string form_of(const CLI::Option& option) {
  std::string form = option.get_single_name();
  if (option.get_positional()) return option.get_items_expected_max() > 1 ? form + "..." : form;
  form.insert(0, option.get_lnames().empty() ? "-" : "--");
  if (!is_flag(option)) form += form == "-C" ? " DIR" : " VALUE";
  return form;
}

std::vector<const CLI::Option*> options_of(const CLI::App& command) {
  return command.get_options([](const CLI::Option* option) { return option->get_single_name() != "help"; });
}

/// `path` with all that follows it, what may be left out in brackets.
std::string usage_of(const CLI::App& command) {
  std::string usage;
  for (const auto* option : options_of(command)) {
    const std::string form = form_of(*option);
    usage += option->get_required() ? " " + form : " [" + form + "]";
  }
  return usage;
}

/// A command with its options; a group, by its commands.
void add_command(Roff& page, const CLI::App& command, const std::string& path) {
  const auto below = command.get_subcommands([](const CLI::App*) { return true; });
  for (const auto* sub : below) add_command(page, *sub, path + (path.empty() ? "" : " ") + sub->get_name());
  if (!below.empty() || path.empty()) return;
  std::string text = command.get_description() + ".\n";
  for (const auto* option : options_of(command)) {
    if (option->get_description().empty()) continue;
    text += "\n" + form_of(*option) + ": " + option->get_description() + ".\n";
  }
  page.item(path, usage_of(command), text);
}

std::string page_of_the_command(const CLI::App& app) {
  Roff page{"posthaste", "8", "sets up, runs and looks after a Posthaste mail system"};
  page.heading("SYNOPSIS");
  page.paragraph("posthaste [-C DIR] [--json] COMMAND [ARGUMENT]...");
  page.heading("DESCRIPTION");
  page.paragraph(
      "posthaste makes an installation, starts and stops its daemons, and changes its users, aliases, domains, "
      "routes\n"
      "and queue. It tells what became of a message, and finds and mends damage. Changes hold at once; no daemon "
      "needs\n"
      "to be started again.\n"
      "Started by root, it becomes the daemons' user before it opens what that user can write.");
  page.heading("OPTIONS");
  for (const auto* option : options_of(app)) {
    page.item(form_of(*option), "", option->get_description() + ".");
  }
  page.item("--help", "", "What a command takes; also behind each command.");
  page.heading("COMMANDS");
  add_command(page, app, "");
  page.heading("EXIT STATUS");
  page.item("0", "", "The command did what it should.");
  page.item("1", "", "It did not, and says why on standard error; or what it looked at is not as it should be.");
  page.item("2", "", "The arguments are wrong.");
  page.heading("FILES");
  page.item("DIR/posthaste.toml", "", "The configuration, posthaste.toml(5).");
  page.item("DIR/directory", "", "Domains, users, aliases, credentials, routes.");
  page.item("DIR/store, DIR/queue", "", "All mail, and mail on its way to other hosts.");
  page.item("DIR/tls", "", "Certificates and their keys.");
  page.item("DIR/log, DIR/run", "", "A log for each daemon; sockets and pid files.");
  page.heading("EXAMPLES");
  page.example(
      "posthaste init /srv/mail --domain example.org\n"
      "posthaste -C /srv/mail user add alice@example.org\n"
      "posthaste -C /srv/mail start\n"
      "posthaste -C /srv/mail queue list");
  page.heading("SEE ALSO");
  page.paragraph(kSeeAlso);
  return page.text();
}

std::string page_of_the_configuration() {
  Roff page{"posthaste.toml", "5", "the configuration of a Posthaste mail system"};
  page.heading("DESCRIPTION");
  page.paragraph(
      "posthaste.toml lies in the folder of an installation. It is TOML: tables in brackets, and keys with "
      "values.\n"
      "\"posthaste init\" writes it with every key and its default. A key that is left out has its default.\n"
      "\"posthaste config check\" says what is wrong, with the line. Daemons read the file when they start.");
  page.heading("KEYS");
  config::Config defaults;
  for (const auto& section : config::sections()) {
    if (!section.name.empty()) page.subheading("[" + std::string{section.name} + "]");
    if (!section.comment.empty()) page.paragraph(section.comment);
    for (const auto& key : section.keys) {
      const auto shown = config::show(key, defaults);
      std::string text{key.comment};
      if (!shown.takes.empty()) text += "\n(" + shown.takes + ")";
      page.item(key.name, " = " + shown.value, text);
    }
  }
  page.heading("SEE ALSO");
  page.paragraph(kSeeAlso);
  return page.text();
}

std::string page_of(const DaemonPage& daemon) {
  const std::string name{daemon.name};
  Roff page{name, "8", daemon.about};
  page.heading("SYNOPSIS");
  page.paragraph(name + " -C DIR");
  page.heading("DESCRIPTION");
  page.paragraph(daemon.does);
  page.paragraph(
      "\"posthaste start\" starts it with the other daemons. Started by itself, " + name +
      " stays in the foreground.\n"
      "Its parent binds the ports; its child serves them, as the user that posthaste.toml names. A child\n"
      "that dies is started again.");
  page.heading("OPTIONS");
  page.item("-C DIR", "", "The folder of the installation, with posthaste.toml.");
  page.heading("WHAT IT LISTENS ON");
  page.paragraph(daemon.listens);
  page.heading("WHAT IT OPENS");
  page.paragraph(daemon.opens);
  page.heading("CONFIGURATION");
  page.paragraph("Of posthaste.toml(5), besides paths, workers and log: " + std::string{daemon.keys} + ".");
  page.heading("SIGNALS");
  page.item("SIGTERM, SIGINT", "", "End. Sessions finish their command, for up to 20 seconds.");
  page.item("SIGHUP", "", "Open the log file anew, and read the certificates again.");
  page.heading("EXIT STATUS");
  page.item("0", "", "It ended because it was asked to.");
  page.item("1", "", "It could not start. Standard error or the log says why.");
  page.item("2", "", "The arguments are wrong.");
  page.heading("FILES");
  page.item("DIR/log/" + name + ".log", "", "Its log. docs/events.md lists what may be in it.");
  page.item("DIR/run/" + name + ".pid", "", "The number of its parent process.");
  page.heading("SEE ALSO");
  page.paragraph(kSeeAlso);
  return page.text();
}

}  // namespace

std::vector<std::string> manual_pages() {
  std::vector<std::string> pages{"posthaste", "posthaste.toml"};
  for (const auto& daemon : kDaemonPages) pages.emplace_back(daemon.name);
  return pages;
}

std::optional<std::string> manual(std::string_view page, const CLI::App& app) {
  if (page == "posthaste") return page_of_the_command(app);
  if (page == "posthaste.toml") return page_of_the_configuration();
  for (const auto& daemon : kDaemonPages) {
    if (page == daemon.name) return page_of(daemon);
  }
  return std::nullopt;
}

}  // namespace posthaste::admin
