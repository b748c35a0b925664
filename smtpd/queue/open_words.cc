#include "smtpd/queue/open_words.h"

namespace posthaste::queue {

std::string open_words(const OpenError& error, WasRead was_read) {
  return posthaste::open_words(
      error,
      {"queue", "smtpd",
       "move the folder queue away and start: what waits in it is not sent then; what it holds can be read there"},
      was_read);
}

}  // namespace posthaste::queue
