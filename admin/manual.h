// Man pages, from what the programs themselves go by: the command line, the table of keys, and a page for each
// daemon.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace posthaste::admin {

/// The pages there are: "posthaste", "posthaste.toml", and the four daemons.
[[nodiscard]] std::vector<std::string> manual_pages();

/// One of them, as man(7) has it, for `man -l -`. `app` is the whole command line. Nothing for a page there is not.
[[nodiscard]] std::optional<std::string> manual(std::string_view page, const CLI::App& app);

}  // namespace posthaste::admin
