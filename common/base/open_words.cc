#include "common/base/open_words.h"

#include <pwd.h>
#include <unistd.h>

#include <utility>

namespace posthaste {

std::string open_words(const OpenError& error, const LogName& log, WasRead was_read) {
  const std::string what = "cannot open the " + log.name + ": " + error.text;
  const std::string command = "\"posthaste " + log.name;
  switch (error.kind) {
    case OpenError::Kind::absent:
      return what + "; " + log.writer +
             " makes it when it starts (\"posthaste start\"), a lost one from the log, as " + command +
             " rebuild\" does";
    case OpenError::Kind::denied:
      return what + "; this runs as the user " + own_user_name() + ": the folder " + log.name +
             " and all in it must belong to that user (\"chown -R " + own_user_name() + ": DIR/" + log.name + "\")";
    case OpenError::Kind::unavailable:
      return what + "; see that " + log.writer + " runs only once, and no rebuild beside it";
    case OpenError::Kind::damaged:
      return what + "; the index is damaged: \"posthaste stop\" and " + command +
             " rebuild\" make it again from the log";
    case OpenError::Kind::log_damaged:
      if (was_read == WasRead::log_alone) return what + "; the log itself is damaged: " + log.remedy;
      return what + "; the log and the index do not fit together: \"posthaste stop\" and " + command +
             " rebuild\" make the index again from all that the log holds, and change nothing when that is damaged";
    case OpenError::Kind::full: return what + "; make room on its file system";
    case OpenError::Kind::io: return what + "; see the disk and the kernel's log, then " + command + " check\"";
  }
  std::unreachable();
}

std::string own_user_name() {
  const passwd* entry = getpwuid(geteuid());
  return entry != nullptr ? entry->pw_name : std::to_string(geteuid());
}

}  // namespace posthaste
