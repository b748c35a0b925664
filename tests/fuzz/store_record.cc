// Any octets as a record's body and as a segment: nothing wrong is taken, and what is taken encodes as it was.
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

#include "common/journal/log.h"
#include "common/store/record.h"

namespace {

namespace journal = posthaste::journal;
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

void check_segment(std::string_view input) {
  const auto header = journal::decode_segment_header(store::kSegmentMagic, input);
  const std::uint64_t start = header ? journal::kSegmentHeaderOctets : 0;
  const std::uint64_t sequence = header ? header->first_sequence : 1;
  std::uint64_t records = 0;
  std::uint64_t end = start;
  const auto apply = [&](std::span<const journal::ScannedRecord> scanned) {
    records += scanned.size();
    end = scanned.back().body_offset + scanned.back().body.size();
    for (const auto& one : scanned)
      static_cast<void>(store::decode_body(static_cast<store::RecordType>(one.header.type), one.body));
    return true;
  };
  const auto result = journal::scan_records(input, start, sequence, apply);
  if (result.offset != end || result.sequence != sequence + records || end > input.size()) std::abort();
  if (result.end == journal::ScanEnd::clean && end != input.size()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  check_body(input);
  check_segment(input);
  static_cast<void>(store::decode_summary(input));
  static_cast<void>(store::decode_result(input));
  static_cast<void>(store::decode_uids(input));
  return 0;
}
