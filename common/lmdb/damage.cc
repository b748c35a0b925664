#include "common/lmdb/damage.h"

#include <lmdb.h>

#include <mutex>
#include <set>
#include <string>
#include <utility>

namespace posthaste::lmdb {
namespace {

struct Noted {
  std::mutex mutex;
  std::set<std::string> all;
  std::vector<std::filesystem::path> untold;
};

Noted& noted() {
  static Noted noted;
  return noted;
}

}  // namespace

void note_damage(MDB_env* env) noexcept {
  const char* path = nullptr;
  if (mdb_env_get_path(env, &path) != 0 || path == nullptr) return;
  Noted& known = noted();
  const std::scoped_lock lock(known.mutex);
  if (known.all.insert(path).second) known.untold.emplace_back(path);
}

std::vector<std::filesystem::path> take_damaged() {
  Noted& known = noted();
  const std::scoped_lock lock(known.mutex);
  return std::exchange(known.untold, {});
}

}  // namespace posthaste::lmdb
