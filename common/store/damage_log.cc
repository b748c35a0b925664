#include "common/store/damage_log.h"

#include <string>

namespace posthaste::store {

void log_damage(Store& store, const log::Log& log) {
  store.on_damage([&log](const Damage& damage) {
    std::string users;
    for (const UserId user : damage.users) {
      if (!users.empty()) users += ',';
      users += std::to_string(number(user));
    }
    const BlobLocation& place = damage.location;
    log.error("store.blob.damaged", {{"blob", number(place.blob)},
                                     {"segment", place.segment},
                                     {"offset", place.offset},
                                     {"octets", place.octets},
                                     {"users", users}});
  });
}

}  // namespace posthaste::store
