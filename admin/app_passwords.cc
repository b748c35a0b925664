#include "admin/app_passwords.h"

#include <chrono>
#include <set>
#include <utility>

#include "admin/credentials.h"
#include "common/auth/app_password.h"
#include "common/base/clock.h"
#include "common/base/date.h"

namespace posthaste::admin {
namespace {

std::string said_of(auth::DirectoryError error, const std::string& address, const std::string& name) {
  using enum auth::DirectoryError;
  switch (error) {
    case not_found: return address + " has no app password \"" + name + "\"";
    case exists: return address + " has an app password \"" + name + "\" already";
    case bad_address: return "an app password's name has 1 to 64 octets and no control characters";
    case too_many:
      return address + " has " + std::to_string(auth::kAppPasswordsMax) + " app passwords, and no more may be";
    default: return sentence(error, address);
  }
}

Outcome<std::set<auth::Service>> read_scope(const std::vector<std::string>& names) {
  std::set<auth::Service> scope;
  for (const auto& name : names) {
    const auto service = auth::parse_service(name);
    if (!service) return Failure("\"" + name + "\" is no service: imap, pop3, smtp");
    scope.insert(*service);
  }
  return scope;
}

std::vector<std::string> names_of(const std::set<auth::Service>& scope) {
  std::vector<std::string> names;
  for (const auto service : scope) names.emplace_back(auth::name_of(service));
  return names;
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ",") + name;
  return text;
}

}  // namespace

Outcome<Report> add_app_password(auth::Directory& directory, const std::string& address, const std::string& name,
                                 const std::vector<std::string>& scope) {
  auto services = read_scope(scope);
  if (!services) return Failure(services.error());
  auto change = directory.change();  // from here on nobody else gives the user a salt
  if (!change) return Failure(sentence(change.error(), "the directory"));
  const auto user = directory.find_user(address);
  if (!user) return Failure(sentence_for_address(directory, user.error(), address));
  const auto account = directory.find_account(user->address);
  if (!account) return Failure(address + " has no password yet");

  const auto text = auth::app_password_of(random_octets(auth::kAppPasswordOctets));
  const auto salts = salts_of(account->credential, account->app_passwords);
  auth::AppPassword made;
  made.name = name;
  made.scope = std::move(*services);
  made.created = wall_clock();
  made.digest = auth::app_password_digest(text).value();
  made.scram_sha1 = auth::scram_keys(auth::ScramHash::sha1, text, salts.sha1.salt, salts.sha1.iterations);
  made.scram_sha256 = auth::scram_keys(auth::ScramHash::sha256, text, salts.sha256.salt, salts.sha256.iterations);
  if (auto added = change->add_app_password(user->id, made); !added) {
    return Failure(said_of(added.error(), address, name));
  }
  if (auto committed = change->commit(); !committed) return Failure(sentence(committed.error(), "the directory"));
  return Report{text + "\nThe app password \"" + name + "\" of " + user->address +
                    " is above; it is not shown again. It is good for " + joined(names_of(made.scope)) + ".\n",
                {{"address", user->address}, {"name", name}, {"password", text}, {"scope", names_of(made.scope)}}};
}

Outcome<Report> list_app_passwords(const auth::Directory& directory, const std::string& address) {
  const auto user = directory.find_user(address);
  if (!user) return Failure(sentence_for_address(directory, user.error(), address));
  const auto all = directory.app_passwords(user->id);
  if (!all) return Failure(sentence(all.error(), address));
  Report report;
  report.json = nlohmann::json::array();
  for (const auto& known : *all) {
    const auto created = rfc5322_date(std::chrono::floor<std::chrono::seconds>(known.created));
    report.text += created + "  " + joined(names_of(known.scope)) + "  " + known.name + "\n";
    report.json.push_back({{"name", known.name}, {"scope", names_of(known.scope)}, {"created", created}});
  }
  return report;
}

Outcome<Report> delete_app_password(auth::Directory& directory, const std::string& address,
                                    const std::string& name) {
  const auto user = directory.find_user(address);
  if (!user) return Failure(sentence_for_address(directory, user.error(), address));
  auto change = directory.change();
  if (!change) return Failure(sentence(change.error(), "the directory"));
  if (auto deleted = change->delete_app_password(user->id, name); !deleted) {
    return Failure(said_of(deleted.error(), address, name));
  }
  if (auto committed = change->commit(); !committed) return Failure(sentence(committed.error(), "the directory"));
  return Report{"The app password \"" + name + "\" of " + user->address + " is worth nothing any more.\n",
                {{"address", user->address}, {"name", name}}};
}

}  // namespace posthaste::admin
