// Any text as an EMAILID: what is taken is what we would say, and what we say is taken.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "common/mailbox/email_ids.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using posthaste::BlobId;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const posthaste::mailbox::ObjectKey key{{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}};
  const posthaste::mailbox::EmailIds ids(key, posthaste::UserId{0x7766554433221100});
  const auto blob = ids.blob_of(input);
  if (blob && ids.id_of(*blob) != input) std::abort();
  std::uint64_t number = 0;
  std::memcpy(&number, data, size < sizeof number ? size : sizeof number);
  if (ids.blob_of(ids.id_of(BlobId{number})) != BlobId{number}) std::abort();
  return 0;
}
