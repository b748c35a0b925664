#include "admin/surroundings.h"

#include <chrono>
#include <cstdint>
#include <filesystem>

#include "common/config/layout.h"
#include "common/daemon/disk_space.h"

namespace posthaste::admin {
namespace {

namespace fs = std::filesystem;

/// "6.2 MB", "900 KB": near enough for eyes.
std::string octets_in_words(std::uint64_t octets) {
  constexpr std::uint64_t kKilo = 1'000;
  constexpr std::uint64_t kMega = 1'000'000;
  if (octets < kMega) return std::to_string(octets / kKilo) + " KB";
  const std::uint64_t tenths = octets / (kMega / 10);
  if (tenths >= 1'000) return std::to_string(tenths / 10) + " MB";
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " MB";
}

std::string date_of(WallTime time) {
  const std::chrono::year_month_day date{std::chrono::floor<std::chrono::days>(time)};
  const auto two = [](unsigned number) { return (number < 10 ? "0" : "") + std::to_string(number); };
  return std::to_string(static_cast<int>(date.year())) + "-" + two(static_cast<unsigned>(date.month())) + "-" +
         two(static_cast<unsigned>(date.day()));
}

}  // namespace

Report look_at_disks(const config::Config& config) {
  Report report;
  const struct {
    const char* name;
    fs::path folder;
    const char* what;
  } kDisks[] = {{"store", config.paths.store, "New mail is refused"},
                {"queue", config.paths.queue, "New mail to other hosts is refused"},
                {"spool", config::spool_folder(config), "New mail above 256 KB is refused"}};
  for (const auto& [name, folder, what] : kDisks) {
    const auto space = daemon::disk_space(folder, config);
    if (!space) continue;  // not made yet; whoever needs it says more
    report.json[name] = {{"free", space->free}, {"reserve", space->reserve}, {"full", space->is_short()}};
    if (!space->is_short()) continue;
    report.success = false;
    report.text += std::string{what} + ": " + octets_in_words(space->free) + " are free in " + folder.string() +
                   ", " + octets_in_words(space->reserve) + " must stay (store.disk_reserve_octets)\n";
  }
  return report;
}

std::string expiry_words(const daemon::Certificates::Expiry& expiry, WallTime now) {
  const std::string file = "The certificate " + expiry.certificate.string();
  if (expiry.at <= now) return file + " ended on " + date_of(expiry.at) + ": clients refuse it; renew it\n";
  if (expiry.at - now > daemon::kExpiryWarning) return "";
  return file + " ends on " + date_of(expiry.at) + ": renew it\n";
}

Report look_at_certificates(const config::Config& config) {
  Report report;
  report.json = nlohmann::json::array();
  const auto fault = [&report](const std::string& reason) {
    report.success = false;
    report.text += reason + "\n";
    report.json.push_back({{"fault", reason}});
  };
  const auto certificates = daemon::Certificates::load(config.paths.certificate, config.paths.private_key, fault);
  if (!certificates) {
    fault(certificates.error());
    return report;
  }
  const WallTime now = wall_clock();
  for (const auto& expiry : (*certificates)->expiries()) {
    if (expiry.at <= now) {
      std::string words = expiry_words(expiry, now);
      words.pop_back();
      fault(words);
      continue;
    }
    report.text += expiry_words(expiry, now);
    report.json.push_back(
        {{"file", expiry.certificate.string()},
         {"ends", std::chrono::floor<std::chrono::seconds>(expiry.at.time_since_epoch()).count()}});
  }
  return report;
}

}  // namespace posthaste::admin
