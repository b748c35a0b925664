#include "admin/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <iostream>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "admin/accounts.h"
#include "admin/app_passwords.h"
#include "admin/config_check.h"
#include "admin/daemons.h"
#include "admin/directory.h"
#include "admin/in_child.h"
#include "admin/init.h"
#include "admin/manual.h"
#include "admin/names.h"
#include "admin/queue.h"
#include "admin/routes.h"
#include "admin/store.h"
#include "admin/trace.h"
#include "common/config/layout.h"
#include "common/config/lenient.h"

namespace posthaste::admin {
namespace {

using Action = std::function<Outcome<Report>()>;

/// What all commands share, and what the chosen one does.
struct CommandLine {
  CLI::App app{"Posthaste, a mail system: the operator's command."};
  std::filesystem::path folder = ".";
  bool json = false;
  Action action;

  /// Below `parent`, a command that runs `step` when it is chosen.
  CLI::App* add(CLI::App& parent, const char* name, const char* about, Action step) {
    CLI::App* command = parent.add_subcommand(name, about);
    command->callback([this, step = std::move(step)] { action = step; });
    return command;
  }

  CLI::App* add_group(const char* name, const char* about) {
    CLI::App* group = app.add_subcommand(name, about);
    group->require_subcommand(1);
    return group;
  }

  /// A step that needs the configuration, and to be who the caller is: it starts, asks or ends daemons.
  template <typename Step>
  Action with_config_as_caller(Step step) {
    return [this, step]() -> Outcome<Report> {
      const auto config = load_config(folder);
      if (!config) return Failure(config.error());
      return step(*config);
    };
  }

  /// A step that goes by the pid files, and so by what can be read of a configuration that is wrong. What is wrong
  /// is told all the same.
  template <typename Step>
  Action with_any_config(Step step) {
    return [this, step]() -> Outcome<Report> {
      const auto config = load_config(folder);
      if (config) return step(*config, Configuration::right);
      std::error_code ignored;
      const auto file = folder / config::kFileName;
      const bool is_installation =
          std::filesystem::exists(file, ignored) || std::filesystem::exists(folder / "run/deliveryd.pid", ignored);
      if (!is_installation) return Failure(config.error());
      auto report = step(config::load_leniently(file), Configuration::wrong);
      if (!report) return Failure(config.error() + "\n" + report.error());
      report->text += config.error() + "\n";
      report->json["errors"] = config.error();
      return report;
    };
  }

  /// A step that gives a new user a number.
  template <typename Step>
  Action with_new_users(Step step) {
    return with_config([step](const config::Config& config) -> Outcome<Report> {
      const auto numbers = numbers_in_store(config);
      if (!numbers) return Failure(numbers.error());
      return change_directory(config, [&](auth::Directory& directory) -> Outcome<Report> {
        const auto kept = keep_numbers(directory, *numbers);
        if (!kept) return Failure(kept.error());
        auto report = step(directory);
        if (report) report->text += *kept;
        return report;
      });
    });
  }

  /// A step that needs the configuration; root takes it as the daemons' user.
  template <typename Step>
  Action with_config(Step step) {
    return with_config_as_caller([step](const config::Config& config) -> Outcome<Report> {
      if (const auto become = become_the_daemons_user(config); !become) return Failure(become.error());
      return step(config);
    });
  }

  /// A step that needs the directory.
  template <typename Step>
  Action with_directory(Step step) {
    return with_config(
        [step](const config::Config& config) -> Outcome<Report> { return change_directory(config, step); });
  }

 private:
  template <typename Step>
  static Outcome<Report> change_directory(const config::Config& config, Step step) {
    return in_child(config, directory_read(config), [&]() -> Outcome<Report> {
      auto directory = open_directory(config);
      if (!directory) return Failure(directory.error());
      return step(*directory);
    });
  }
};

/// What the options leave for the actions to read. Lives as long as the command line.
struct Arguments {
  InitOptions init;
  std::string address;
  std::string display_name;
  std::vector<std::string> targets;
  std::string url;
  std::string name;
  std::vector<std::string> scope{"imap", "pop3", "smtp"};
  std::string trace_id;
  bool password_from_stdin = false;
  bool bodies = false;
  bool accept_loss = false;
  bool replace = false;
  std::vector<std::string> words;
};

/// What is wrong with how a port base is written; empty when nothing is.
std::string is_port_base(const std::string& text) {
  constexpr std::size_t kDigitsMax = 5;
  const bool is_number = !text.empty() && text.size() <= kDigitsMax &&
                         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; }) &&
                         std::stoul(text) <= UINT16_MAX;
  return is_number ? "" : "must be a whole number from 0 to 64540";
}

void add_daemon_commands(CommandLine& line, Arguments& arguments) {
  CLI::App* init_command = line.add(line.app, "init", "Make a working installation in a new folder",
                                    [&arguments] { return init(arguments.init); });
  init_command->add_option("DIR", arguments.init.folder, "The folder to make")->required();
  init_command->add_option("--domain", arguments.init.domain, "The domain whose mail comes here")->required();
  init_command->add_option("--hostname", arguments.init.hostname, "This host's name (mail.DOMAIN)");
  init_command->add_option("--listen", arguments.init.addresses, "An address to listen on (all); may be repeated");
  init_command->add_option("--port-base", arguments.init.port_base, "Every port is this plus the standard one (0)")
      ->check(is_port_base, "");
  init_command->add_option("--user", arguments.init.user, "The system user of the daemons, for root (posthaste)");

  line.add(
      line.app, "start", "Start the four daemons; returns when all ports answer",
      line.with_config_as_caller([&line](const config::Config& config) { return start(line.folder, config); }));
  line.add(line.app, "stop", "Stop the four daemons",
           line.with_any_config([](const config::Config& config, Configuration) { return stop(config); }));
  line.add(line.app, "status", "Which daemons run, which ports answer, and what is wrong",
           line.with_any_config(
               [](const config::Config& config, Configuration is_right) { return status(config, is_right); }));

  CLI::App* config_group = line.add_group("config", "The configuration file");
  line.add(*config_group, "check", "Tell what is wrong in posthaste.toml, and with the files it names",
           line.with_config_as_caller([&line](const config::Config& config) {
             return check_config(line.folder / config::kFileName, config);
           }));
}

void add_app_password_commands(CommandLine& line, CLI::App& users, Arguments& arguments) {
  CLI::App* group = users.add_subcommand("app-password", "Further passwords of a user, each for one client");
  group->require_subcommand(1);
  CLI::App* add = line.add(*group, "add", "Make an app password and print it, once",
                           line.with_directory([&arguments](auth::Directory& directory) {
                             return add_app_password(directory, arguments.address, arguments.name, arguments.scope);
                           }));
  add->add_option("ADDR", arguments.address)->required();
  add->add_option("--name", arguments.name, "What it is for, such as \"phone\"")->required();
  add->add_option("--scope", arguments.scope, "The services that take it (imap,pop3,smtp)")->delimiter(',');
  line.add(*group, "list", "A user's app passwords, without the passwords",
           line.with_directory([&arguments](auth::Directory& directory) {
             return list_app_passwords(directory, arguments.address);
           }))
      ->add_option("ADDR", arguments.address)
      ->required();
  CLI::App* remove = line.add(*group, "delete", "Revoke an app password",
                              line.with_directory([&arguments](auth::Directory& directory) {
                                return delete_app_password(directory, arguments.address, arguments.name);
                              }));
  remove->add_option("ADDR", arguments.address)->required();
  remove->add_option("NAME", arguments.name)->required();
}

void add_user_commands(CommandLine& line, Arguments& arguments) {
  CLI::App* group = line.add_group("user", "Who has a mailbox here");
  CLI::App* add = line.add(*group, "add", "Add a user", line.with_new_users([&](auth::Directory& directory) {
    if (const auto free = expect_free(directory, arguments.address); !free) {
      return Outcome<Report>{Failure(free.error())};
    }
    const auto password = read_password(arguments.password_from_stdin);
    if (!password) return Outcome<Report>{Failure(password.error())};
    return add_user(directory, arguments.address, arguments.display_name, *password);
  }));
  add->add_option("ADDR", arguments.address, "name@domain")->required();
  add->add_option("--name", arguments.display_name, "The person's name");
  add->add_flag("--password-stdin", arguments.password_from_stdin, "Read the password from standard input");

  line.add(*group, "import", "Add users from lines \"addr:password\" or \"addr:{SCHEME}hash\" on standard input",
           line.with_new_users([](auth::Directory& directory) { return import_users(directory, std::cin); }));
  line.add(*group, "list", "All users",
           line.with_directory([](auth::Directory& directory) { return list_users(directory); }));
  CLI::App* remove = line.add(
      *group, "delete", "Delete a user",
      line.with_directory([&](auth::Directory& directory) { return delete_user(directory, arguments.address); }));
  remove->add_option("ADDR", arguments.address)->required();
  CLI::App* password =
      line.add(*group, "password", "Change a password", line.with_directory([&](auth::Directory& directory) {
        if (const auto user = expect_user(directory, arguments.address); !user) {
          return Outcome<Report>{Failure(user.error())};
        }
        const auto fresh = read_password(arguments.password_from_stdin);
        if (!fresh) return Outcome<Report>{Failure(fresh.error())};
        return set_password(directory, arguments.address, *fresh);
      }));
  password->add_option("ADDR", arguments.address)->required();
  password->add_flag("--password-stdin", arguments.password_from_stdin, "Read the password from standard input");
  add_app_password_commands(line, *group, arguments);
}

void add_name_commands(CommandLine& line, Arguments& arguments) {
  CLI::App* domains = line.add_group("domain", "The domains whose mail comes here");
  line.add(*domains, "add", "Add a domain", line.with_directory([&](auth::Directory& directory) {
        return add_domain(directory, arguments.address);
      }))
      ->add_option("DOMAIN", arguments.address)
      ->required();
  line.add(*domains, "list", "All domains",
           line.with_directory([](auth::Directory& directory) { return list_domains(directory); }));
  line.add(*domains, "delete", "Delete a domain without users",
           line.with_directory(
               [&](auth::Directory& directory) { return delete_domain(directory, arguments.address); }))
      ->add_option("DOMAIN", arguments.address)
      ->required();

  CLI::App* aliases = line.add_group("alias", "Addresses that lead to others");
  CLI::App* add = line.add(*aliases, "add", "Add an alias", line.with_directory([&](auth::Directory& directory) {
    return add_alias(directory, arguments.address, arguments.targets,
                     arguments.replace ? Present::replaced : Present::refused);
  }));
  add->add_flag("--replace", arguments.replace, "Give an alias that is there these targets in place of its own");
  add->add_option("ADDR", arguments.address, "name@domain, or @domain for all that nothing else takes")->required();
  add->add_option("TARGET", arguments.targets, "Where its mail goes")->required();
  line.add(*aliases, "list", "All aliases",
           line.with_directory([](auth::Directory& directory) { return list_aliases(directory); }));
  line.add(*aliases, "delete", "Delete an alias", line.with_directory([&](auth::Directory& directory) {
        return delete_alias(directory, arguments.address);
      }))
      ->add_option("ADDR", arguments.address)
      ->required();
}

/// Adds a route, with the password that its user needs.
Outcome<Report> add_route_with_password(auth::Directory& directory, const Arguments& arguments) {
  auto route = read_route(arguments.address, arguments.url);
  if (!route) return Failure(route.error());
  if (route->user.empty() && arguments.password_from_stdin) {
    return Failure("a password needs a user: smtp://user@host");
  }
  if (!route->user.empty()) {
    auto password = read_password(arguments.password_from_stdin);
    if (!password) return Failure(password.error());
    route->password = std::move(*password);
  }
  return add_route(directory, *route);
}

void add_route_commands(CommandLine& line, Arguments& arguments) {
  CLI::App* group = line.add_group("route", "Next hops for mail that does not follow MX records");
  CLI::App* add = line.add(*group, "add", "Add a route, or give it another next hop",
                           line.with_directory([&arguments](auth::Directory& directory) {
                             return add_route_with_password(directory, arguments);
                           }));
  add->add_option("TARGET", arguments.address,
                  "user@domain, a domain, or \"*\" for all that is not ours and has no other route")
      ->required();
  add->add_option("URL", arguments.url,
                  "smtp://[user@]host[:port][?tls=required|opportunistic|none], smtps://[user@]host[:port], "
                  "lmtp://host:port or lmtp:///path/to/socket")
      ->required();
  add->add_flag("--password-stdin", arguments.password_from_stdin, "Read the user's password from standard input");
  line.add(*group, "list", "All routes, without passwords",
           line.with_directory([](auth::Directory& directory) { return list_routes(directory); }));
  line.add(*group, "delete", "Delete a route", line.with_directory([&arguments](auth::Directory& directory) {
        return delete_route(directory, arguments.address);
      }))
      ->add_option("TARGET", arguments.address)
      ->required();
}

constexpr const char* kAcceptLoss = "Also when the old index has more than the log; what is missing is lost";

void add_queue_commands(CommandLine& line, Arguments& arguments) {
  CLI::App* group = line.add_group("queue", "Mail on its way to other hosts, or waiting for its next attempt");
  line.add(*group, "list", "All entries, the oldest first",
           line.with_config([](const config::Config& config) { return list_queue(config); }));
  line.add(*group, "show", "An entry with its recipients and what was said of them",
           line.with_config(
               [&arguments](const config::Config& config) { return show_entry(config, arguments.address); }))
      ->add_option("ENTRY", arguments.address, "Its number, or the message's trace id")
      ->required();
  const auto add_change = [&](const char* name, const char* description, queue::ControlAction action,
                              const char* which) {
    line.add(*group, name, description, line.with_config([&arguments, action](const config::Config& config) {
          return change_queue(config, action, arguments.address);
        }))
        ->add_option("ENTRY", arguments.address, which)
        ->required();
  };
  line.add(*group, "check", "Whether it is sound, every message read; exit status 0 only if so",
           line.with_config([](const config::Config& config) { return check_queue(config); }));
  line.add(*group, "rebuild", "Make the index again from the log; smtpd must be stopped",
           line.with_config([&arguments](const config::Config& config) {
             return rebuild_queue(config, arguments.accept_loss ? Loss::accepted : Loss::refused);
           }))
      ->add_flag("--accept-loss", arguments.accept_loss, kAcceptLoss);
  line.add(*group, "begin-empty", "Give up a queue that is lost, so that the next start makes an empty one",
           line.with_config([](const config::Config& config) { return begin_empty_queue(config); }));
  add_change("retry", "Try now, whenever it would be due", queue::ControlAction::retry,
             "Its number, the message's trace id, or \"all\"");
  add_change("hold", "Try no more until it is released", queue::ControlAction::hold, "Its number or trace id");
  add_change("release", "Go on with what was held", queue::ControlAction::release, "Its number or trace id");
  add_change("drop", "Take it out of the queue; nobody is told", queue::ControlAction::drop,
             "Its number or trace id");
}

void add_store_commands(CommandLine& line, Arguments& arguments) {
  CLI::App* group = line.add_group("store", "The stored mail");
  line.add(*group, "check", "Whether it is sound; exit status 0 only if so",
           line.with_config([&arguments](const config::Config& config) {
             return check_store(config, arguments.bodies ? store::CheckDepth::bodies : store::CheckDepth::index);
           }))
      ->add_flag("--bodies", arguments.bodies, "Read every message, too, and compare its checksum");
  line.add(*group, "rebuild", "Make the index again from the log; the daemons must be stopped",
           line.with_config([&arguments](const config::Config& config) {
             return rebuild_store(config, arguments.accept_loss ? Loss::accepted : Loss::refused);
           }))
      ->add_flag("--accept-loss", arguments.accept_loss, kAcceptLoss);
  line.add(*group, "begin-empty", "Give up a store that is lost, so that the next start makes an empty one",
           line.with_config([](const config::Config& config) { return begin_empty_store(config); }));
}

void add_directory_commands(CommandLine& line) {
  CLI::App* group = line.add_group("directory", "Who has mail here: domains, users, aliases, routes");
  line.add(*group, "check", "Whether it is sound; exit status 0 only if so",
           line.with_config([](const config::Config& config) { return check_directory(config); }));
}

void add_trace_command(CommandLine& line, Arguments& arguments) {
  line.add(line.app, "trace", "Tell what became of one message, from the logs of all daemons",
           line.with_config(
               [&arguments](const config::Config& config) { return trace(config, arguments.trace_id); }))
      ->add_option("ID", arguments.trace_id, "The \"id\" in the message's Received field, or \"trace\" in the log")
      ->required();
}

void add_man_command(CommandLine& line, Arguments& arguments) {
  std::string pages;
  for (const auto& page : manual_pages()) pages += (pages.empty() ? "" : ", ") + page;
  line.add(line.app, "man", "Print a man page: posthaste man posthaste | man -l -",
           [&line, &arguments, pages]() -> Outcome<Report> {
             if (arguments.name.empty())
               return Report{"The pages are: " + pages + ".\n", {{"pages", manual_pages()}}};
             auto text = manual(arguments.name, line.app);
             if (!text) return Failure("there is no page " + arguments.name + "; the pages are: " + pages);
             return Report{std::move(*text), {{"page", arguments.name}}};
           })
      ->add_option("PAGE", arguments.name, pages);
}

/// How many letters must be changed, added, left out, or swapped with the next.
std::size_t distance(std::string_view one, std::string_view other) {
  std::vector<std::vector<std::size_t>> rows(one.size() + 1, std::vector<std::size_t>(other.size() + 1));
  for (std::size_t i = 0; i <= one.size(); ++i) {
    for (std::size_t j = 0; j <= other.size(); ++j) {
      if (i == 0 || j == 0) {
        rows[i][j] = i + j;
        continue;
      }
      const std::size_t replaced = rows[i - 1][j - 1] + (one[i - 1] == other[j - 1] ? 0 : 1);
      rows[i][j] = std::min({replaced, rows[i - 1][j] + 1, rows[i][j - 1] + 1});
      const bool swapped = i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1];
      if (swapped) rows[i][j] = std::min(rows[i][j], rows[i - 2][j - 2] + 1);
    }
  }
  return rows.back().back();
}

std::string names_of(const std::vector<const CLI::App*>& commands) {
  std::string names;
  for (const auto* command : commands) names += (names.empty() ? "" : ", ") + command->get_name();
  return names;
}

/// What stands where a command should, and which was meant. Nothing when that is not what is wrong.
std::optional<std::string> unknown_command(const CLI::App& app) {
  const CLI::App* group = &app;
  std::string path = "posthaste";
  for (auto chosen = group->get_subcommands(); !chosen.empty(); chosen = group->get_subcommands()) {
    group = chosen.front();
    path += " " + group->get_name();
  }
  const auto known = group->get_subcommands([](const CLI::App*) { return true; });
  const auto rest = app.remaining(true);
  if (!known.empty() && rest.empty() && group != &app)
    return "\"" + path + "\" needs a command: " + names_of(known);
  if (known.empty() || rest.empty() || rest.front().starts_with('-')) return std::nullopt;
  const auto nearest = std::ranges::min_element(
      known, {}, [&](const CLI::App* command) { return distance(rest.front(), command->get_name()); });
  std::string words = "there is no command \"" + path + " " + rest.front() + "\"";
  constexpr std::size_t kTypingErrorsMax = 2;
  const auto begins_so = std::ranges::find_if(
      known, [&](const CLI::App* command) { return command->get_name().starts_with(rest.front()); });
  const bool is_near = distance(rest.front(), (*nearest)->get_name()) <= kTypingErrorsMax;
  if (is_near || begins_so != known.end()) {
    words += "; did you mean \"" + path + " " + (is_near ? *nearest : *begins_so)->get_name() + "\"?";
    return words;
  }
  return words + "; \"" + path + " --help\" lists all";
}

constexpr int kIndent = 2;

void tell_error(std::string_view text, bool json) {
  if (json) {
    std::cout << to_text({{"error", text}}, kIndent) << "\n";
    return;
  }
  while (!text.empty()) {
    const auto one = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), one.size() + 1));
    std::cerr << "posthaste: " << one << "\n";
  }
}

/// How a command is used, or all of them.
Outcome<Report> help_on(const CLI::App& app, const std::vector<std::string>& words) {
  const CLI::App* command = &app;
  std::string path = app.get_name();
  for (const auto& word : words) {
    path += " " + word;
    const auto found = command->get_subcommands([&word](const CLI::App* each) { return each->get_name() == word; });
    if (found.empty()) return Failure("there is no command \"" + path + "\"");
    command = found.front();
  }
  const std::string text = app.get_formatter()->make_help(command, path, CLI::AppFormatMode::Normal);
  return Report{text, {{"help", text}}};
}

int tell(const Outcome<Report>& outcome, bool json) {
  if (!outcome) {
    tell_error(outcome.error(), json);
    return 1;
  }
  if (json) {
    std::cout << to_text(outcome->json, kIndent) << "\n";
  } else {
    std::cout << outcome->text;
  }
  return outcome->success ? 0 : 1;
}

}  // namespace

int run(int argc, char** argv) {
  CommandLine line;
  Arguments arguments;
  line.app.require_subcommand(1);
  line.app.fallthrough();
  line.app.add_option("-C", line.folder, "The installation's folder, with posthaste.toml (.)");
  line.app.add_flag("--json", line.json, "Answer in JSON");
  line.app.name("posthaste");
  line.app.set_version_flag("--version", "posthaste " POSTHASTE_VERSION);
  line.add(line.app, "help", "Tell how a command is used",
           [&line, &arguments] { return help_on(line.app, arguments.words); })
      ->add_option("COMMAND", arguments.words, "The command, in one or more words");
  add_daemon_commands(line, arguments);
  add_user_commands(line, arguments);
  add_name_commands(line, arguments);
  add_route_commands(line, arguments);
  add_queue_commands(line, arguments);
  add_store_commands(line, arguments);
  add_directory_commands(line);
  add_trace_command(line, arguments);
  add_man_command(line, arguments);
  try {
    line.app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const std::span arguments_given(argv, static_cast<std::size_t>(argc));
    const bool json = std::ranges::any_of(arguments_given, [](std::string_view word) { return word == "--json"; });
    const bool is_answer = error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success);  // --help, --version
    const auto words = is_answer ? std::nullopt : unknown_command(line.app);
    if (words || (json && !is_answer)) {
      tell_error(words.value_or(error.what()), json);
      return 2;
    }
    return line.app.exit(error) == 0 ? 0 : 2;
  }
  return tell(line.action(), line.json);
}

}  // namespace posthaste::admin
