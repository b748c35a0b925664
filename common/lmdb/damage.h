// Which databases of this process hold what they cannot hold, for whoever tells the operator.
#pragma once

#include <filesystem>
#include <vector>

struct MDB_env;

namespace posthaste::lmdb {

/// Somebody read of `env` what nobody wrote. From any thread.
void note_damage(MDB_env* env) noexcept;

/// The folders of databases of which that was noted, each once in the life of the process.
[[nodiscard]] std::vector<std::filesystem::path> take_damaged();

}  // namespace posthaste::lmdb
