#include "common/reading/decoded_part.h"

#include <algorithm>

#include "common/reading/limits.h"

namespace posthaste::reading {

DecodedPart::DecodedPart(mime::Extent place, mime::TransferEncoding encoding, std::uint64_t offset,
                         std::uint64_t octets)
    : rest_(place), decoder_(encoding), skipped_(offset), wanted_(octets) {}

mime::Extent DecodedPart::next() const { return {rest_.offset, std::min(rest_.octets, kSliceOctets)}; }

std::string DecodedPart::feed(std::string_view slice) {
  rest_ = {rest_.offset + slice.size(), rest_.octets - slice.size()};
  std::string octets = decoder_.feed(slice);
  if (rest_.octets == 0) octets += decoder_.finish();
  const auto before = std::min<std::uint64_t>(skipped_, octets.size());
  skipped_ -= before;
  octets.erase(0, before);
  octets.resize(std::min<std::uint64_t>(wanted_, octets.size()));
  wanted_ -= octets.size();
  return octets;
}

}  // namespace posthaste::reading
