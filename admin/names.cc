#include "admin/names.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <variant>

#include "common/auth/address.h"
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
  if (!auth::parse_domain(domain)) return Failure(domain + " is not a domain name, like example.org");
  auto added =
      change_one(directory, domain, "Added", [&](auth::Change& change) { return change.add_domain(domain); });
  if (!added) return added;
  const std::string postmaster = auth::fold_address("postmaster@" + domain);
  const auto resolution = directory.resolve(postmaster);
  if (resolution && std::holds_alternative<auth::UnknownUser>(*resolution)) {
    added->text += "Nobody gets the mail to " + postmaster + " yet: add a user, or \"posthaste alias add " +
                   postmaster + " ADDRESS\".\n";
  }
  return added;
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
  if (!auth::parse_domain(domain)) return Failure(domain + " is not a domain name, like example.org");
  auto deleted =
      change_one(directory, domain, "Deleted", [&](auth::Change& change) { return change.delete_domain(domain); });
  if (!deleted) return deleted;
  deleted->json["aliases_deleted"] = nlohmann::json::array();
  const std::string ending = auth::fold_address("@" + domain);
  for (const auto& alias : *aliases) {
    if (auth::fold_address(alias.address).ends_with(ending)) {
      const bool is_catch_all = alias.address.starts_with('@');
      deleted->text +=
          "Its alias " + alias.address + (is_catch_all ? ", the catch-all, is gone, too.\n" : " is gone, too.\n");
      deleted->json["aliases_deleted"].push_back(alias.address);
    } else if (std::ranges::any_of(alias.targets, [&](const auto& target) {
                 return auth::fold_address(target).ends_with(ending);
               })) {
      deleted->text += alias.address + " still leads there: see \"posthaste alias list\".\n";
    }
  }
  return deleted;
}

namespace {

std::string list_of(const std::vector<std::string>& addresses) {
  std::string text;
  for (const auto& address : addresses) text += (text.empty() ? "" : " ") + address;
  return text;
}

std::vector<std::string> all_folded(const std::vector<std::string>& addresses) {
  std::vector<std::string> folded;
  for (const auto& address : addresses) folded.push_back(auth::fold_address(address));
  return folded;
}

/// In their order, each once, whatever its spelling.
std::vector<std::string> without_repetitions(const std::vector<std::string>& addresses) {
  std::vector<std::string> once;
  for (const auto& address : addresses) {
    const auto is_it = [&address](const auto& each) {
      return auth::fold_address(each) == auth::fold_address(address);
    };
    if (std::ranges::none_of(once, is_it)) once.push_back(address);
  }
  return once;
}

std::string sentence_for_target(const auth::Directory& directory, const std::string& target) {
  if (target.find('@') != std::string::npos) return target + " is not an address that mail can go to";
  return sentence_for_address(directory, auth::DirectoryError::bad_address, target);
}

/// By the addresses, folded.
using AliasMap = std::map<std::string, std::vector<std::string>>;

/// The alias by which mail to an address goes: its own, or the catch-all. Nothing for a user, and for whom is none.
Outcome<std::optional<std::string>> alias_of(const auth::Directory& directory, const AliasMap& aliases,
                                             const std::string& address) {
  const auto user = directory.find_user(address);
  if (user) return std::nullopt;
  if (user.error() != auth::DirectoryError::not_found) return Failure(sentence(user.error(), address));
  for (const auto& key : {address, address.substr(std::min(address.find('@'), address.size()))}) {
    if (aliases.contains(key)) return key;
  }
  return std::nullopt;
}

/// Follows an alias step by step. Errors: it leads back to itself, or deeper than aliases may.
Outcome<void> expect_an_end(const auth::Directory& directory, const AliasMap& aliases, const std::string& address) {
  std::set<std::string> seen;
  std::vector<std::string> waiting = aliases.at(address);
  for (std::size_t depth = 1; !waiting.empty(); ++depth) {
    std::vector<std::string> further;
    for (const auto& at : waiting) {
      const auto alias = alias_of(directory, aliases, at);
      if (!alias) return Failure(alias.error());
      const std::optional<std::string> key = *alias;
      if (!key) continue;
      if (*key == address) return Failure(address + " would lead back to itself; nothing was changed");
      const auto& next = aliases.at(*key);
      if (seen.insert(*key).second) further.insert(further.end(), next.begin(), next.end());
    }
    if (!further.empty() && depth >= auth::kAliasDepthMax) {
      return Failure(address + " would lead over more than " + std::to_string(auth::kAliasDepthMax) +
                     " aliases; nothing was changed");
    }
    waiting = std::move(further);
  }
  return {};
}

/// Those of ours that mail can't come to.
std::vector<std::string> nobodies(const auth::Directory& directory, const std::vector<std::string>& targets) {
  std::vector<std::string> unknown;
  for (const auto& target : targets) {
    const auto resolution = directory.resolve(target);
    if (resolution && std::holds_alternative<auth::UnknownUser>(*resolution)) unknown.push_back(target);
  }
  return unknown;
}

}  // namespace

Outcome<Report> add_alias(auth::Directory& directory, const std::string& address,
                          const std::vector<std::string>& all_targets, Present present) {
  for (const auto& target : all_targets) {
    if (auth::parse_address(target)) continue;
    return Failure(sentence_for_target(directory, target) + "; nothing was changed");
  }
  const std::vector<std::string> targets = without_repetitions(all_targets);
  auto change = directory.change();  // from here on nobody else makes an alias
  if (!change) return Failure(sentence(change.error(), address));
  const auto aliases = directory.list_aliases();
  if (!aliases) return Failure(sentence(aliases.error(), "the directory"));
  AliasMap all;
  for (const auto& alias : *aliases) all.emplace(auth::fold_address(alias.address), all_folded(alias.targets));
  const std::vector<std::string> former = std::exchange(all[auth::fold_address(address)], all_folded(targets));
  const bool leads_elsewhere = !former.empty() && former != all[auth::fold_address(address)];
  if (leads_elsewhere && present == Present::refused) {
    return Failure(address + " is an alias already, to " + list_of(former) +
                   ": name all its targets and --replace; nothing was changed");
  }
  if (const auto set = change->set_alias({address, targets}); !set) {
    if (set.error() == auth::DirectoryError::exists) {
      return Failure(address + " is a user; an alias can't have a user's address");
    }
    return Failure(sentence_for_address(directory, set.error(), address));
  }
  if (const auto ends = expect_an_end(directory, all, auth::fold_address(address)); !ends)
    return Failure(ends.error());
  if (auto committed = change->commit(); !committed) return Failure(sentence(committed.error(), address));
  const auto unknown = nobodies(directory, targets);
  Report report{"Set " + address + ".\n", {{"name", address}, {"unknown", unknown}}};
  if (leads_elsewhere) report.text += "It led to " + list_of(former) + ".\n";
  for (const auto& target : unknown) {
    const auto leads = all.find(auth::fold_address(target));
    const bool is_alias = leads != all.end() && !leads->second.empty();
    report.text += target +
                   (is_alias ? " leads to " + list_of(leads->second) + ", where nobody is" : " is nobody here") +
                   ": mail to it is refused until there is such a user or alias.\n";
  }
  return report;
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
  if (address.find('@') == std::string::npos) {
    return Failure(sentence_for_address(directory, auth::DirectoryError::bad_address, address));
  }
  auto deleted =
      change_one(directory, address, "Deleted", [&](auth::Change& change) { return change.delete_alias(address); });
  if (!deleted) return deleted;
  const auto resolution = directory.resolve(address);
  const bool is_nobody = resolution && std::holds_alternative<auth::UnknownUser>(*resolution);
  if (is_nobody && lower(address).starts_with("postmaster@")) {
    deleted->text += "Nobody gets the mail to " + address +
                     " now, which every domain must take (RFC 5321): \"posthaste alias add " + address +
                     " ADDRESS\" gives it to somebody.\n";
  }
  const auto aliases = directory.list_aliases();
  for (const auto& alias : aliases.value_or(std::vector<auth::Alias>{})) {
    const auto is_it = [&](const auto& target) { return iequals(target, address); };
    if (!is_nobody || std::ranges::none_of(alias.targets, is_it)) continue;
    deleted->text += alias.address + " still leads there, where nobody is.\n";
  }
  return deleted;
}

}  // namespace posthaste::admin
