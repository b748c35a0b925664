#include "smtpd/queue/open_words.h"

#include <utility>

namespace posthaste::queue {

std::string open_words(const OpenError& error) {
  const std::string what = "cannot open the queue: " + error.text;
  switch (error.kind) {
    case OpenError::Kind::unavailable:
      return what +
             "; see that no other smtpd runs, and that the queue's folder belongs to the daemons' user; if the "
             "index is "
             "lost, \"posthaste stop\" and \"posthaste queue rebuild\" make it again from the log";
    case OpenError::Kind::damaged:
      return what +
             "; \"posthaste queue check\" tells more; if it is the index, \"posthaste stop\" and \"posthaste queue "
             "rebuild\" make it again from the log; if it is the log, what it held is lost from there on";
    case OpenError::Kind::full: return what + "; make room on its file system";
    case OpenError::Kind::io: return what + "; see the disk and the kernel's log, then \"posthaste queue check\"";
  }
  std::unreachable();
}

}  // namespace posthaste::queue
