// Any octets as a record's body: nothing wrong is taken, and what is taken encodes as it was.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "common/store/record.h"

namespace {

namespace store = posthaste::store;

void check_body(std::string_view input) {
  if (input.empty()) return;
  const auto type = static_cast<store::RecordType>(input.front());
  const auto record = store::decode_body(type, input.substr(1));
  if (!record) return;
  std::string body;
  store::encode_body(*record, body);
  if (store::type_of(*record) != type || body != input.substr(1)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  check_body(input);
  static_cast<void>(store::decode_summary(input));
  static_cast<void>(store::decode_result(input));
  static_cast<void>(store::decode_uids(input));
  return 0;
}
