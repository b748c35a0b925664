// `posthaste init`: a working installation in a new folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "admin/installation.h"
#include "admin/report.h"

namespace posthaste::admin {

struct InitOptions {
  std::filesystem::path folder;
  std::string domain;
  std::string hostname;                // empty: mail.DOMAIN
  std::vector<std::string> addresses;  // empty: all
  std::uint16_t port_base = 0;
  std::string user;  // the system user of the daemons, for root; empty: "posthaste" when it can be
};

/// Makes the folder with configuration, directory, store, self-signed certificate and the domain. Run by root, what
/// root obeys or opens is root's, and the rest belongs to the user that the daemons will run as. Refused when an
/// installation is there already; nothing is changed then.
[[nodiscard]] Outcome<Report> init(const InitOptions& options);

}  // namespace posthaste::admin
