#include "admin/names.h"

#include <algorithm>
#include <utility>

#include "common/base/octets.h"

namespace posthaste::admin {
namespace {

/// Runs one step as a change of its own, and reports it.
template <typename Step>
Outcome<Report> change_one(auth::Directory& directory, const std::string& subject, const char* done, Step step) {
  auto change = directory.change();
  if (!change) return Failure(sentence(change.error(), subject));
  const std::expected<void, auth::DirectoryError> stepped = step(*change);
  if (!stepped) return Failure(sentence(stepped.error(), subject));
  if (auto committed = change->commit(); !committed) return Failure(sentence(committed.error(), subject));
  return Report{std::string{done} + " " + subject + ".\n", {{"name", subject}}};
}

}  // namespace

Outcome<Report> add_domain(auth::Directory& directory, const std::string& domain) {
  return change_one(directory, domain, "Added", [&](auth::Change& change) { return change.add_domain(domain); });
}

Outcome<Report> list_domains(const auth::Directory& directory) {
  const auto domains = directory.list_domains();
  if (!domains) return Failure(sentence(domains.error(), "the directory"));
  Report report;
  report.json = *domains;
  for (const auto& domain : *domains) report.text += domain + "\n";
  return report;
}

Outcome<Report> delete_domain(auth::Directory& directory, const std::string& domain) {
  const auto aliases = directory.list_aliases();
  if (!aliases) return Failure(sentence(aliases.error(), "the directory"));
  auto deleted =
      change_one(directory, domain, "Deleted", [&](auth::Change& change) { return change.delete_domain(domain); });
  if (!deleted) return deleted;
  deleted->json["aliases_deleted"] = nlohmann::json::array();
  const std::string ending = "@" + lower(domain);
  for (const auto& alias : *aliases) {
    if (lower(alias.address).ends_with(ending)) {
      const bool is_catch_all = alias.address.starts_with('@');
      deleted->text +=
          "Its alias " + alias.address + (is_catch_all ? ", the catch-all, is gone, too.\n" : " is gone, too.\n");
      deleted->json["aliases_deleted"].push_back(alias.address);
    } else if (std::ranges::any_of(alias.targets,
                                   [&](const auto& target) { return lower(target).ends_with(ending); })) {
      deleted->text += alias.address + " still leads there: see \"posthaste alias list\".\n";
    }
  }
  return deleted;
}

Outcome<Report> add_alias(auth::Directory& directory, const std::string& address,
                          const std::vector<std::string>& targets) {
  return change_one(directory, address, "Set",
                    [&](auth::Change& change) { return change.set_alias({address, targets}); });
}

Outcome<Report> list_aliases(const auth::Directory& directory) {
  const auto aliases = directory.list_aliases();
  if (!aliases) return Failure(sentence(aliases.error(), "the directory"));
  Report report;
  report.json = nlohmann::json::array();
  for (const auto& alias : *aliases) {
    report.json.push_back({{"address", alias.address}, {"targets", alias.targets}});
    report.text += alias.address;
    for (const auto& target : alias.targets) report.text += " " + target;
    report.text += "\n";
  }
  return report;
}

Outcome<Report> delete_alias(auth::Directory& directory, const std::string& address) {
  return change_one(directory, address, "Deleted",
                    [&](auth::Change& change) { return change.delete_alias(address); });
}

}  // namespace posthaste::admin
