#include "admin/config_check.h"

#include <optional>
#include <string>
#include <vector>

#include "admin/index.h"
#include "admin/queue.h"
#include "admin/store.h"
#include "common/daemon/certificates.h"
#include "common/daemon/privileges.h"

namespace posthaste::admin {
namespace {

constexpr std::uint32_t kRoot = 0;

/// What is wrong with whom the daemons will be.
std::optional<std::string> wrong_user(const config::Config& config) {
  const auto owner = daemon::child_of_root(config);
  if (!owner) return owner.error();
  const std::optional<Owner> child = *owner;
  const bool is_root = config.user == "root" || (child && child->user == kRoot);
  if (!is_root) return std::nullopt;
  return "the daemons would run as root: make a system user (useradd --system posthaste), give it directory, "
         "store, "
         "queue and spool, and set user = \"posthaste\"";
}

std::vector<std::string> wrong_files(const config::Config& config) {
  std::vector<std::string> wrong;
  const auto skipped = [&wrong](const std::string& reason) { wrong.push_back(reason); };
  const auto certificates = daemon::Certificates::load(config.paths.certificate, config.paths.private_key, skipped);
  if (!certificates) wrong.push_back(certificates.error());
  if (const auto there = expect_directory(config); !there) wrong.push_back(there.error());
  for (const IndexedLog& log : {store_of(config), queue_of(config)}) {
    if (const auto seen = is_new(log); !seen) wrong.push_back(seen.error());
  }
  return wrong;
}

}  // namespace

Outcome<Report> check_config(const std::filesystem::path& file, const config::Config& config) {
  std::vector<std::string> wrong;
  if (const auto user = wrong_user(config)) wrong.push_back(*user);
  if (const auto become = become_the_daemons_user(config); !become) return Failure(become.error());
  for (auto& each : wrong_files(config)) wrong.push_back(std::move(each));
  Report report;
  report.success = wrong.empty();
  report.json = {{"file", file.string()}, {"errors", wrong}};
  for (const auto& each : wrong) report.text += each + "\n";
  if (report.success) report.text = file.string() + " is right.\n";
  return report;
}

}  // namespace posthaste::admin
