#include "common/store/open_words.h"

namespace posthaste::store {

std::string open_words(const OpenError& error, WasRead was_read) {
  return posthaste::open_words(
      error,
      {"store", "deliveryd",
       "take the folder store from a backup; where a message is named, \"posthaste start\" "
       "may serve all others: expunge it by IMAP, and rebuild"},
      was_read);
}

}  // namespace posthaste::store
