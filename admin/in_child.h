// Work in a child process, for what may end its reader: a database in which a page was overwritten.
#pragma once

#include <functional>
#include <string>

#include "admin/installation.h"
#include "admin/report.h"
#include "common/config/config.h"

namespace posthaste::admin {

/// What a child reads: who is to blame when that ends it.
struct Read {
  std::string subject;  // "the store's index"
  std::string remedy;   // a clause: what helps
};

/// Of the directory.
[[nodiscard]] Read directory_read(const config::Config& config);

/// Runs `work` in a child, as the installation's user: root would follow links in that user's folders, and leave
/// files there that the daemons cannot open. A mapped file that is shorter than it says, or holds pages that nobody
/// wrote, ends its reader; here that is the child. Let `work` read what `read` names, and nothing else of that
/// kind. Errors: those of `work`; the reader's end, with what helps.
[[nodiscard]] Outcome<Report> in_child(const config::Config& config, const Read& read,
                                       const std::function<Outcome<Report>()>& work);

/// As JSON, whatever octets are in its texts: what is no UTF-8 is replaced.
[[nodiscard]] std::string to_text(const nlohmann::json& json, int indent);

}  // namespace posthaste::admin
