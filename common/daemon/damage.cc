#include "common/daemon/damage.h"

#include <filesystem>

#include "common/lmdb/damage.h"

namespace posthaste::daemon {

void tell_of_damage(const log::Log& log, const config::Config& config) {
  for (const std::filesystem::path& database : lmdb::take_damaged()) {
    const std::string file = (database / "data.mdb").string();
    if (database == config.paths.directory) {
      log.error("directory.damaged",
                {{"file", file},
                 {"reason",
                  "a row or page holds what nobody wrote: posthaste directory check tells more; "
                  "restore the directory from a backup"}});
    } else if (database == config.paths.store / "index") {
      log.error("store.index.damaged",
                {{"file", file},
                 {"reason",
                  "a row or page holds what nobody wrote: posthaste store check tells more; run "
                  "posthaste stop, then posthaste store rebuild"}});
    } else if (database == config.paths.queue / "index") {
      log.error("queue.index.damaged",
                {{"file", file},
                 {"reason",
                  "a row or page holds what nobody wrote: posthaste queue check tells more; run "
                  "posthaste stop, then posthaste queue rebuild"}});
    }
  }
}

}  // namespace posthaste::daemon
