// What can be told of a database from its files.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>

struct MDB_env;

namespace posthaste::lmdb {

/// Whether the file of an open environment lacks octets that it says it holds: whoever reads them, in the map, dies
/// of SIGBUS. Asked before a table is opened. LMDB never writes a page that it frees in the transaction that took
/// it, so a sound file may be too short by free pages; where any are missing, a child process looks whether all
/// are.
[[nodiscard]] bool is_cut_short(MDB_env* env);

/// A process that has the environment in `directory` open, this one aside. Nothing when there is none, or no
/// environment.
[[nodiscard]] std::optional<pid_t> process_using(const std::filesystem::path& directory);

}  // namespace posthaste::lmdb
