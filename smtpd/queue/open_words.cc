#include "smtpd/queue/open_words.h"

namespace posthaste::queue {

std::string open_words(const OpenError& error, WasRead was_read) {
  return posthaste::open_words(error,
                               {"queue", "smtpd",
                                "move the folder queue away; \"posthaste queue begin-empty\" lets the next start "
                                "make an empty one: what waits "
                                "in the old one is not sent then, and can be read there"},
                               was_read);
}

}  // namespace posthaste::queue
