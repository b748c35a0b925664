#include "common/store/open_words.h"

#include <utility>

namespace posthaste::store {

std::string open_words(const OpenError& error) {
  const std::string what = "cannot open the store: " + error.text;
  switch (error.kind) {
    case OpenError::Kind::unavailable:
      return what +
             "; see that deliveryd runs, and only once, and that the store's folder belongs to the daemons' user; "
             "if "
             "the index is lost, \"posthaste stop\" and \"posthaste store rebuild\" make it again from the log";
    case OpenError::Kind::damaged:
      return what +
             "; \"posthaste store check\" tells more; if it is the index, \"posthaste stop\" and \"posthaste store "
             "rebuild\" make it again from the log; if it is the log, take it from a backup";
    case OpenError::Kind::full: return what + "; make room on its file system";
    case OpenError::Kind::io: return what + "; see the disk and the kernel's log, then \"posthaste store check\"";
  }
  std::unreachable();
}

}  // namespace posthaste::store
