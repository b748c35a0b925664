#include "common/store/open_words.h"

#include "common/base/open_words.h"

namespace posthaste::store {

std::string open_words(const OpenError& error) {
  return posthaste::open_words(error, {"store", "deliveryd", "take the folder store from a backup"});
}

}  // namespace posthaste::store
