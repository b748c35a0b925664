// Any octets as a segment, and as a message in a group that was cut short: a scan takes whole applies and nothing
// else, and no message makes damage of a torn end.
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

#include "common/base/crc32c.h"
#include "common/journal/log_buffer.h"
#include "common/journal/scan.h"

namespace {

namespace journal = posthaste::journal;

/// With bodies spared a scan comes as far as without, or farther, and every sound record has its checksum.
void check_spared(std::string_view input, const journal::Framing& framing, std::uint64_t start,
                  std::uint64_t sequence, const journal::ScanResult& strict) {
  bool any_spared = false;
  const auto apply = [&](std::span<const journal::ScannedRecord> scanned) {
    for (const auto& record : scanned) {
      if (record.is_sound != (posthaste::crc32c(record.body) == record.header.body_crc)) std::abort();
      any_spared = any_spared || !record.is_sound;
    }
    return true;
  };
  const auto spare_all = [](const journal::RecordHeader&) { return true; };
  const auto spared = journal::scan_records(input, framing, start, sequence, apply, spare_all);
  if (spared.offset < strict.offset || spared.sequence < strict.sequence) std::abort();
  if (!any_spared && spared.offset != strict.offset) std::abort();
  if (any_spared && (framing.format == 1 || strict.end != journal::ScanEnd::damaged)) std::abort();
}

void check_segment(std::string_view input) {
  const auto header = journal::decode_segment_header(input);
  const std::uint64_t start = header ? header->octets() : 0;
  const std::uint64_t sequence = header ? header->first_sequence : 1;
  const journal::Framing framing = header ? header->framing : journal::Framing{};
  std::uint64_t records = 0;
  std::uint64_t end = start;
  const auto apply = [&](std::span<const journal::ScannedRecord> scanned) {
    records += scanned.size();
    end = scanned.back().body_offset + scanned.back().body.size();
    return true;
  };
  const auto result = journal::scan_records(input, framing, start, sequence, apply);
  if (result.offset != end || result.sequence != sequence + records || end > input.size()) std::abort();
  if (result.end == journal::ScanEnd::clean && end != input.size()) std::abort();
  check_spared(input, framing, start, sequence, result);
  if (!header) return;
  std::string again;
  journal::SegmentMagic magic;
  input.copy(magic.data(), magic.size());
  journal::encode_segment_header(magic, *header, again);
  if (again != input.substr(0, again.size())) std::abort();
}

/// A group that was synced, and one of a message and a link that was cut at a place that the message does not know;
/// nor does it know the secret.
void check_message(std::string_view message) {
  const std::uint64_t crc = posthaste::crc32c(message, 0x5EC4E7);
  journal::LogBuffer buffer;
  const auto add = [&buffer](std::string_view body) {
    buffer.add(1, [body](std::string& out) { out.append(body); });
  };
  const journal::Framing framing = journal::framing_of(crc << 32 | (crc * 0x9E37'79B9 & 0xFFFF'FFFF));
  buffer.restart({1, 0, 1}, framing);
  add("synced");
  buffer.end_apply();
  buffer.end_group();
  std::string segment(buffer.octets());
  const std::size_t synced = segment.size();
  buffer.restart({1, synced, 2}, framing);
  add(message);
  add("link");
  buffer.end_apply();
  buffer.end_group();
  segment += buffer.octets();
  segment.resize(synced + 1 + crc % (segment.size() - synced - 1));
  const auto apply = [](std::span<const journal::ScannedRecord>) { return true; };
  const auto result = journal::scan_records(segment, framing, 0, 1, apply);
  if (result.end != journal::ScanEnd::torn || result.offset != synced) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  check_segment(input);
  check_message(input);
  return 0;
}
