// Whether a database can be read at all, whatever its rows mean.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

namespace posthaste::lmdb {

/// Walks the tables of the database in `directory`, row by row, for `most` at the longest, and compares how many
/// rows there are with how many it counts. What is wrong, a clause for the operator; nothing when nothing was
/// found, or when there is no database. A page that was overwritten may end the process with a signal: call it in a
/// child, in a process that has the database open nowhere else.
[[nodiscard]] std::optional<std::string> look_through(const std::filesystem::path& directory,
                                                      std::chrono::milliseconds most);

}  // namespace posthaste::lmdb
